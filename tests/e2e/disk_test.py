"""A disk that is full or cannot be written while the server runs: clients notice nothing, what was
acknowledged is kept, operators are told, and recording resumes by itself."""

import contextlib
import json
import os
import subprocess

import harness


class Disk(harness.Case):
    def serve_on(self, disk):
        self.control = self.use(harness.json_service({"a": 1}))
        self.candidate = self.use(harness.json_service({"a": 2}))
        server = harness.Understudy("", self.folder())
        server.data_dir = f"{disk}/data"
        server.write_config(harness.migration(self.control, self.candidate,
                                              mode="full_evaluation"))
        self.addCleanup(lambda: server.process.poll() is None and server.kill())
        return server.start()

    def ask(self, server, requests=20):
        for _ in range(requests):
            answer = server.get("/" + "x" * 1000)
            self.assertEqual((answer.status, answer.body), (200, b'{"a": 1}'))

    def metric(self, server, name):
        text = harness.request(server.admin, "/metrics").body.decode()
        return int(next(line for line in text.splitlines() if line.startswith(name + " ")).split()[1])

    def acknowledge(self, server, number):
        """Sends an event of our own; whether it was acknowledged."""
        body = json.dumps({"resourceLogs": [{"scopeLogs": [{"logRecords": [{
            "timeUnixNano": str(harness.time.time_ns()), "attributes": [
                {"key": "understudy.dataset", "value": {"stringValue": "mine"}},
                {"key": "number", "value": {"intValue": str(number)}},
                {"key": "text", "value": {"stringValue": "y" * 2000}}]}]}]}]})
        answer = harness.request(server.admin, "/v1/logs", "POST",
                                 {"content-type": "application/json"}, body)
        self.assertIn(answer.status, (200, 503), answer.body)
        return answer.status == 200

    def expect_failing(self, server, why):
        """Traffic goes on; counter, log, status and the answer to a change say what is wrong."""
        harness.until("recording fails", lambda: self.ask(server) or
                      self.metric(server, "understudy_store_failing") == 1)
        dropped = self.metric(server, "understudy_recorder_events_dropped")
        self.ask(server)
        harness.until("more is dropped", lambda: self.metric(
            server, "understudy_recorder_events_dropped") > dropped)
        self.assertGreater(self.metric(server, "understudy_store_append_failures_total"), 0)
        self.assertIn("dropped, traffic goes on: ", server.log())
        self.assertIn(why, server.log())
        status = server.cli("status", "shop").stdout
        self.assertRegex(status, r"recording +FAILS since .*" + why + r"; traffic goes on, [\d,]+ "
                         r"events dropped")
        self.assertEqual(harness.request(server.admin, "/readyz").status, 200)
        books = server.accounting()
        harness.until("the books add up", lambda: server.accounting()["adds_up"])
        self.assertEqual(books["accounts"]["shed"], 0)

    def test_a_full_disk_and_room_again(self):
        disk = self.disk("size=4m")
        server = self.serve_on(disk)
        self.ask(server)
        acknowledged = [number for number in range(20) if self.acknowledge(server, number)]
        self.assertEqual(len(acknowledged), 20)

        filler = f"{disk}/filler"
        with open(filler, "wb", buffering=0) as file, contextlib.suppress(OSError):
            while True:
                file.write(b"x" * 4096)
        self.expect_failing(server, "No space left on device")
        acknowledged += [number for number in range(20, 40) if self.acknowledge(server, number)]

        before = server.cli("mode", "get", "shop").stdout
        refused = server.cli("mode", "set", "shop", "candidate_only")
        self.assertEqual(refused.returncode, 1)
        self.assertRegex(self.one_line(refused.stderr),
                         "state.db cannot grow: the disk is full or its size limit is reached")
        answer = harness.request(server.admin, "/api/migrations/shop/mode", "PUT",
                                 {"content-type": "application/json"},
                                 json.dumps({"mode": "candidate_only"}))
        self.assertEqual(answer.status, 503)
        self.assertEqual(server.cli("mode", "get", "shop").stdout, before)
        self.ask(server)

        os.remove(filler)
        harness.until("recording resumes", lambda: self.ask(server, 1) or
                      self.metric(server, "understudy_store_failing") == 0)
        self.assertIn("event log: written again", server.log())
        self.assertRegex(server.cli("status", "shop").stdout,
                         r"recording +works; [\d,]+ events dropped since the start")
        acknowledged += [number for number in range(40, 60) if self.acknowledge(server, number)]
        self.assertGreaterEqual(len(acknowledged), 40)
        server.set_mode("fire_and_forget=7")
        written = self.metric(server, "understudy_recorder_events_written")
        server.kill()

        server.start()
        self.assertIn("fire_and_forget=7", server.cli("mode", "get", "shop").stdout)
        kept = server.api("/api/query", "POST", {
            "dataset": "mine", "time_range": 3600, "limit": 1000,
            "breakdowns": ["number"], "calculations": [{"op": "COUNT"}]})["data"]["results"]
        self.assertEqual(sorted((one["data"]["number"], one["data"]["COUNT"]) for one in kept),
                         [(number, 1) for number in acknowledged])
        self.assertGreaterEqual(server.count("evaluations") + server.count("differences"), written)

    def test_a_disk_that_goes_read_only(self):
        disk = self.disk_that_can_fail()
        server = self.serve_on(disk)
        self.ask(server)
        self.assertTrue(self.acknowledge(server, 1))
        before = server.cli("mode", "get", "shop").stdout
        subprocess.run(["mount", "-o", "remount,abort", disk], check=True)
        self.expect_failing(server, "Read-only file system")
        self.assertFalse(self.acknowledge(server, 2))
        done = server.cli("mode", "set", "shop", "candidate_only")
        self.assertEqual(done.returncode, 1)
        self.assertIn("data/state.db", self.one_line(done.stderr))
        self.assertEqual(server.cli("mode", "get", "shop").stdout, before)
        self.ask(server)
        self.assertEqual(server.stop(), 0)


if __name__ == "__main__":
    harness.main()
