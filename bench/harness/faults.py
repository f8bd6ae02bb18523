"""What a client feels of a broken candidate: P50 and P99 beside those without any candidate."""

import json
import os
import socket
import subprocess
import threading

from cpu import SMALL, migration
from processes import Bed, free_port, get_json, origin, run_wrk
from report import ratio_row


TRICKLED = b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + b"x" * 1000000


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
        if kind == "trickling":
            threading.Thread(target=self.trickle, daemon=True).start()

    def accept(self):
        while not self.stopping.is_set():
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.kept.append(connection)

    def trickle(self):
        """One thread for all connections: one for each would take the processor that the proxy and
        its clients are measured on."""
        sent = {}
        while not self.stopping.wait(1):
            for connection in list(self.kept):
                at = sent.get(connection, 0)
                sent[connection] = at + 1
                try:
                    connection.send(TRICKLED[at:at + 1], socket.MSG_DONTWAIT)
                except OSError:
                    self.kept.remove(connection)
                    del sent[connection]
                    connection.close()

    def stop(self):
        if self.kind == "dead":
            return
        self.stopping.set()
        self.listener.close()
        for connection in self.kept:
            connection.close()


# Requests per second of the open loop: a service under load, with a good part of two cores free.
RATE = 2000
# Seconds of the open loop for each second of a round. A P99 rests on a hundredth of the requests:
# with 2 s rounds, 10 s give each port 10,000 requests and its P99 the 100 slowest of them.
STRETCH = 5


def open_loop(options, *ports):
    """Requests at fixed moments, the ports in turns; returns what each port's clients saw."""
    output = subprocess.run(
        [os.path.join(options.build, "bench/open_loop"), "--rate", str(RATE),
         "--seconds", str(STRETCH * options.seconds), *map(str, ports)],
        capture_output=True, text=True, check=True,
    ).stdout
    seen = json.loads(output)
    for port in ports:
        if seen[str(port)]["errors"]:
            raise RuntimeError(f"clients of port {port} saw errors: {seen[str(port)]}")
    return [seen[str(port)] for port in ports]


def closed_loop(options, *ports):
    """Four clients that ask again as soon as they are answered, which fills the proxy's core."""
    figures = []
    for port in ports:
        _, errors, latency = run_wrk(port, options.seconds, connections=4)
        if errors:
            raise RuntimeError(f"clients of port {port} saw {errors} errors")
        figures.append({"p50": latency[50] * 1e6, "p99": latency[99] * 1e6})
    return figures


# Where the proxy's core is full, any work beside the client's shows in its latency, as a candidate
# in good health does too: no budget, the row says how much.
LOADS = (("at 2,000 requests/s", open_loop, 1.05), ("at saturation", closed_loop, None))


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
            for load_name, load, budget in LOADS:
                pairs = {"p50": [], "p99": []}
                for round_number in range(options.rounds + 1):
                    # Each takes its turn in going first.
                    if round_number % 2:
                        mine, theirs = load(options, port, baseline)
                    else:
                        theirs, mine = load(options, baseline, port)
                    if round_number > 0:
                        for share, values in pairs.items():
                            values.append((mine[share], theirs[share]))
                for share, values in pairs.items():
                    row = ratio_row(f"client {share.upper()} with a {kind} candidate, {load_name}", "us",
                                    "control_only", values, budget)
                    print(f"   {row.name}: {row.value} us, control_only {row.peer_value} us, ratio {row.ratio}",
                          flush=True)
                    rows.append(row)
            accounts = get_json(admin, "/api/migrations/bench")["accounting"]
            if accounts["accounts"].get("timed_out", 0) + accounts["accounts"].get("failed", 0) == 0:
                raise RuntimeError(f"no shadow call met the {kind} candidate: {accounts}")
            candidate.stop()
    return rows
