"""More clients than the server may have: it stays whole, says so, and goes on."""

import contextlib
import re
import socket

import harness

REQUEST = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"


def status(connection):
    """The status of the answer; None when the connection ended without one."""
    answer = b""
    try:
        while b"\r\n\r\n" not in answer:
            piece = connection.recv(4096)
            if not piece:
                break
            answer += piece
    except ConnectionResetError:
        pass
    return int(answer[9:12]) if answer.startswith(b"HTTP/1.1 ") else None


class Connections(harness.Case):
    def setUp(self):
        self.control = self.use(harness.json_service({"a": 1}))
        self.candidate = self.use(harness.json_service({"a": 2}))

    def connect(self, server):
        connection = socket.create_connection(("127.0.0.1", server.port()),
                                              timeout=harness.DEADLINE_S)
        self.addCleanup(connection.close)
        return connection

    def ask(self, server):
        connection = self.connect(server)
        connection.sendall(REQUEST)
        return connection, status(connection)

    def counters(self, server):
        return server.api("/api/migrations/shop")["counters"]

    def test_a_flood_of_clients_leaves_the_store_and_the_api_their_files(self):
        server = self.start(harness.migration(self.control, self.candidate,
                                              mode="full_evaluation"), descriptors=(64, 256))
        bound = self.counters(server)["connections_max"]
        self.assertGreater(bound, 20)
        self.assertLess(bound, 256 / 3)
        lowered = [line for line in server.log().splitlines() if "ulimit -n" in line]
        self.assertEqual(len(lowered), 1, server.log())
        self.assertIn(f"shop {bound} of 10000", lowered[0])

        served, refused = [], 0
        for _ in range(400):
            connection, code = self.ask(server)
            if code == 200:
                served.append(connection)
            else:
                self.assertIn(code, (503, None))
                refused += 1
                connection.close()
        self.assertEqual(len(served), bound)
        self.assertEqual(self.counters(server)["connections_refused"], refused)
        self.assertEqual(self.counters(server)["connections"], bound)
        refusals = [line for line in server.log().splitlines() if "client connections are open" in line]
        self.assertIn(len(refusals), (1, 2), "a line for each of them would fill the disk")
        self.assertNotIn("pauses", server.log())

        # Every client that was let in is still served, by both services, all of them at once.
        for connection in served:
            connection.sendall(REQUEST)
        self.assertEqual({status(connection) for connection in served}, {200})
        accounts = server.settled(2 * bound)
        self.assertEqual(accounts["failed"], 0)
        self.assertEqual(accounts["compared"] + accounts["shed"], 2 * bound)

        # So are the store, the records and the API, over new connections.
        server.set_mode("control_only")
        harness.until("every evaluation can be queried",
                      lambda: server.count("evaluations") == 2 * bound)
        metrics = harness.request(server.admin, "/metrics").body.decode()
        self.assertIn(f'understudy_client_connections_max{{migration="shop"}} {bound}\n', metrics)
        self.assertIn(f'understudy_client_connections_refused_total{{migration="shop"}} {refused}\n',
                      metrics)

        served.pop().close()
        harness.until("the place is free again", lambda: self.ask(server)[1] == 200)

    def test_the_soft_limit_of_open_files_is_raised(self):
        server = self.start(harness.migration(self.control, self.candidate),
                            descriptors=(100, 15_000))
        with open(f"/proc/{server.process.pid}/limits") as limits:
            self.assertRegex(limits.read(), r"Max open files +15000 +15000")
        self.assertGreater(self.counters(server)["connections_max"], 5_000)

    def test_a_bound_of_its_own_is_kept_and_follows_a_reload(self):
        limits = lambda most: f"    limits: {{ connections_max: {most} }}\n"
        listen = f"127.0.0.1:{harness.free_port()}"
        config = lambda most: harness.migration(self.control, self.candidate, listen=listen,
                                                more=limits(most))
        server = self.start(config(2))
        self.assertEqual([self.ask(server)[1] for _ in range(3)], [200, 200, 503])
        server.write_config(config(3))
        server.reload()
        self.assertEqual([self.ask(server)[1] for _ in range(2)], [200, 503])
        self.assertEqual(self.counters(server)["connections_max"], 3)

    def test_heads_without_end_cost_no_more_than_their_bound(self):
        """A head may have 64 KiB (limits.head_bytes_max), whatever is sent, however many send it."""
        server = self.start(harness.migration(self.control, self.candidate))
        with open(f"/proc/{server.process.pid}/maps") as maps:
            if re.search("lib[at]san", maps.read()):
                self.skipTest("a sanitizer keeps what was freed")

        def peak_bytes():
            with open(f"/proc/{server.process.pid}/status") as process:
                return int(re.search(r"VmHWM:\s+(\d+) kB", process.read()).group(1)) * 1024

        self.assertEqual(self.ask(server)[1], 200)
        before, clients = peak_bytes(), [self.connect(server) for _ in range(100)]
        for connection in clients:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: h\r\nX: " + b"x" * (60 << 10))
        for connection in clients:
            with contextlib.suppress(ConnectionError):
                connection.sendall(b"x" * (1 << 20))
            self.assertIn(status(connection), (431, None))
        self.assertLess(peak_bytes() - before, len(clients) * (64 << 10) + (4 << 20))
        self.assertEqual(self.ask(server)[1], 200)
        self.assertEqual(len(self.control.seen), 2, "a part of a head was forwarded")

    def test_too_few_files_for_anything_is_one_line(self):
        folder = self.folder()
        server = harness.Understudy(harness.migration(1, 2), folder)
        done = harness.subprocess.run(
            ["sh", "-c", f"ulimit -n 70 && exec {harness.BINARY} serve -c {server.config_file}"],
            capture_output=True, text=True, timeout=harness.DEADLINE_S)
        self.assertEqual(done.returncode, 1)
        self.assertRegex(self.one_line(done.stderr),
                         r"may open too few files.*need at least \d+ more; raise .*ulimit -n")


if __name__ == "__main__":
    harness.main()
