"""A server with something to look at: the real binary between two small services, taken through the
phases of a migration, so that every page of the web UI has content.

Usage: seed.py BINARY [--phase-seconds S] [--keys]
Prints one line of JSON ({"admin": PORT, "proxy": PORT, ...}) when the data is there, and serves until
its standard input ends.
"""

import argparse
import gzip
import itertools
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
import harness  # noqa: E402

MIGRATION = "data-engine"
CARRIERS = ["AA", "DL", "UA", "WN", "B6", "AS"]

CRITERIA = """
    bucket_by: { header: x-account-id }
    routes:
      - { name: query, match: { methods: [POST], path: /query }, safe_to_repeat: true, compare: table }
      - { name: catalog, match: { methods: [GET], path: /catalog } }
      - { name: chart, match: { methods: [GET], path: /chart } }
    criteria:
      - { success_rate: { no_worse_by: 1% } }
      - { latency: { quantile: p50, at_most: 1.50 } }
      - { latency: { quantile: p99, at_most: 3.00 } }
      - { difference_rate: { at_most: 0.5% } }
      - { evidence: { evaluations_min: 2000, duration_min: 2m } }
"""

JSON = {"content-type": "application/json"}


def rows(seed):
    chance = random.Random(seed)
    return [{"carrier": one, "flights": chance.randrange(1000, 9000),
             "mean_delay": chance.uniform(-3, 25), "at": 1714560000123 + chance.randrange(10**9)}
            for one in CARRIERS]


def control(method, path, body):
    time.sleep(random.lognormvariate(-5.6, 0.5))
    if path.startswith("/catalog"):
        return 200, JSON, json.dumps({"tables": ["flights", "carriers"], "checked": "2026-05-01"}).encode()
    if path.startswith("/chart"):
        return 200, JSON, json.dumps({"mark": "bar", "title": "Flights by carrier"}).encode()
    return 200, JSON, json.dumps({"rows": rows(len(body) % 7)}).encode()


class Candidate:
    """What is wrong with it is switched as the story goes on."""

    def __init__(self):
        self.throttled = 0.0
        self.microseconds = False
        self.slow_charts = False
        self.calls = itertools.count(1)

    def __call__(self, method, path, body):
        time.sleep(random.lognormvariate(-5.8, 0.7))
        if self.slow_charts and path.startswith("/chart") and random.random() < 0.5:
            time.sleep(random.uniform(0.2, 0.24))
        if random.random() < self.throttled:
            return 500, JSON, json.dumps({"error": {
                "type": "ProvisionedThroughputExceededException",
                "message": "The level of configured provisioned throughput was exceeded"}}).encode()
        # By count and not by chance: each phase has some, however short it is.
        if next(self.calls) % 80 == 0:
            return 503, JSON, b'{"error":"warming up"}'
        if path.startswith("/catalog"):
            return 200, JSON, json.dumps({"tables": ["flights", "carriers"], "checked": None}).encode()
        if path.startswith("/chart"):
            title = "flights by carrier" if random.random() < 0.3 else "Flights by carrier"
            return 200, JSON, json.dumps({"mark": "bar", "title": title}).encode()
        answer = rows(len(body) % 7)
        for row in answer:
            row["mean_delay"] = float.fromhex(float.hex(row["mean_delay"])) * (1 + 2**-52)
            if self.microseconds:
                row["at"] *= 1000
        return 200, JSON, json.dumps({"rows": answer}).encode()


class Clients:
    """A few clients that never stop asking."""

    def __init__(self, port, count):
        self.port = port
        self.stopping = threading.Event()
        self.threads = [threading.Thread(target=self.ask, args=(n,), daemon=True) for n in range(count)]
        for thread in self.threads:
            thread.start()

    def ask(self, number):
        chance = random.Random(number)
        connection = harness.http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        while not self.stopping.is_set():
            headers = {"x-account-id": f"account-{chance.randrange(400)}", **JSON,
                       "traceparent": f"00-{chance.randrange(1, 2**128):032x}-{chance.randrange(1, 2**64):016x}-01"}
            kind = chance.random()
            try:
                if kind < 0.6:
                    connection.request("POST", "/query", b"x" * chance.randrange(20, 90), headers)
                elif kind < 0.8:
                    connection.request("GET", "/catalog", headers=headers)
                else:
                    connection.request("GET", "/chart", headers=headers)
                connection.getresponse().read()
            except OSError:
                connection.close()
            self.stopping.wait(chance.expovariate(60))

    def stop(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join()


def attribute(name, value):
    kind = "stringValue" if isinstance(value, str) else "doubleValue"
    return {"key": name, "value": {kind: value}}


def send_spans(server):
    """One trace as another program would send it."""
    now_ns = time.time_ns()
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    spans = [("GET /dashboard", "flamingo", "a1", "", 0, 182.0, ""),
             ("compile chart", "flamingo", "a2", "a1", 4, 11.5, ""),
             ("query", "flamingo", "a3", "a1", 17, 120.0, ""),
             ("POST /query", "data-engine", "a4", "a3", 21, 108.0, ""),
             ("plan", "data-engine", "a5", "a4", 22, 3.2, ""),
             ("scan flights", "data-engine", "a6", "a4", 27, 71.0, ""),
             ("read catalog", "data-engine", "a7", "a6", 29, 14.0, "throttled once"),
             ("aggregate", "data-engine", "a8", "a4", 99, 27.0, ""),
             ("render", "flamingo", "a9", "a1", 140, 38.0, "")]
    records = []
    for name, service, span, parent, offset_ms, duration_ms, error in spans:
        records.append({"timeUnixNano": str(now_ns + offset_ms * 1_000_000), "attributes": [
            attribute("understudy.dataset", "spans"), attribute("name", name),
            attribute("service.name", service), attribute("trace.trace_id", trace),
            attribute("trace.span_id", span), *([attribute("trace.parent_id", parent)] if parent else []),
            attribute("duration_ms", duration_ms), *([attribute("error", error)] if error else [])]})
    body = json.dumps({"resourceLogs": [{"scopeLogs": [{"logRecords": records}]}]})
    answer = harness.request(server.admin, "/v1/logs", "POST",
                             {**JSON, "content-encoding": "gzip"}, gzip.compress(body.encode()))
    assert answer.status == 200, answer.body
    return trace


def set_mode(server, mode, by, reason):
    server.api(f"/api/migrations/{MIGRATION}/mode", "PUT", {"mode": mode, "by": by, "reason": reason})


def story(server, candidate, seconds):
    """Control alone; a candidate that is throttled; that is mended; compared (in another unit of time
    at first, and with slow charts to the end); in charge for some."""
    clients = Clients(server.port(MIGRATION), 6)
    time.sleep(seconds)
    candidate.throttled = 0.35
    set_mode(server, "fire_and_forget=50,control_only=50", "alice", "first calls to the candidate")
    time.sleep(seconds)
    candidate.throttled = 0
    server.api("/api/markers", "POST", {"type": "deploy", "message": "data-engine 2.1: more read capacity"})
    time.sleep(seconds)
    candidate.microseconds = True
    candidate.slow_charts = True
    set_mode(server, "full_evaluation=60,control_only=40", "alice", "no more throttling")
    time.sleep(seconds)
    candidate.microseconds = False
    server.api("/api/markers", "POST", {"type": "deploy", "message": "data-engine 2.2: milliseconds again"})
    time.sleep(seconds)
    set_mode(server, "candidate_only=10,reverse_evaluation=10,full_evaluation=50,control_only=30", "bob",
             "a tenth of the accounts")
    time.sleep(seconds)
    return clients


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("binary")
    arguments.add_argument("--phase-seconds", type=float, default=2)
    arguments.add_argument("--keep-asking", action="store_true", help="the clients go on until the end")
    arguments.add_argument("--admin", default="", help="more settings of admin:, for example require_keys: true")
    given = arguments.parse_args()
    harness.BINARY = os.path.abspath(given.binary)

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # the server ends with us
    random.seed(1)
    folder = tempfile.mkdtemp(prefix="understudy-web-")
    candidate = Candidate()
    old, new = harness.Service(control), harness.Service(candidate)
    server = harness.Understudy("", folder)
    server.write_config(harness.migration(old, new, name=MIGRATION, more=CRITERIA), admin=given.admin)
    try:
        server.start()
        clients = story(server, candidate, given.phase_seconds)
        if not given.keep_asking:
            clients.stop()
        trace = send_spans(server)
        harness.until("the spans can be queried", lambda: server.count("spans") == 9)
        print(json.dumps({"admin": server.admin, "proxy": server.port(MIGRATION), "trace": trace,
                          "migration": MIGRATION}), flush=True)
        sys.stdin.read()
    finally:
        if server.process:
            server.kill()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
