"""Whatever the candidate does, the client gets control's answer and the books add up."""

import contextlib
import socket
import struct
import threading
import time

import harness

ANSWER = b'{"rows": [1, 2, 3]}'


def hang(service, connection):
    service.closing.wait(harness.DEADLINE_S)


def trickle(service, connection):
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    while not service.closing.wait(0.05):
        connection.sendall(b"x")


def close_mid_body(service, connection):
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf")


def garbage(service, connection):
    connection.sendall(b"\x00\x01\x02 nonsense\r\n\r\n" * 10)


def reset(service, connection):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def endless(service, connection):
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10000000000\r\n\r\n")
    piece = b"x" * 65536
    while not service.closing.is_set():
        connection.sendall(piece)


def server_error(service, connection):
    body = b'{"error": {"type": "ProvisionedThroughputExceededException", "message": "slow down"}}'
    connection.sendall(b"HTTP/1.1 500 Oops\r\nContent-Type: application/json\r\nConnection: close\r\n"
                       b"Content-Length: %d\r\n\r\n" % len(body) + body)


class Isolation(harness.Case):
    def setUp(self):
        self.control = self.use(harness.Service(
            lambda *_: (200, {"content-type": "application/json"}, ANSWER)))

    def expect(self, candidate, accounts, mode="full_evaluation", requests=5):
        server = self.start(harness.migration(self.control, candidate, mode=mode))
        started = time.monotonic()
        for _ in range(requests):
            answer = server.get()
            self.assertEqual((answer.status, answer.body), (200, ANSWER))
        # The candidate's deadline is 500 ms; five clients that felt it would take longer.
        self.assertLess(time.monotonic() - started, 2)
        books = server.settled(requests)
        self.assertEqual({name for name, count in books.items() if count > 0}, set(accounts))
        harness.until("every evaluation can be queried",
                      lambda: server.count("evaluations") == requests)
        self.assertEqual(server.count("evaluations", ("served.success", "=", 100)), requests)
        return server

    def errors(self, server, kind):
        return server.count("errors", ("error.side", "=", "candidate"),
                            ("exception.type", "=", kind))

    def test_a_candidate_that_is_down(self):
        server = self.expect(harness.free_port(), ["failed"])
        self.assertEqual(self.errors(server, "connect_refused"), 5)

    def test_a_candidate_that_hangs(self):
        server = self.expect(self.use(harness.RawService(hang)), ["timed_out"])
        self.assertEqual(self.errors(server, "timeout"), 5)

    def test_a_candidate_that_trickles(self):
        self.expect(self.use(harness.RawService(trickle)), ["timed_out"])

    def test_a_candidate_that_closes_mid_body(self):
        server = self.expect(self.use(harness.RawService(close_mid_body)), ["failed"])
        self.assertEqual(self.errors(server, "closed_early"), 5)

    def test_a_candidate_that_answers_garbage(self):
        server = self.expect(self.use(harness.RawService(garbage)), ["failed"])
        self.assertEqual(self.errors(server, "malformed"), 5)

    def test_a_candidate_that_resets(self):
        self.expect(self.use(harness.RawService(reset)), ["failed"])

    def test_a_candidate_that_answers_ten_gigabytes(self):
        self.expect(self.use(harness.RawService(endless)), ["too_large"])

    def test_a_candidate_that_fails_by_name_in_fire_and_forget(self):
        server = self.expect(self.use(harness.RawService(server_error)), ["not_sampled"],
                             mode="fire_and_forget")
        harness.until("the errors can be queried", lambda: server.count("errors") == 5)
        self.assertEqual(self.errors(server, "ProvisionedThroughputExceededException"), 5)


class ControlFails(harness.Case):
    def test_a_control_that_is_down_is_a_502_and_an_evaluation(self):
        candidate = self.use(harness.json_service({}))
        server = self.start(harness.migration(harness.free_port(), candidate))
        answer = server.get()
        self.assertEqual(answer.status, 502)
        self.assertIn("error", harness.json.loads(answer.body))
        harness.until("the evaluation can be queried", lambda: server.count(
            "evaluations", ("served.success", "=", 0), ("control.error.type", "=",
                                                        "connect_refused")) == 1)
        server.settled(1)


class ClientLeaves(harness.Case):
    """A client that is gone releases both services, and its evaluation says so."""

    def setUp(self):
        self.released = [threading.Event(), threading.Event()]
        self.heads = [threading.Event(), threading.Event()]

    def service(self, index, answer):
        """Sends `answer` and then waits for what the proxy does with the connection."""

        def behave(service, connection):
            connection.sendall(answer)
            self.heads[index].set()
            connection.settimeout(harness.DEADLINE_S)
            with contextlib.suppress(ConnectionResetError):
                while connection.recv(65536):
                    pass
            self.released[index].set()

        return self.use(harness.RawService(behave))

    def expect_abort(self, request, answer, more=""):
        server = self.start(harness.migration(self.service(0, answer), self.service(1, answer),
                                              mode="full_evaluation", more=more))
        with socket.create_connection(("127.0.0.1", server.port()),
                                      timeout=harness.DEADLINE_S) as client:
            client.sendall(request)
            for head in self.heads:
                self.assertTrue(head.wait(harness.DEADLINE_S))
            if answer:
                self.assertIn(b"half", client.recv(65536))
        for released in self.released:
            self.assertTrue(released.wait(harness.DEADLINE_S), "a service is still held")
        self.assertEqual(server.settled(1)["client_aborted"], 1)
        harness.until("the evaluation can be queried", lambda: server.count(
            "evaluations", ("evaluation.accounting", "=", "client_aborted"),
            ("evaluation.reason", "=", "client_closed"),
            ("candidate.cut_off", "=", "client_closed")) == 1)
        self.assertEqual(server.count("errors"), 0)

    def test_in_the_middle_of_its_request(self):
        self.expect_abort(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\nhalf", b"",
                          "    routes: [{ name: all, safe_to_repeat: true }]\n")

    def test_in_the_middle_of_its_answer(self):
        self.expect_abort(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n",
                          b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")


if __name__ == "__main__":
    harness.main()
