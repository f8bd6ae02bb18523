"""Memory of idle client connections."""

import os
import resource
import socket
import time

from cpu import SMALL, migration, nginx_proxy
from processes import Bed, free_port, origin, resident_bytes
from report import ratio_row

COUNT = 10_000


def open_idle(port, count):
    """Connections that have made one request and stay: what a browser leaves behind."""
    connections = []
    for i in range(count):
        connection = socket.create_connection(("127.0.0.1", port))
        connection.sendall(b"GET / HTTP/1.1\r\nHost: bench\r\n\r\n")
        connections.append(connection)
        if len(connections) % 50 == 0:
            for waiting in connections[-50:]:
                waiting.recv(65536)
    return connections


def bytes_each(pid, port):
    """Growth of the process by COUNT idle connections, each. What is freed stays with the process,
    so a process is measured once."""
    for connection in open_idle(port, 100):
        connection.close()
    time.sleep(0.2)
    before = resident_bytes(pid)
    connections = open_idle(port, COUNT)
    time.sleep(0.5)
    grown = resident_bytes(pid) - before
    for connection in connections:
        connection.close()
    return grown / COUNT


def idle_rows(options):
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < COUNT + 1000:
        raise RuntimeError(f"{COUNT} connections need a limit of descriptors above {hard}: ulimit -Hn")
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    binary = os.path.join(options.build, "src/app/understudy")
    pairs = []
    for _ in range(options.rounds):
        with Bed() as bed:
            control, peer_port = free_port(), free_port()
            bed.nginx("origin", origin(control, SMALL))
            peer_pid = bed.nginx("peer", nginx_proxy(peer_port, control, "off"))
            process, port, _ = bed.understudy(binary, migration(control, control, "control_only"), "off")
            pairs.append((bytes_each(process.pid, port) / 1024, bytes_each(peer_pid, peer_port) / 1024))
    row = ratio_row("memory of an idle client connection (10,000)", "KiB", "nginx proxy_pass", pairs, None)
    row.budget, row.met = 16, row.value <= 16
    print(f"   {row.name}: {row.value} KiB, nginx {row.peer_value} KiB", flush=True)
    return [row]
