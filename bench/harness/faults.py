"""What a client feels of a broken candidate: P50 and P99 beside those without any candidate."""

import os
import socket
import threading

from cpu import SMALL, migration
from processes import Bed, free_port, get_json, origin, run_wrk
from report import ratio_row


class BrokenCandidate:
    """Accepts and then does what its kind says, until stopped."""

    def __init__(self, kind):
        self.kind = kind
        self.listener = socket.socket()
        self.listener.bind(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        if kind == "dead":
            self.listener.close()
            return
        self.listener.listen(1024)
        self.stopping = threading.Event()
        self.kept = []
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while not self.stopping.is_set():
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.kept.append(connection)
            if self.kind == "trickling":
                threading.Thread(target=self.trickle, args=(connection,), daemon=True).start()

    def trickle(self, connection):
        try:
            connection.recv(65536)
            for byte in b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + b"x" * 1000000:
                connection.send(bytes([byte]))
                if self.stopping.wait(1):
                    return
        except OSError:
            pass

    def stop(self):
        if self.kind == "dead":
            return
        self.stopping.set()
        self.listener.close()
        for connection in self.kept:
            connection.close()


def fault_rows(options):
    binary = os.path.join(options.build, "src/app/understudy")
    rows = []
    with Bed() as bed:
        control = free_port()
        bed.nginx("origin", origin(control, SMALL))
        _, baseline, _ = bed.understudy(binary, migration(control, control, "control_only"))
        for kind in ("hung", "dead", "trickling"):
            candidate = BrokenCandidate(kind)
            # The circuit breaker would spare the client the fault this row is about.
            closed = "    shadow: { breaker_failures: 1000000 }\n"
            _, port, admin = bed.understudy(
                binary, migration(control, candidate.port, "full_evaluation", closed))
            pairs = {50: [], 99: []}
            for round_number in range(options.rounds + 1):
                # Few connections: with many, both figures are the length of the queue.
                order = (port, baseline) if round_number % 2 else (baseline, port)
                seen = {at: run_wrk(at, options.seconds, connections=4) for at in order}
                _, errors, mine = seen[port]
                _, _, theirs = seen[baseline]
                if errors:
                    raise RuntimeError(f"clients saw {errors} errors with a {kind} candidate")
                if round_number > 0:
                    for share in pairs:
                        pairs[share].append((mine[share] * 1e6, theirs[share] * 1e6))
            accounts = get_json(admin, "/api/migrations/bench")["accounting"]
            if accounts["accounts"].get("timed_out", 0) + accounts["accounts"].get("failed", 0) == 0:
                raise RuntimeError(f"no shadow call met the {kind} candidate: {accounts}")
            candidate.stop()
            for share, values in pairs.items():
                row = ratio_row(f"client P{share} with a {kind} candidate", "us", "control_only", values, 1.05)
                print(f"   {row.name}: {row.value} us, control_only {row.peer_value} us, ratio {row.ratio}", flush=True)
                rows.append(row)
    return rows
