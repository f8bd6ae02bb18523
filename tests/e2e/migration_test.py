"""A migration as its operator sees it: modes, comparisons, queries, verdicts."""

import json
import re

import harness

CRITERIA = """
    criteria:
      - { success_rate: { no_worse_by: 50% } }
      - { difference_rate: { at_most: 50% } }
"""


class Migration(harness.Case):
    def setUp(self):
        self.control = self.use(harness.json_service({"total": 9, "at": 1}))
        self.candidate = self.use(harness.json_service({"total": 9, "at": 2}))
        self.server = self.start(harness.migration(self.control, self.candidate, more=CRITERIA))

    def test_a_mode_takes_effect_on_the_next_request(self):
        self.server.get()
        self.assertEqual(len(self.candidate.seen), 0)
        self.server.set_mode("candidate_only")
        self.assertEqual(json.loads(self.server.get().body), {"total": 9, "at": 2})
        self.assertEqual(len(self.control.seen), 1)
        self.server.set_mode("control_only")
        self.assertEqual(json.loads(self.server.get().body), {"total": 9, "at": 1})

    def test_an_open_connection_follows_the_mode_too(self):
        connection = harness.http.client.HTTPConnection("127.0.0.1", self.server.port())
        self.addCleanup(connection.close)
        bodies = []
        for mode in ("control_only", "candidate_only", "control_only"):
            self.server.set_mode(mode)
            connection.request("GET", "/")
            bodies.append(json.loads(connection.getresponse().read())["at"])
        self.assertEqual(bodies, [1, 2, 1])

    def test_comparisons_become_events_within_two_seconds(self):
        self.server.set_mode("full_evaluation")
        for _ in range(5):
            self.server.get("/cart?id=1")
        harness.until("five evaluations can be queried", lambda: self.server.count(
            "evaluations", ("comparison.outcome", "=", "mismatch")) == 5, deadline_s=2)
        self.assertEqual(self.server.count("differences", ("difference.path", "=", "$.at")), 5)
        self.assertEqual(self.server.settled(5)["compared"], 5)

    def test_a_rule_given_as_a_flag_counts_from_the_next_comparison(self):
        self.server.set_mode("full_evaluation")
        self.server.get()
        self.server.settled(1)
        done = self.server.cli("flags", "set", "shop.compare", "--value",
                               '{"rules": [{"path": "$.at", "ignore": true}]}')
        self.assertEqual(done.returncode, 0, done.stderr)
        self.server.get()
        harness.until("the second answer is taken as the same", lambda: self.server.count(
            "evaluations", ("comparison.outcome", "=", "ignored")) == 1)
        self.assertEqual(self.server.count("differences"), 1)

    def test_status_says_by_its_exit_code_what_the_evidence_says(self):
        self.assertEqual(self.server.cli("status", "shop").returncode, 2)
        self.server.set_mode("full_evaluation")
        for _ in range(40):
            self.server.get()
        harness.until("forty evaluations can be queried",
                      lambda: self.server.count("evaluations") == 40)
        status = self.server.cli("status", "shop", "--json")
        self.assertEqual(status.returncode, 1, status.stdout)
        self.assertEqual(json.loads(status.stdout)["verdict"]["verdict"], "fail")
        self.server.cli("flags", "set", "shop.compare", "--value",
                        '{"rules": [{"path": "$.at", "ignore": true}]}')
        for _ in range(200):
            self.server.get()
        harness.until("two hundred and forty evaluations can be queried",
                      lambda: self.server.count("evaluations") == 240)
        status = self.server.cli("status", "shop")
        self.assertEqual(status.returncode, 0, status.stdout)
        self.assertIn("PASS", status.stdout)
        self.assertEqual(self.server.cli("status", "nothing").returncode, 3)

    def test_the_command_line_answers_in_every_format(self):
        for _ in range(3):
            self.server.get()
        harness.until("three evaluations can be queried",
                      lambda: self.server.count("evaluations") == 3)
        ask = ["query", "evaluations", "--calc", "COUNT", "--by", "evaluation.mode", "--last", "1h"]
        table = self.server.cli(*ask)
        self.assertRegex(table.stdout, r"evaluation.mode +COUNT\ncontrol_only +3\n")
        csv = self.server.cli(*ask, "--csv")
        self.assertEqual(csv.stdout.splitlines(), ["evaluation.mode,COUNT", "control_only,3"])
        answer = json.loads(self.server.cli(*ask, "--json").stdout)
        self.assertEqual(answer["data"]["results"],
                         [{"data": {"evaluation.mode": "control_only", "COUNT": 3}}])
        self.assertRegex(self.server.cli(*ask, "--chart").stdout, r"COUNT\n3 ┤")
        events = self.server.cli("query", "evaluations", "--events", "--columns", "url.path")
        self.assertEqual(events.stdout.count(" /\n"), 3, events.stdout)

    def test_flags_and_markers_keep_their_history(self):
        self.server.set_mode("full_evaluation=10")
        history = self.server.cli("flags", "history", "shop.mode").stdout
        self.assertIn("control_only=90,full_evaluation=10", history)
        self.assertEqual(self.server.cli("markers", "add", "deploy", "1.4.2").returncode, 0)
        markers = self.server.cli("markers", "list").stdout
        self.assertRegex(markers, r"deploy +1.4.2")
        self.assertIn("flag_change", markers)

    def test_an_event_stream_tells_of_a_changed_flag(self):
        connection = harness.http.client.HTTPConnection("127.0.0.1", self.server.admin,
                                                        timeout=harness.DEADLINE_S)
        self.addCleanup(connection.close)
        connection.request("GET", "/all")
        stream = connection.getresponse()
        self.assertEqual(stream.headers["content-type"].split(";")[0], "text/event-stream")
        self.assertEqual(stream.readline(), b"event: put\n")
        self.server.set_mode("full_evaluation=10")
        harness.until("a patch arrives", lambda: stream.readline() == b"event: patch\n")

    def test_a_full_disk_costs_events_and_no_request(self):
        self.server.stop()
        self.server.start(file_bytes_max=256 * 1024)
        self.server.set_mode("full_evaluation")
        for _ in range(300):
            answer = self.server.get("/" + "x" * 2000)
            self.assertEqual(json.loads(answer.body)["at"], 1)
        self.assertEqual(self.server.settled(300)["compared"], 300)
        harness.until("the log says so", lambda: "dropped, traffic goes on" in self.server.log())
        # A batch that is small enough may still fit after one that was not.
        def says_so():
            self.assertEqual(self.server.get("/" + "x" * 2000).status, 200)
            return re.search(r"recording +FAILS since .*File too large; traffic goes on, ",
                             self.server.cli("status", "shop").stdout)
        harness.until("the status says so", says_so)


if __name__ == "__main__":
    harness.main()
