"""A WebSocket conversation (RFC 6455) through the real binary."""

import base64
import hashlib
import os
import signal
import socket
import socketserver
import struct
import threading

import harness

TEXT, CLOSE, PING, PONG = 1, 8, 9, 10


def frame(kind, payload, mask=None):
    head = bytes([0x80 | kind])
    masked = 0x80 if mask else 0
    if len(payload) < 126:
        head += bytes([masked | len(payload)])
    elif len(payload) < 1 << 16:
        head += bytes([masked | 126]) + struct.pack(">H", len(payload))
    else:
        head += bytes([masked | 127]) + struct.pack(">Q", len(payload))
    if not mask:
        return head + payload
    return head + mask + bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))


class Wire:
    """Reads lines and frames from a connection."""

    def __init__(self, connection):
        self.connection = connection
        self.file = connection.makefile("rb")

    def head(self):
        lines = []
        while (line := self.file.readline().strip()):
            lines.append(line.decode())
        fields = dict(line.lower().split(": ", 1) for line in lines[1:])
        return lines[0] if lines else "", fields, lines

    def frame(self):
        """(kind, payload); None at the end."""
        head = self.file.read(2)
        if len(head) < 2:
            return None
        length = head[1] & 0x7F
        if length == 126:
            length = struct.unpack(">H", self.file.read(2))[0]
        elif length == 127:
            length = struct.unpack(">Q", self.file.read(8))[0]
        mask = self.file.read(4) if head[1] & 0x80 else None
        payload = self.file.read(length)
        if mask:
            payload = bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))
        return head[0] & 0x0F, payload


def accept_key(key):
    guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
    return base64.b64encode(hashlib.sha1((key + guid).encode()).digest()).decode()


class EchoServer:
    """Talks WebSocket at /chat: texts come back in capitals."""

    def __init__(self):
        outer = self
        self.conversations = 0

        class Handler(socketserver.BaseRequestHandler):
            def handle(self):
                wire = Wire(self.request)
                line, fields, raw = wire.head()
                if not line:
                    return
                outer.conversations += 1
                if fields.get("upgrade") != "websocket" or not line.startswith("GET /chat "):
                    self.request.sendall(b"HTTP/1.1 426 Upgrade Required\r\nContent-Length: 0\r\n\r\n")
                    return
                key = next(one.split(": ", 1)[1] for one in raw
                           if one.lower().startswith("sec-websocket-key: "))
                self.request.sendall(
                    f"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                    f"Connection: Upgrade\r\nSec-WebSocket-Accept: {accept_key(key)}\r\n\r\n"
                    .encode() + frame(TEXT, b"welcome"))
                while (got := wire.frame()):
                    kind, payload = got
                    if kind == PING:
                        self.request.sendall(frame(PONG, payload))
                    elif kind == TEXT:
                        self.request.sendall(frame(TEXT, payload.upper()))
                    elif kind == CLOSE:
                        self.request.sendall(frame(CLOSE, payload))
                        return

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True

            def handle_error(self, *_):
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Conversation:
    """A browser's side."""

    def __init__(self, case, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=harness.DEADLINE_S)
        case.addCleanup(self.socket.close)
        self.wire = Wire(self.socket)
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall(
            f"GET /chat HTTP/1.1\r\nHost: chat.example\r\nConnection: keep-alive, Upgrade\r\n"
            f"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n"
            .encode())
        line, fields, raw = self.wire.head()
        case.assertEqual(line, "HTTP/1.1 101 Switching Protocols")
        case.assertEqual(fields["upgrade"], "websocket")
        case.assertIn(f"Sec-WebSocket-Accept: {accept_key(key)}", raw)
        case.assertEqual(self.wire.frame(), (TEXT, b"welcome"))

    def say(self, kind, payload):
        self.socket.sendall(frame(kind, payload, mask=os.urandom(4)))
        return self.wire.frame()

    def end(self):
        return self.say(CLOSE, struct.pack(">H", 1000)), self.wire.frame()


class Upgrade(harness.Case):
    def setUp(self):
        self.control = self.use(EchoServer())
        self.candidate = self.use(EchoServer())

    def serve(self, mode="full_evaluation"):
        return self.start(harness.migration(self.control, self.candidate, mode=mode))

    def test_a_conversation_goes_through_to_the_serving_side_alone(self):
        server = self.serve()
        talk = Conversation(self, server.port())
        self.assertEqual(talk.say(TEXT, b"hello"), (TEXT, b"HELLO"))
        self.assertEqual(talk.say(PING, b"are you there?"), (PONG, b"are you there?"))
        for size in (125, 126, 65_535, 65_536, 300_000):
            self.assertEqual(talk.say(TEXT, b"a" * size), (TEXT, b"A" * size))
        self.assertEqual(server.accounting()["under_way"], 1)
        answer, end = talk.end()
        self.assertEqual(answer, (CLOSE, struct.pack(">H", 1000)))
        self.assertIsNone(end)
        self.assertEqual(server.settled(1)["not_sampled"], 1)
        self.assertEqual((self.control.conversations, self.candidate.conversations), (1, 0))
        harness.until("the conversation is an evaluation", lambda: server.count(
            "evaluations", ("evaluation.reason", "=", "upgrade"),
            ("http.response.status_code", "=", 101), ("served_by", "=", "control"),
            ("control.success", "=", 100)) == 1)

    def test_the_mode_decides_whom_a_conversation_is_with(self):
        server = self.serve(mode="candidate_only")
        self.assertEqual(Conversation(self, server.port()).say(TEXT, b"x"), (TEXT, b"X"))
        self.assertEqual((self.control.conversations, self.candidate.conversations), (0, 1))

    def test_a_refused_upgrade_is_an_ordinary_answer(self):
        server = self.serve(mode="control_only")
        answer = server.get("/elsewhere", headers={"connection": "Upgrade", "upgrade": "websocket"})
        self.assertEqual(answer.status, 426)

    def test_a_stop_waits_for_conversations(self):
        server = self.serve()
        talk = Conversation(self, server.port())
        server.process.send_signal(signal.SIGTERM)
        harness.until("it stops", lambda: "stopping" in server.log())
        self.assertEqual(talk.say(TEXT, b"still here"), (TEXT, b"STILL HERE"))
        talk.end()
        talk.socket.close()
        self.assertEqual(server.process.wait(harness.DEADLINE_S), 0)
        self.assertNotIn("cut off", server.log())


if __name__ == "__main__":
    harness.main()
