"""The requests that the codec's tables refuse (src/http/testdata/requests), sent to the whole program:
the answer is that of the table, the connection ends, and behind the proxy nothing arrives that could
be taken for a request, neither at control nor at the candidate."""

import contextlib
import pathlib
import re
import socket
import threading

import harness

TABLES = pathlib.Path(__file__).parents[2] / "src/http/testdata/requests"
ESCAPE = re.compile(r"\\(?:x([0-9a-f]{2})|\{(.*?)\*(\d+)\}|(.))")


def bytes_of(text):
    """As src/http/h1_table_test.cc reads the input of a case."""

    def one(match):
        code, unit, times, letter = match.groups()
        if code:
            return chr(int(code, 16))
        if unit is not None:
            return ESCAPE.sub(one, unit) * int(times)
        return {"r": "\r", "n": "\n", "t": "\t"}.get(letter, letter)

    return ESCAPE.sub(one, text).encode("latin-1")


def cases(part):
    """(name, input, status) of what is refused under the usual limits for its "head" or "body"."""
    for table in sorted(TABLES.iterdir()):
        for case in re.split(r"^== ", table.read_text(encoding="latin-1"), flags=re.M)[1:]:
            title, _, rest = case.partition("\n")
            source, _, outcome = rest.partition("\n--\n")
            refused = re.search(r"^(body )?refused (\d+)", outcome, flags=re.M)
            good_heads = len(re.findall(r"^request", outcome, flags=re.M))
            if source.startswith("@") or not refused or good_heads > 1:
                continue
            found = "body" if refused.group(1) else "head" if good_heads == 0 else None
            # A body that goes bad is malformed, whatever it is about it; its head was fine.
            status = "400" if found == "body" else refused.group(2)
            if found == part:
                yield f"{table.stem}: {title}", bytes_of(source.replace("\n", "")), status


class Wire:
    """Keeps every byte of every connection, and says nothing."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port = self.listener.getsockname()[1]
        self.lock = threading.Lock()
        self.seen, self.open, self.accepted = [], 0, 0
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                with self.lock:
                    self.open += 1
                    self.accepted += 1
                threading.Thread(target=self._keep, args=(connection,), daemon=True).start()

    def _keep(self, connection):
        heard = b""
        with contextlib.suppress(OSError), connection:
            while piece := connection.recv(65536):
                heard += piece
        with self.lock:
            self.seen.append(heard)
            self.open -= 1

    def close(self):
        self.listener.close()


class Attacks(harness.Case):
    def setUp(self):
        self.control, self.candidate = self.use(Wire()), self.use(Wire())
        self.server = self.start(harness.migration(
            self.control, self.candidate, mode="full_evaluation",
            more="    routes: [{ name: all, safe_to_repeat: true }]\n"))

    def statuses(self, part, attack):
        """Of all answers until the proxy ends the connection."""
        answers, before = b"", self.control.accepted
        with socket.create_connection(("127.0.0.1", self.server.port()),
                                      timeout=harness.DEADLINE_S) as connection:
            if part == "body":
                end = attack.index(b"\r\n\r\n") + 4
                connection.sendall(attack[:end])
                harness.until("control is called", lambda: self.control.accepted > before)
                attack = attack[end:]
            # What is refused early may be closed before all of it was sent.
            with contextlib.suppress(ConnectionError):
                connection.sendall(attack)
            with contextlib.suppress(ConnectionError):
                while piece := connection.recv(65536):
                    answers += piece
        return [status.decode() for status in re.findall(rb"HTTP/1\.1 (\d+)", answers)]

    def arrived(self):
        """What both services have got until the server has ended."""
        self.assertEqual(self.server.stop(), 0)
        last = b"last"
        for wire in (self.control, self.candidate):
            # Connections are accepted in their order, so behind this one there is none of the proxy.
            with socket.create_connection(("127.0.0.1", wire.port)) as connection:
                connection.sendall(last)
            harness.until("all was read", lambda: last in wire.seen and wire.open == 0)
        return [heard for wire in (self.control, self.candidate) for heard in wire.seen
                if heard not in (b"", last)]

    def try_all(self, part):
        tried = 0
        for name, attack, status in cases(part):
            with self.subTest(name):
                self.assertEqual(self.statuses(part, attack), [status])
            tried += 1
        print(f"{tried} refused", flush=True)
        self.assertGreater(tried, 40)

    def test_of_a_bad_head_nothing_arrives(self):
        self.try_all("head")
        self.assertEqual(self.arrived(), [])

    def test_of_a_bad_body_no_whole_request_arrives(self):
        self.try_all("body")
        arrived = self.arrived()
        self.assertGreater(len(arrived), 40, "their heads do go ahead")
        for heard in arrived:
            self.assertEqual(heard.count(b" HTTP/1.1\r\n"), 1, heard)
            self.assertNotRegex(heard, rb"(^|\r\n)0+\r\n(.*\r\n)?\r\n$")


if __name__ == "__main__":
    harness.main()
