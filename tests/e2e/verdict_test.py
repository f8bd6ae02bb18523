"""The verdict on services whose behaviour is known: none is judged for what it did not do, and nothing
it did is passed over."""

import json
import threading
import time

import harness

JSON = {"content-type": "application/json"}
SUCCESS = """
    criteria:
      - { success_rate: { no_worse_by: 20% } }
"""


def answering(status, body):
    return harness.Service(lambda *_: (status, JSON, body))


class Verdicts(harness.Case):
    def verdict(self, server, parameters=""):
        """The verdict, which must account for every evaluation of its window."""
        verdict = server.api("/api/migrations/shop" + parameters)["verdict"]
        left_out = sum(one["evaluations"] for one in verdict["excluded"])
        self.assertEqual(verdict["judged"] + left_out, verdict["evaluations"], verdict)
        return verdict

    def recorded(self, server, requests):
        harness.until(f"{requests} evaluations can be queried",
                      lambda: server.count("evaluations") == requests)

    def reasons(self, groups):
        return {one["reason"]: one["evaluations"] for one in groups}

    def test_large_answers_that_fail_are_failures(self):
        control = self.use(answering(200, b"x" * 3_000_000))
        candidate = self.use(answering(500, b"x" * 3_000_000))
        server = self.start(harness.migration(control, candidate, mode="full_evaluation",
                                              more=SUCCESS))
        for _ in range(15):
            self.assertEqual(len(server.get().body), 3_000_000)
        self.recorded(server, 15)
        verdict = self.verdict(server)
        self.assertEqual(verdict["verdict"], "fail", verdict)
        self.assertEqual(verdict["criteria"][0]["candidate"]["measured"]["value"], 0)
        self.assertEqual(verdict["judged"], 15)
        self.assertEqual(self.reasons(verdict["not_compared"]), {"too_large": 15})
        self.assertEqual(server.count("errors", ("exception.type", "=", "http_500")), 15)
        self.assertIn("15 candidate http_500", server.cli("status", "shop").stdout)

    def test_large_answers_that_are_well_pass(self):
        body = b"x" * 2_000_000
        services = [self.use(answering(200, body)) for _ in range(2)]
        server = self.start(harness.migration(*services, mode="full_evaluation", more=SUCCESS))
        for _ in range(40):
            server.get()
        self.recorded(server, 40)
        self.assertEqual(self.verdict(server)["verdict"], "pass")

    def test_what_a_dead_candidate_is_spared_counts_against_it(self):
        control = self.use(answering(200, b"{}"))
        candidate = self.use(answering(200, b"{}"))
        bounds = "    shadow: { breaker_failures: 2, breaker_open_for: 200ms }\n"
        server = self.start(harness.migration(control, candidate, mode="full_evaluation",
                                              more=bounds + SUCCESS.replace("20%", "5%")))
        for _ in range(60):
            server.get()
        candidate.answer = lambda *_: None  # breaks off without an answer
        spared = [("evaluation.reason", "=", "circuit_open")]
        requests = 60

        def next_one():
            nonlocal requests
            server.get()
            requests += 1

        def told(what):
            next_one()
            return what in server.log()

        harness.until("the circuit opens",
                      lambda: told("migration shop: the circuit of the candidate is open: 2 shadow"))
        while server.count("evaluations", *spared) < 40:
            next_one()
        candidate.answer = lambda *_: (200, JSON, b"{}")
        harness.until("the circuit closes",
                      lambda: told("migration shop: the circuit of the candidate is closed again"))
        self.recorded(server, requests)
        verdict = self.verdict(server)
        self.assertEqual(verdict["verdict"], "fail", verdict)
        self.assertIn("requests were not sent to the candidate", verdict["headline"])
        self.assertNotIn("shed", self.reasons(verdict["excluded"]))
        self.assertEqual(self.reasons(verdict["not_compared"])["candidate_not_asked"],
                         server.count("evaluations", *spared))
        self.assertEqual(server.cli("status", "shop").returncode, 1)

    def test_what_the_candidate_fails_alone_in_reverse_is_seen(self):
        control = self.use(answering(200, b"{}"))
        candidate = self.use(harness.Service(
            lambda method, *_: (200 if method == "GET" else 501, JSON, b"{}")))
        server = self.start(harness.migration(control, candidate, mode="reverse_evaluation",
                                              more=SUCCESS))
        for _ in range(60):
            server.get()
        self.recorded(server, 60)
        self.assertEqual(self.verdict(server)["verdict"], "pass")
        for _ in range(50):
            self.assertEqual(server.get(method="POST", body=b"{}").status, 501)
        self.recorded(server, 110)
        verdict = self.verdict(server)
        self.assertEqual(verdict["verdict"], "not_enough_evidence", verdict)
        self.assertIn("50 further requests", verdict["headline"] +
                      verdict["criteria"][0]["explanation"])
        self.assertEqual(self.reasons(verdict["excluded"]), {"not_safe_to_repeat": 50})
        cutover = self.verdict(server, "?population=cutover")
        self.assertEqual(cutover["criteria"][0]["candidate"]["evaluations"], 110)
        self.assertEqual(server.cli("status", "shop").returncode, 2)

    def test_equal_services_slower_than_the_shadow_deadline_do_not_fail(self):
        def slow(*_):
            time.sleep(0.7)  # the work of the service; the shadow call is let 500 ms
            return 200, JSON, b"{}"

        services = [self.use(harness.Service(slow)) for _ in range(2)]
        criteria = SUCCESS + "      - { latency: { quantile: p50, at_most: 1.5 } }\n"
        criteria += "      - { error_classes: { forbid: [timeout] } }\n"
        server = self.start(harness.migration(*services, mode="full_evaluation", more=criteria))
        clients = [threading.Thread(target=server.get) for _ in range(18)]
        for client in clients:
            client.start()
        for client in clients:
            client.join()
        self.recorded(server, 18)
        verdict = self.verdict(server)
        self.assertEqual(verdict["verdict"], "not_enough_evidence", verdict)
        self.assertEqual(self.reasons(verdict["excluded"]), {"shadow_deadline": 18})
        self.assertIn("a longer candidate.timeout", verdict["criteria"][1]["missing"]["text"])
        self.assertEqual(server.count("errors"), 0)

    def test_a_moved_bar_is_not_held_against_what_was_seen_before(self):
        services = [self.use(answering(200, b"{}")) for _ in range(2)]

        def config(margin):
            return harness.migration(*services, mode="full_evaluation", more=f"""
    criteria:
      - {{ success_rate: {{ no_worse_by: {margin} }} }}
""")

        server = self.start(config("20%"))
        for margin, requests in (("30%", 20), ("40%", 25)):
            refused = server.cli("flags", "set", "shop.criteria", "--value", '"anything"')
            self.assertEqual(refused.returncode, 1)
            self.assertIn("change them there and reload", refused.stderr)
            for _ in range(requests):
                server.get()
            harness.until("they are judged", lambda: self.verdict(server)["judged"] == requests)
            server.write_config(config(margin))
            server.reload()
            verdict = self.verdict(server)
            self.assertEqual(verdict["judged"], 0)
            self.assertEqual(verdict["window_reason"], "since the criteria and rules were agreed")
            self.assertNotIn("is not used", server.log())
            agreed = server.api("/api/flags/shop.criteria")["variations"][0]
            self.assertEqual(agreed, verdict["criteria_text"])

    def test_an_older_baseline_is_used_only_when_asked_for(self):
        services = [self.use(answering(200, b"{}")) for _ in range(2)]
        server = self.start(harness.migration(*services, more=SUCCESS))
        for mode in ("control_only", "candidate_only"):
            if mode != "control_only":
                server.set_mode(mode)
            for _ in range(80):
                server.get()
        self.recorded(server, 160)
        verdict = self.verdict(server)
        self.assertEqual(verdict["verdict"], "not_enough_evidence", verdict)
        self.assertNotIn("baseline", verdict)
        self.assertEqual(server.cli("status", "shop").returncode, 2)
        verdict = self.verdict(server, "?baseline=1h")
        self.assertEqual(verdict["verdict"], "pass", verdict)
        self.assertIn("Control is judged by the control_only evaluations of", verdict["headline"])
        asked = server.cli("status", "shop", "--baseline", "1h")
        self.assertEqual(asked.returncode, 0, asked.stdout)

    def test_evidence_that_has_aged_out_is_named(self):
        services = [self.use(answering(200, b"{}")) for _ in range(2)]
        criteria = SUCCESS + "      - { evidence: { duration_min: 1s } }\n"
        server = self.start(harness.migration(*services, mode="full_evaluation", more=criteria),
                            settings="store: { segment_age: 300ms, retention_age: 4s }\n")
        spec = {"dataset": "evaluations", "calculations": [{"op": "COUNT"}], "time_range": 3600}
        first = time.monotonic()
        server.get()
        self.recorded(server, 1)
        self.assertTrue(server.api("/api/query", "POST", spec)["complete"])
        self.assertTrue(self.verdict(server)["complete"])
        connection = harness.http.client.HTTPConnection("127.0.0.1", server.port())
        self.addCleanup(connection.close)
        requests = 1

        def some_are_gone():  # while others keep coming, or soon all are
            nonlocal requests
            for _ in range(100):
                connection.request("GET", "/")
                connection.getresponse().read()
                requests += 1
            verdict = self.verdict(server)
            ended = not verdict["complete"] and verdict["evaluations"] > 0
            return verdict if ended and time.monotonic() > first + 1.5 else None

        verdict = harness.until("the oldest are gone", some_are_gone)
        self.assertLess(verdict["evaluations"], requests)
        self.assertIn("can no longer be queried", verdict["headline"])
        # The first second is not among what is left, and yet it is known.
        self.assertEqual(verdict["criteria"][1]["ruling"], "pass", verdict["criteria"][1])
        answer = server.api("/api/query", "POST", spec)
        self.assertFalse(answer["complete"])
        self.assertIn("complete_since", answer)
        shown = server.cli("query", "evaluations", "--calc", "COUNT", "--last", "1h").stdout
        self.assertIn("not complete:", shown)
        self.assertIn("can no longer be queried", server.cli("status", "shop").stdout.replace("\n  ", " "))

    def test_check_says_when_the_candidate_has_less_time(self):
        control = candidate = harness.free_port()
        folder = self.folder()
        server = harness.Understudy(harness.migration(control, candidate), folder)
        checked = harness.run("check", "-c", server.config_file)
        self.assertEqual(checked.returncode, 0, checked.stderr)
        self.assertIn("candidate.timeout is 500ms, control's 30s", checked.stdout)


if __name__ == "__main__":
    harness.main()
