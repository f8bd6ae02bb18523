"""From the start of the process to the first served request."""

import os
import socket
import statistics
import subprocess
import time

from cpu import SMALL, migration, nginx_proxy
from processes import Bed, free_port, origin
from report import Row


def first_answer_ms(command, port, log):
    begin = time.monotonic()
    process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        while time.monotonic() - begin < 10:
            try:
                with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
                    connection.sendall(b"GET / HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n")
                    if connection.recv(100).startswith(b"HTTP/1.1 200"):
                        return (time.monotonic() - begin) * 1000
            except OSError:
                time.sleep(0.001)
        raise RuntimeError("no answer within 10 s")
    finally:
        process.terminate()
        process.wait()


def start_rows(options):
    binary = os.path.join(options.build, "src/app/understudy")
    with Bed() as bed:
        control, port, peer_port = free_port(), free_port(), free_port()
        bed.nginx("origin", origin(control, SMALL))
        config = bed.path("start.yaml")
        with open(config, "w") as file:
            file.write(f"data_dir: {bed.path('data')}\nadmin: {{ listen: \"127.0.0.1:{free_port()}\" }}\n"
                       f"migrations:\n  - name: bench\n    listen: \"127.0.0.1:{port}\"\n"
                       + migration(control, control, "control_only"))
        os.makedirs(bed.path("peer"))
        peer_config = bed.path("peer/nginx.conf")
        with open(peer_config, "w") as file:
            file.write(f"worker_processes 1; daemon off; pid {bed.path('peer')}/pid; error_log stderr crit;\n"
                       f"events {{}} http {{ {nginx_proxy(peer_port, control, 'off')} }}\n")
        ours, theirs = [], []
        with open(bed.path("start.log"), "w") as log:
            for _ in range(max(options.rounds, 5)):
                ours.append(first_answer_ms([binary, "serve", "-c", config], port, log))
                theirs.append(first_answer_ms(["nginx", "-p", bed.path("peer"), "-c", peer_config], peer_port, log))
        mine = statistics.median(ours)
        row = Row("start to first served request", round(mine, 1), "ms", "nginx proxy_pass",
                  round(statistics.median(theirs), 1), None, 200, mine <= 200)
        print(f"   {row.name}: {row.value} ms, nginx {row.peer_value} ms", flush=True)
        return [row]
