"""Whatever the candidate does, the client gets control's answer and the books add up."""

import socket
import struct
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


if __name__ == "__main__":
    harness.main()
