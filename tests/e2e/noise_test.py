"""A control that differs from itself: what is noise is told apart from what is not."""

import json
import time
import uuid

import harness

SAMPLE_ALL = """
    compare: { noise_sample: 100% }
"""
REQUESTS = 30


def restless_service(total):
    """A service with a random id and a clock in its answers."""

    def answer(*_):
        value = {"id": str(uuid.uuid4()), "at": time.time_ns(), "total": total}
        return 200, {"content-type": "application/json"}, json.dumps(value).encode()

    return harness.Service(answer)


class Noise(harness.Case):
    def begin(self, more=SAMPLE_ALL):
        self.control = self.use(restless_service(total=9))
        self.candidate = self.use(restless_service(total=10))
        self.server = self.start(harness.migration(self.control, self.candidate,
                                                   mode="full_evaluation", more=more))

    def ask(self, requests=REQUESTS):
        for _ in range(requests):
            self.server.get("/cart")
        harness.until("all evaluations can be queried", lambda: self.server.count(
            "evaluations", ("comparison.outcome", "=", "mismatch")) >= requests)

    def status(self):
        done = self.server.cli("status", "shop", "--json")
        self.assertIn(done.returncode, (0, 1, 2), done.stderr)
        return json.loads(done.stdout)

    def noisy_places(self):
        return {place["path"] for place in self.status()["noise"]["places"] if place["noisy"]}

    def test_status_names_what_changes_by_itself_and_nothing_else(self):
        self.begin()
        self.ask()
        self.assertEqual(self.noisy_places(), {"$.id", "$.at"})
        status = self.status()
        self.assertEqual(status["noise"]["samples"], REQUESTS)
        for place in status["noise"]["places"]:
            self.assertEqual((place["differed"], place["samples"]), (REQUESTS, REQUESTS))
            self.assertGreater(place["rate_low"], 0.85)
            self.assertFalse(place["more_than_noise"])
        groups = {group["path"]: group for group in status["differences"]["groups"]}
        self.assertEqual(set(groups), {"$.id", "$.at", "$.total"})
        self.assertEqual({group["count"] for group in groups.values()}, {REQUESTS})
        for path in ("$.id", "$.at"):
            self.assertEqual(json.loads(groups[path]["rule"]), {"path": path, "ignore": True})
            self.assertIn(f"control differs from itself here in {REQUESTS} of {REQUESTS}",
                          groups[path]["rule_reason"])
        self.assertNotIn("noise", groups["$.total"])

        text = self.server.cli("status", "shop").stdout
        section = text[text.index("noise        since the rules were agreed: control was asked twice in 30"):]
        section = section[:section.index("errors ")]
        named = [line.split(" ")[2] for line in section.splitlines() if line.startswith("  ")]
        self.assertEqual(set(named), {"$.id", "$.at"}, text)

    def test_it_can_be_queried_and_the_books_add_up(self):
        self.begin()
        self.ask()
        for path in ("$.id", "$.at"):
            self.assertEqual(self.server.count(
                "noise", ("difference.path_pattern", "=", path)), REQUESTS)
        self.assertEqual(self.server.count("noise"), 2 * REQUESTS)
        self.assertEqual(self.server.count("evaluations", ("noise.accounting", "=", "taken")),
                         REQUESTS)
        self.assertGreater(self.server.count("differences", ("difference.noise", ">", 0.3)), 0)
        self.assertEqual(self.server.count(
            "differences", ("difference.noise", ">", 0), ("difference.path", "=", "$.total")), 0)
        self.assertEqual(self.server.settled(REQUESTS)["compared"], REQUESTS)
        calls = self.status()["noise"]["calls"]
        self.assertEqual(calls, {"sampled": REQUESTS, "taken": REQUESTS, "shed": 0, "failed": 0,
                                 "under_way": 0})
        self.assertEqual(len(self.control.seen), 2 * REQUESTS)
        marks = [{name.lower(): value for name, value in headers.items()}.get("understudy-shadow")
                 for _, _, headers in self.control.seen]
        self.assertEqual(marks.count("1"), REQUESTS)
        self.assertEqual(len(self.candidate.seen), REQUESTS)

    def test_what_is_known_survives_a_kill(self):
        self.begin()
        self.ask()
        self.server.kill()
        self.server.start()
        harness.until("the events can be queried again",
                      lambda: self.server.count("noise") == 2 * REQUESTS)
        self.assertEqual(self.noisy_places(), {"$.id", "$.at"})
        self.assertEqual(self.status()["noise"]["source"], "events")

    def test_what_is_ignored_is_noise_no_more(self):
        self.begin()
        self.ask()
        rules = [{"path": path, "ignore": True} for path in ("$.id", "$.at")]
        self.server.cli("flags", "set", "shop.compare", "--value", json.dumps({"rules": rules}))
        self.ask()
        harness.until("new samples can be queried",
                      lambda: self.status()["noise"]["samples"] >= REQUESTS)
        # Differences are events of their own and may be there a little later.
        harness.until("their differences can be queried",
                      lambda: self.status()["differences"]["total"] >= REQUESTS)
        status = self.status()
        self.assertEqual(status["noise"]["places"], [])
        self.assertEqual({group["path"] for group in status["differences"]["groups"]}, {"$.total"})

    def test_it_is_off_unless_asked_for_and_a_reload_turns_it_on(self):
        self.begin(more="")
        self.ask(5)
        self.assertEqual(len(self.control.seen), 5)
        self.assertNotIn("noise ", self.server.cli("status", "shop").stdout)
        self.server.write_config(harness.migration(
            self.control, self.candidate, mode="full_evaluation", more=SAMPLE_ALL))
        self.server.reload()
        self.ask(5)
        harness.until("samples can be queried", lambda: self.status()["noise"]["samples"] == 5)
        self.assertEqual(self.noisy_places(), {"$.id", "$.at"})
        # What was seen before still counts: nothing that was agreed on has changed.
        harness.until("all can be queried", lambda: self.server.count("evaluations") == 10)
        self.assertEqual(self.status()["verdict"]["evaluations"], 10)


if __name__ == "__main__":
    harness.main()
