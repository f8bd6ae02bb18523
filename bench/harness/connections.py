"""Memory of idle client connections."""

import os
import resource
import socket
import time

from cpu import SMALL, migration, nginx_proxy
from processes import Bed, free_port, origin, resident_bytes
from report import Row

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


def idle_rows(options):
    resource.setrlimit(resource.RLIMIT_NOFILE, (50_000, max(50_000, resource.getrlimit(resource.RLIMIT_NOFILE)[1])))
    binary = os.path.join(options.build, "src/app/understudy")
    with Bed() as bed:
        control, peer_port = free_port(), free_port()
        bed.nginx("origin", origin(control, SMALL))
        peer_pid = bed.nginx("peer", nginx_proxy(peer_port, control, "off"))
        process, port, _ = bed.understudy(binary, migration(control, control, "control_only"), "off")
        bytes_each = {}
        for name, pid, at in (("ours", process.pid, port), ("nginx", peer_pid, peer_port)):
            for connection in open_idle(at, 100):
                connection.close()
            time.sleep(0.2)
            before = resident_bytes(pid)
            connections = open_idle(at, COUNT)
            time.sleep(0.5)
            bytes_each[name] = (resident_bytes(pid) - before) / COUNT
            for connection in connections:
                connection.close()
        ours, theirs = bytes_each["ours"] / 1024, bytes_each["nginx"] / 1024
        row = Row("memory of an idle client connection (10,000)", round(ours, 2), "KiB", "nginx proxy_pass",
                  round(theirs, 2), round(ours / theirs, 3), 16, ours <= 16)
        print(f"   {row.name}: {row.value} KiB, nginx {row.peer_value} KiB", flush=True)
        return [row]
