"""Servers of a benchmark: started on free ports, measured by their CPU time, always stopped."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request

CLOCK_TICKS = os.sysconf("SC_CLK_TCK")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for_port(port, seconds=10):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.005)
    raise RuntimeError(f"nothing listens on port {port} after {seconds} s")


def cpu_seconds(pid):
    """User and system time of all threads of a process, in seconds, to the nanosecond where the
    kernel gives it (schedstat counts what stat rounds to 10 ms)."""
    total_ns = 0
    for task in os.listdir(f"/proc/{pid}/task"):
        try:
            with open(f"/proc/{pid}/task/{task}/schedstat") as file:
                total_ns += int(file.read().split()[0])
        except FileNotFoundError:
            pass
    return total_ns / 1e9


def resident_bytes(pid):
    with open(f"/proc/{pid}/status") as file:
        for line in file:
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
    raise RuntimeError("no VmRSS")


class Bed:
    """A folder and the servers in it; everything is gone at the end of the `with` block."""

    def __enter__(self):
        self.folder = tempfile.mkdtemp(prefix="understudy-bench-")
        self.processes = []
        return self

    def __exit__(self, *_):
        for process in reversed(self.processes):
            process.send_signal(signal.SIGTERM)
        for process in self.processes:
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def path(self, name):
        return os.path.join(self.folder, name)

    def start(self, command, name, **more):
        log = open(self.path(name + ".log"), "w")
        process = subprocess.Popen(command, stdout=log, stderr=log, **more)
        self.processes.append(process)
        return process

    def nginx(self, name, servers):
        """Starts nginx with one worker; returns the pid of that worker. `servers` is the text of the
        http block behind the common settings."""
        folder = self.path(name)
        os.makedirs(folder)
        config = os.path.join(folder, "nginx.conf")
        with open(config, "w") as file:
            file.write(
                f"""worker_processes 1;
daemon off;
pid {folder}/pid;
error_log {folder}/error.log crit;
events {{ worker_connections 20000; }}
http {{
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  keepalive_requests 1000000000; keepalive_timeout 600s;
  tcp_nodelay on;
  log_format json escape=json '{{"time":"$time_iso8601","method":"$request_method","uri":"$request_uri",'
    '"status":$status,"bytes":$body_bytes_sent,"seconds":$request_time,"upstream":"$upstream_response_time",'
    '"upstream_status":"$upstream_status","client":"$remote_addr","agent":"$http_user_agent"}}';
{servers}
}}
"""
            )
        master = self.start(["nginx", "-p", folder, "-c", config], name)
        for port in re.findall(r"listen 127.0.0.1:(\d+)", servers):
            wait_for_port(int(port))
        children = f"/proc/{master.pid}/task/{master.pid}/children"
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:  # the port is open before the worker is there
            with open(children) as file:
                workers = file.read().split()
            if workers:
                return int(workers[0])
            time.sleep(0.005)
        raise RuntimeError(f"nginx {name} has no worker")

    def understudy(self, binary, migration, recording="on", more=""):
        """Starts our server with one migration; returns (process, port, admin port)."""
        port, admin = free_port(), free_port()
        name = f"understudy-{port}"
        config = self.path(name + ".yaml")
        with open(config, "w") as file:
            file.write(
                f"""data_dir: {self.path(name)}
admin: {{ listen: "127.0.0.1:{admin}" }}
workers: 1
recording: {recording}
log_level: warn
{more}migrations:
  - name: bench
    listen: "127.0.0.1:{port}"
{migration}"""
            )
        process = self.start([binary, "serve", "-c", config], name)
        wait_for_port(port)
        wait_for_port(admin)
        return process, port, admin


def origin(port, body, extra=""):
    """An nginx server block that answers from memory."""
    return f"""  server {{
    listen 127.0.0.1:{port} backlog=4096; access_log off;
    location / {{ default_type application/json; return 200 '{body}'; {extra} }}
  }}
"""


def run_wrk(port, seconds, connections=64, path="/", threads=1):
    """Returns (requests, errors, {percentile: seconds})."""
    result = subprocess.run(
        ["wrk", f"-t{threads}", f"-c{connections}", f"-d{max(1, round(seconds))}s", "--latency",
         f"http://127.0.0.1:{port}{path}"],
        capture_output=True, text=True, check=True,
    ).stdout
    requests = int(re.search(r"(\d+) requests in", result).group(1))
    failed = re.search(r"Non-2xx or 3xx responses: (\d+)", result)
    socket_errors = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", result)
    errors = int(failed.group(1)) if failed else 0
    errors += sum(int(x) for x in socket_errors.groups()) if socket_errors else 0
    unit = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0}
    latency = {}
    for share, number, suffix in re.findall(r"^\s+(50|75|90|99)%\s+([\d.]+)(us|ms|s|m)$", result, re.M):
        latency[int(share)] = float(number) * unit[suffix]
    return requests, errors, latency


def cpu_us_per_request(pid, port, seconds, **more):
    before = cpu_seconds(pid)
    requests, errors, _ = run_wrk(port, seconds, **more)
    used = cpu_seconds(pid) - before
    if errors:
        raise RuntimeError(f"{errors} of {requests} requests failed on port {port}")
    return used * 1e6 / requests


def get_json(port, path):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
        return json.load(answer)
