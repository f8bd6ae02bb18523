"""Starts the real binary between fake services and asks it questions.

Every test file ends with `harness.main()`; its first argument is the binary. Nothing here waits for
a fixed time: `until` looks again and again until something is so, and fails when it never is.
"""

import contextlib
import http.client
import http.server
import json
import os
import re
import resource
import shutil
import signal
import socket
import socketserver
import subprocess
import sys
import tempfile
import threading
import time
import unittest

BINARY = None
DEADLINE_S = 20


def main():
    global BINARY
    BINARY = os.path.abspath(sys.argv.pop(1))
    # Every test module imports harness by this name, also when it is __main__ itself.
    sys.modules.setdefault("harness", sys.modules[__name__])
    unittest.main(module="__main__", verbosity=2)


def until(what, condition, deadline_s=DEADLINE_S):
    """The first true value of `condition()`; fails with `what` when there is none in time."""
    end = time.monotonic() + deadline_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"never happened: {what}")
        time.sleep(0.01)


class Service:
    """A small HTTP service. `answer(method, path, body)` gives (status, headers, body)."""

    def __init__(self, answer):
        service = self
        self.answer = answer
        self.seen = []

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True
            wbufsize = -1

            def handle_any(self):
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                service.seen.append((self.command, self.path, dict(self.headers)))
                status, headers, answer = service.answer(self.command, self.path, body)
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)
                self.wfile.flush()

            do_GET = do_POST = do_PUT = handle_any

            def log_message(self, *_):
                pass

        class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
            daemon_threads = True
            request_queue_size = 256

            def handle_error(self, *_):
                pass  # a client that leaves is part of some tests

        self.server = Server(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def json_service(value):
    """A service that always answers the same JSON."""
    body = json.dumps(value).encode()
    return Service(lambda *_: (200, {"content-type": "application/json"}, body))


class RawService:
    """A service that misbehaves: `behave(socket)` is called with each connection once a request
    head has arrived."""

    def __init__(self, behave):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port = self.listener.getsockname()[1]
        self.closing = threading.Event()
        self.behave = behave
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with contextlib.suppress(OSError), connection:
            head = b""
            while b"\r\n\r\n" not in head:
                piece = connection.recv(65536)
                if not piece:
                    return
                head += piece
            self.behave(self, connection)

    def close(self):
        self.closing.set()
        self.listener.close()


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body


def request(port, path="/", method="GET", headers=None, body=None, timeout_s=DEADLINE_S):
    """One request on a connection of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout_s)
    try:
        connection.request(method, path, body=body, headers=headers or {})
        answer = connection.getresponse()
        return Answer(answer.status, dict(answer.getheaders()), answer.read())
    finally:
        connection.close()


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


def migration(control, candidate, name="shop", mode="control_only", listen="127.0.0.1:0", more=""):
    """One entry of `migrations`. A service may be given by its port."""
    port_of = lambda service: service if isinstance(service, int) else service.port
    return f"""
  - name: {name}
    listen: {listen}
    control: {{ url: "http://127.0.0.1:{port_of(control)}" }}
    candidate: {{ url: "http://127.0.0.1:{port_of(candidate)}", timeout: 500ms }}
    mode: {mode}
{more}"""


class Understudy:
    """The server in a folder of its own, which outlives a kill and a restart."""

    def __init__(self, config, folder):
        self.folder = folder
        self.data_dir = os.path.join(self.folder, "data")
        self.config_file = os.path.join(self.folder, "understudy.yaml")
        self.log_file = os.path.join(self.folder, "log")
        self.write_config(config)
        self.process = None

    def write_config(self, migrations, settings="", admin=""):
        text = (f"data_dir: {self.data_dir}\nadmin: {{ listen: 127.0.0.1:0{admin} }}\n"
                f"{settings}")
        if migrations:
            text += "migrations:" + migrations
        with open(self.config_file, "w") as file:
            file.write(text)

    def spawn(self, file_bytes_max=None, descriptors=None):
        """Does not wait. `file_bytes_max` stands for a disk that is full beyond it, `descriptors` are
        the soft and the hard limit of open files."""

        def before():
            if file_bytes_max is not None:
                signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
                resource.setrlimit(resource.RLIMIT_FSIZE, (file_bytes_max, file_bytes_max))
            if descriptors is not None:
                resource.setrlimit(resource.RLIMIT_NOFILE, descriptors)

        with open(self.log_file, "w") as log:
            self.process = subprocess.Popen([BINARY, "serve", "-c", self.config_file], stderr=log,
                                            env=clean_environment(), preexec_fn=before)

    def start(self, **more):
        """Waits until it serves."""
        self.spawn(**more)

        def serving():
            if self.process.poll() is not None:
                raise AssertionError(f"the server ended:\n{self.log()}")
            return re.search(r"serving: (.*)", self.log())

        text = until("the server serves", serving).group(1)
        self.ports = {name: int(port) for name, port in re.findall(r"(\S+) on \S+:(\d+)", text)}
        self.admin = self.ports.pop("admin")
        return self

    def log(self):
        with open(self.log_file) as file:
            return file.read()

    def port(self, name="shop"):
        return self.ports[name]

    def get(self, path="/", **more):
        return request(self.port(), path, **more)

    def api(self, path, method="GET", value=None):
        """The JSON of an answer of the admin interface, which must be a success."""
        body = None if value is None else json.dumps(value)
        headers = {} if value is None else {"content-type": "application/json"}
        answer = request(self.admin, path, method, headers, body)
        if answer.status not in (200, 201):
            raise AssertionError(f"{method} {path}: {answer.status} {answer.body.decode()}")
        return json.loads(answer.body)

    def cli(self, *arguments):
        return run(*arguments, environment={"UNDERSTUDY_URL": f"http://127.0.0.1:{self.admin}"})

    def set_mode(self, mode, name="shop"):
        done = self.cli("mode", "set", name, mode)
        if done.returncode != 0:
            raise AssertionError(done.stderr)

    def count(self, dataset, *filters):
        """How many events of a dataset can be queried now."""
        spec = {"dataset": dataset, "calculations": [{"op": "COUNT"}], "time_range": 3600,
                "filters": [dict(zip(("column", "op", "value"), one)) for one in filters]}
        data = self.api("/api/query", "POST", spec)["data"]
        return data["results"][0]["data"]["COUNT"] if data["results"] else 0

    def accounting(self, name="shop"):
        for one in self.api("/api/migrations")["migrations"]:
            if one["name"] == name:
                return one["accounting"]
        raise AssertionError(f"no migration {name}")

    def settled(self, requests, name="shop"):
        """The accounts once that many requests are in the books and none is under way."""

        def settled():
            books = self.accounting(name)
            return books if books["requests"] == requests and books["adds_up"] else None

        return until(f"{requests} requests are accounted for", settled)["accounts"]

    def reload(self):
        """SIGHUP, and waits for the line that says how it went."""
        before = self.log().count("reloaded")
        self.process.send_signal(signal.SIGHUP)
        until("the reload is over", lambda: self.log().count("reloaded") > before)

    def kill(self):
        self.process.kill()
        self.process.wait(DEADLINE_S)

    def stop(self):
        """SIGTERM; gives the exit code."""
        if self.process.poll() is None:
            self.process.terminate()
        return self.process.wait(DEADLINE_S)


def clean_environment():
    return {name: value for name, value in os.environ.items() if not name.startswith("UNDERSTUDY_")}


def run(*arguments, environment=None):
    """Runs a command of the binary to its end."""
    return subprocess.run([BINARY, *arguments], capture_output=True, text=True,
                          timeout=3 * DEADLINE_S, env={**clean_environment(), **(environment or {})})


class Case(unittest.TestCase):
    """A test with servers and services that end with it."""

    def use(self, service):
        self.addCleanup(service.close)
        return service

    def folder(self):
        """A folder that goes with the test."""
        made = tempfile.mkdtemp(prefix="understudy-e2e-")
        self.addCleanup(shutil.rmtree, made, ignore_errors=True)
        return made

    def possible(self, *command):
        """Runs what needs a privilege or a tool; skips the test where it cannot be done."""
        try:
            done = subprocess.run(command, capture_output=True, text=True)
        except FileNotFoundError as missing:
            self.skipTest(str(missing))
        if done.returncode != 0:
            self.skipTest(f"{' '.join(command)}: {done.stderr.strip()}")

    def disk(self, options):
        """A small disk of its own."""
        made = self.folder()
        self.possible("mount", "-t", "tmpfs", "-o", options, "tmpfs", made)
        self.addCleanup(subprocess.run, ["umount", "-l", made], check=False)
        return made

    def disk_that_can_fail(self):
        """A small ext4 that goes read-only on `mount -o remount,abort`, as after an error of the
        disk."""
        image = os.path.join(self.folder(), "image")
        with open(image, "wb") as file:
            file.truncate(16 << 20)
        made = self.folder()
        self.possible("mkfs.ext4", "-q", image)
        self.possible("mount", "-o", "loop,errors=remount-ro", image, made)
        self.addCleanup(subprocess.run, ["umount", "-l", made], check=False)
        return made

    def read_only_folder(self):
        return self.disk("size=64k,ro")

    def start(self, config, settings="", admin="", **more):
        server = Understudy(config, self.folder())
        server.write_config(config, settings, admin)
        self.addCleanup(lambda: server.process and server.process.poll() is None and server.kill())
        return server.start(**more)

    def one_line(self, text):
        self.assertEqual(text.count("\n"), 1, text)
        self.assertTrue(text.startswith("understudy: "), text)
        return text[len("understudy: "):-1]
