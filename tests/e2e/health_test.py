"""Active health checks of the services, from the configuration to the books."""

import threading

import harness


class Patient:
    """A service that is well until told otherwise, and counts what it is really asked."""

    def __init__(self, case, name):
        self.well = threading.Event()
        self.well.set()
        self.service = case.use(harness.Service(self.answer))
        self.port = self.service.port
        self.name = name.encode()

    def answer(self, method, path, body):
        if path == "/healthz":
            return (200 if self.well.is_set() else 503), {}, b""
        return 200, {}, self.name

    def asked(self):
        return len([path for _, path, _ in self.service.seen if path != "/healthz"])


HEALTH = "health: { path: /healthz, interval: 100ms, unhealthy_after: 2, healthy_after: 2 }"


class Health(harness.Case):
    def setUp(self):
        self.control = Patient(self, "old")
        self.candidate = Patient(self, "new")
        self.server = self.start(f"""
  - name: shop
    listen: 127.0.0.1:0
    control: {{ url: "http://127.0.0.1:{self.control.port}", {HEALTH} }}
    candidate: {{ url: "http://127.0.0.1:{self.candidate.port}", {HEALTH} }}
    mode: full_evaluation
    fallback: control
""")
        self.wait_for("candidate", "healthy")
        self.wait_for("control", "healthy")

    def health(self, side):
        return self.server.api("/api/migrations/shop")[side]["health"]

    def wait_for(self, side, state):
        harness.until(f"{side} is {state}", lambda: self.health(side)["state"] == state)

    def healthy_metric(self, side):
        text = harness.request(self.server.admin, "/metrics").body.decode()
        name = f'understudy_service_healthy{{migration="shop",side="{side}"}} '
        return next(line for line in text.splitlines() if line.startswith(name))[-1]

    def test_an_unhealthy_candidate_is_left_alone_until_it_is_well_again(self):
        self.assertEqual(self.server.get().body, b"old")
        self.candidate.well.clear()
        self.wait_for("candidate", "unhealthy")
        self.assertEqual(self.health("candidate")["last_failure"], "status 503")
        self.assertEqual(self.healthy_metric("candidate"), "0")
        self.assertEqual(self.healthy_metric("control"), "1")
        self.assertIn("unhealthy    candidate since ", self.server.cli("status", "shop").stdout)

        asked = self.candidate.asked()
        for _ in range(5):
            self.assertEqual(self.server.get().body, b"old")
        self.server.set_mode("candidate_only")
        self.assertEqual(self.server.get().body, b"old")
        self.assertEqual(self.server.get(method="POST", body=b"x").body, b"old")
        self.assertEqual(self.candidate.asked(), asked)
        accounts = self.server.settled(8)
        self.assertEqual((accounts["compared"], accounts["shed"], accounts["not_sampled"]), (1, 5, 2))
        harness.until("the judge sees whose turn it was", lambda: self.server.count(
            "evaluations", ("candidate.error.type", "=", "unhealthy")) == 2)

        self.candidate.well.set()
        self.wait_for("candidate", "healthy")
        self.assertEqual(self.server.get().body, b"new")
        log = self.server.log()
        self.assertEqual(log.count("migration shop: candidate is unhealthy"), 1)
        self.assertEqual(log.count("migration shop: candidate is healthy again"), 1)

    def test_an_unhealthy_control_is_seen_and_still_serves(self):
        self.control.well.clear()
        self.wait_for("control", "unhealthy")
        self.assertEqual(self.server.get().body, b"old")
        self.assertEqual(self.server.settled(1)["compared"], 1)
        self.assertEqual(self.healthy_metric("control"), "0")

    def test_health_is_shown_only_of_services_that_are_asked(self):
        self.server.write_config(harness.migration(self.control.port, self.candidate.port))
        self.server.reload()
        self.assertNotIn("health", self.server.api("/api/migrations/shop")["control"])
        self.assertEqual(self.server.stop(), 0)


if __name__ == "__main__":
    harness.main()
