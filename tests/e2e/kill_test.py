"""kill -9 of the whole program at random moments, under load: what was acknowledged is there after
the restart, once and unchanged, the mode is as last set, and everything opens.

UNDERSTUDY_KILLS says how often, UNDERSTUDY_SEED when exactly.
"""

import contextlib
import json
import os
import random
import threading
import time

import harness

KILLS = int(os.environ.get("UNDERSTUDY_KILLS", "20"))
SEED = int(os.environ.get("UNDERSTUDY_SEED", "20261125"))
INGESTERS = 2
# The longest time from the start of a load to the kill.
LIFE_S = 0.6
# So much of each life is spent starting up, when killed there.
START_S = 0.15
SETTINGS = "workers: 2\nstore: { log_file_bytes_max: 64KiB }\n"  # files are begun all the time
GONE = (OSError, harness.http.client.HTTPException)


class Life:
    """Everything that goes on between a start and a kill, and what was acknowledged of it."""

    def __init__(self, server, number, shares):
        self.server, self.number, self.shares = server, number, shares
        self.events = [0] * INGESTERS  # acknowledged by each ingester: 1, 2, ... so many
        self.mode_sent = None          # the last change that was sent,
        self.mode_acknowledged = None  # and the last that was answered
        self.answers = 0
        self.wrong = []
        self.written = 0
        self.stopping = threading.Event()
        jobs = [self._change_modes, self._ask, self._ask, self._watch]
        jobs += [lambda t=t: self._ingest(t) for t in range(INGESTERS)]
        self.threads = [threading.Thread(target=job, daemon=True) for job in jobs]
        for thread in self.threads:
            thread.start()

    def _until_killed(self, port, step):
        connection = harness.http.client.HTTPConnection("127.0.0.1", port,
                                                        timeout=harness.DEADLINE_S)
        with contextlib.closing(connection), contextlib.suppress(*GONE):
            while not self.stopping.is_set():
                step(connection)

    def _send(self, connection, method, path, value=None):
        connection.request(method, path, json.dumps(value),
                           {"content-type": "application/json"})
        answer = connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            self.wrong.append((path, answer.status, body))
        return body

    def _ingest(self, thread):
        def step(connection):
            number = self.events[thread] + 1
            attributes = {"life": self.number, "thread": thread, "number": number}
            self._send(connection, "POST", "/v1/logs", {"resourceLogs": [{"scopeLogs": [{
                "logRecords": [{"timeUnixNano": str(time.time_ns()), "attributes": [
                    {"key": "understudy.dataset", "value": {"stringValue": "mine"}},
                    *({"key": key, "value": {"intValue": str(value)}}
                      for key, value in attributes.items()),
                    {"key": "text", "value": {"stringValue": f"text {number * 7919}"}},
                ]}]}]}]})
            self.events[thread] = number

        self._until_killed(self.server.admin, step)

    def _change_modes(self):
        def step(connection):
            share = next(self.shares) / 1000
            self.mode_sent = share
            self._send(connection, "PUT", "/api/migrations/shop/mode",
                       {"mix": {"full_evaluation": share, "control_only": 100 - share}})
            self.mode_acknowledged = share

        self._until_killed(self.server.admin, step)

    def _ask(self):
        def step(connection):
            connection.request("GET", "/")
            answer = connection.getresponse()
            body = answer.read()
            if (answer.status, body) != (200, b'{"a": 1}'):
                self.wrong.append(("/", answer.status, body))
            self.answers += 1

        self._until_killed(self.server.port(), step)

    def _watch(self):
        def step(connection):
            connection.request("GET", "/metrics")
            for line in connection.getresponse().read().decode().splitlines():
                if line.startswith("understudy_recorder_events_written "):
                    self.written = int(line.split()[1])

        self._until_killed(self.server.admin, step)

    def kill(self):
        self.server.kill()
        self.stopping.set()
        for thread in self.threads:
            thread.join(harness.DEADLINE_S)


class Kill(harness.Case):
    def setUp(self):
        self.random = random.Random(SEED)
        control = self.use(harness.json_service({"a": 1}))
        candidate = self.use(harness.json_service({"a": 2}))
        self.server = harness.Understudy("", self.folder())
        self.server.write_config(
            harness.migration(control, candidate, mode="{ full_evaluation: 50 }"), SETTINGS)
        self.addCleanup(lambda: self.server.process.poll() is None and self.server.kill())
        self.shares = iter(range(1, 100_000))
        self.lives = []
        self.mode = 50

    def kill_while_it_starts(self):
        self.server.spawn()
        time.sleep(self.random.uniform(0, START_S))
        self.server.kill()

    def live(self):
        life = Life(self.server, len(self.lives), self.shares)
        time.sleep(self.random.uniform(0, LIFE_S))
        life.kill()
        self.assertEqual(life.wrong, [])
        self.lives.append(life)

    def check_mode(self):
        """The last change that was answered, or the one that was under way."""
        found = self.server.api("/api/migrations/shop/mode")["mix"]["full_evaluation"]
        allowed = [self.mode]
        if self.lives:
            last = self.lives[-1]
            if last.mode_acknowledged is not None:
                allowed = [last.mode_acknowledged]
            if last.mode_sent is not None:
                allowed.append(last.mode_sent)
        self.assertIn(found, allowed, "the mode is not as last set")
        self.mode = found

    def check_events(self):
        """Each ingester's events, without a gap and without a repetition."""
        def read():
            events = self.metric("understudy_store_replay_events")
            return 0 < events == self.metric("understudy_store_replay_events_done")

        harness.until("the log is read", read)
        found = self.server.api("/api/query", "POST", {
            "dataset": "mine", "time_range": 7200, "limit": 1000, "breakdowns": ["life", "thread"],
            "calculations": [{"op": "COUNT"}, {"op": "COUNT_DISTINCT", "column": "number"},
                             {"op": "COUNT_DISTINCT", "column": "text"},
                             {"op": "MAX", "column": "number"}]})["data"]["results"]
        kept = {(one["data"]["life"], one["data"]["thread"]): one["data"] for one in found}
        for life in self.lives:
            for thread, acknowledged in enumerate(life.events):
                what = f"life {life.number}, ingester {thread}, {acknowledged} acknowledged"
                data = kept.get((life.number, thread))
                if data is None:
                    self.assertEqual(acknowledged, 0, what)
                    continue
                # One may have been stored whose answer never came.
                self.assertIn(data["COUNT"], (acknowledged, acknowledged + 1), what)
                for name in ("COUNT_DISTINCT(number)", "COUNT_DISTINCT(text)", "MAX(number)"):
                    self.assertEqual(data[name], data["COUNT"], f"{name}, {what}")
        written = sum(life.written for life in self.lives)
        kept = sum(self.server.count(name) for name in ("evaluations", "differences", "errors"))
        self.assertGreaterEqual(kept, written)

    def metric(self, name):
        text = harness.request(self.server.admin, "/metrics").body.decode()
        return int(next(line for line in text.splitlines() if line.startswith(name + " ")).split()[1])

    def test_at_random_moments_loses_nothing_acknowledged(self):
        for number in range(KILLS):
            if number % 4 == 3:
                self.kill_while_it_starts()
            self.server.start()
            self.check_mode()
            if number % 10 == 9:
                self.check_events()
            self.live()
        self.server.start()
        self.check_mode()
        self.check_events()
        self.assertEqual(self.metric("understudy_store_log_bytes_damaged"), 0)
        events = sum(sum(life.events) for life in self.lives)
        answers = sum(life.answers for life in self.lives)
        modes = sum(life.mode_acknowledged is not None for life in self.lives)
        print(f"{KILLS} kills under load: {events} events of clients, {answers} answers, modes set "
              f"in {modes} lives, nothing lost (UNDERSTUDY_SEED={SEED})", flush=True)
        self.assertGreater(events, 5 * KILLS)
        self.assertGreater(answers, 5 * KILLS)
        self.assertGreater(modes, KILLS // 2)
        self.assertEqual(self.server.stop(), 0)


if __name__ == "__main__":
    harness.main()
