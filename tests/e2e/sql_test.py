"""A person's SQL runs in a process of its own: what it answers, and that it hurts nobody."""

import http.client
import json
import os
import signal
import threading
import time

import harness


def growing_text(levels):
    """A text that doubles at each level."""
    sql = "SELECT 'x'||time::VARCHAR AS a FROM evaluations"
    for _ in range(levels):
        sql = f"SELECT a||a AS a FROM ({sql})"
    return f"SELECT len(a) FROM ({sql})"


ENDLESS = "SELECT sum(a.range % 7 * b.range) FROM range(10000000) a, range(10000000) b"


class Sql(harness.Case):
    def setUp(self):
        service = self.use(harness.json_service({"a": 1}))
        self.server = self.start(harness.migration(service, service, mode="full_evaluation"))

    def ask(self, sql, **more):
        answer = harness.request(self.server.admin, "/api/sql", "POST",
                                 {"content-type": "application/json"},
                                 json.dumps({"sql": sql, **more}), timeout_s=90)
        return answer.status, json.loads(answer.body)

    def requests_recorded(self, wanted):
        harness.until("the events are there", lambda: self.ask(
            "SELECT count(*) FROM evaluations")[1].get("rows") == [[wanted]])

    def children(self):
        """Process ids and states of the server's children."""
        found = []
        for name in os.listdir("/proc"):
            if not name.isdigit():
                continue
            try:
                with open(f"/proc/{name}/stat") as file:
                    state, parent = file.read().rpartition(")")[2].split()[:2]
            except OSError:
                continue
            if int(parent) == self.server.process.pid:
                found.append((int(name), state))
        return found

    def memory_kb(self):
        with open(f"/proc/{self.server.process.pid}/status") as file:
            return next(int(line.split()[1]) for line in file if line.startswith("VmRSS"))

    def working(self):
        """The ids of children that run."""
        return [child for child, state in self.children() if state != "Z"]

    def leave_in_the_middle(self, sql):
        """A request whose client goes once a process is at work."""
        connection = http.client.HTTPConnection("127.0.0.1", self.server.admin)
        connection.request("POST", "/api/sql", json.dumps({"sql": sql}),
                           {"content-type": "application/json"})
        harness.until("a process runs it", self.working)
        connection.close()

    def test_events_of_a_moment_ago_are_in_the_answer(self):
        for _ in range(3):
            self.server.get("/a")
        self.requests_recorded(3)
        status, body = self.ask('SELECT "http.request.method" AS m, count(*) AS n, '
                                "max(time) > '2026-01-01' AS new FROM evaluations GROUP BY ALL")
        self.assertEqual((status, body.get("rows")), (200, [["GET", 3, True]]), body)
        self.assertEqual([column["type"] for column in body["columns"]],
                         ["varchar", "bigint", "boolean"])
        self.assertEqual(self.ask("SELECT count(*) FROM evaluations a JOIN Evaluations b "
                                  "ON a.time = b.time")[1]["rows"], [[3]])
        self.assertEqual(self.ask("SELECT * FROM range(1000)", limit=5)[1]["truncated"], True)

    def test_events_in_segments_and_in_memory_are_one_table(self):
        service = self.use(harness.json_service({"a": 1}))
        self.server = self.start(harness.migration(service, service, mode="full_evaluation"),
                                 settings="store: { segment_age: 1s }\n")
        for _ in range(3):
            self.server.get("/a")
        folder = os.path.join(self.server.data_dir, "segments")
        harness.until("there is a segment", lambda: [
            file for _, _, files in os.walk(folder) for file in files if file.endswith(".parquet")])
        for _ in range(2):
            self.server.get("/b")
        self.requests_recorded(5)
        self.assertEqual(self.ask('SELECT "url.path", count(*) FROM evaluations GROUP BY ALL '
                                  "ORDER BY 1")[1].get("rows"), [["/a", 3], ["/b", 2]])

    def test_what_is_no_select_is_refused_as_ever(self):
        for sql in ("SELECT * FROM '/proc/self/fd/64'", "SELECT * FROM read_text('/etc/passwd')",
                    "SELECT getenv('HOME')", "CREATE TABLE t (x INT)", "SELECT * FROM evaluation"):
            self.assertEqual(self.ask(sql)[0], 422, sql)

    def test_a_statement_that_grows_hurts_only_itself(self):
        self.server.get("/a")
        self.requests_recorded(1)
        before = self.memory_kb()
        answers = []
        asking = threading.Thread(target=lambda: answers.append(self.ask(growing_text(40))))
        asking.start()
        served = 0
        while asking.is_alive() or served == 0:
            self.assertEqual(self.server.get("/a").status, 200)
            served += 1
        asking.join()
        status, body = answers[0]
        self.assertEqual(status, 422, body)
        self.assertIn("more memory than", body["error"])
        self.assertLess(self.memory_kb() - before, 100_000)
        self.assertEqual(self.children(), [])
        self.assertEqual(self.ask("SELECT 1")[1]["rows"], [[1]])

    def test_a_crash_of_the_engine_ends_its_process_only(self):
        answers = []
        asking = threading.Thread(target=lambda: answers.append(self.ask(ENDLESS)))
        asking.start()
        os.kill(harness.until("a process runs it", self.working)[0], signal.SIGSEGV)
        asking.join()
        status, body = answers[0]
        self.assertEqual(status, 422, body)
        self.assertIn("signal 11", body["error"])
        self.assertEqual(self.children(), [])
        self.assertEqual(self.server.get("/a").status, 200)
        self.assertEqual(self.ask("SELECT 1")[1]["rows"], [[1]])

    def test_time_is_bounded(self):
        begun = time.monotonic()
        status, body = self.ask(ENDLESS, timeout="300ms")
        self.assertEqual(status, 503, body)
        self.assertIn("took longer than its timeout", body["error"])
        self.assertLess(time.monotonic() - begun, 9)
        self.assertEqual(self.children(), [])

    def test_a_process_goes_with_its_client(self):
        self.leave_in_the_middle(ENDLESS)
        begun = time.monotonic()
        harness.until("it is gone", lambda: self.children() == [])
        self.assertLess(time.monotonic() - begun, 9)  # and not by query_timeout

    def test_a_process_goes_with_the_server(self):
        threading.Thread(target=self.ask_in_vain, daemon=True).start()
        child = harness.until("a process runs it", self.working)[0]
        self.server.kill()
        harness.until("it is gone", lambda: not os.path.exists(f"/proc/{child}"))

    def ask_in_vain(self):
        try:
            self.ask(ENDLESS)
        except (OSError, http.client.HTTPException):
            pass

    def test_a_process_has_nothing_of_the_server(self):
        threading.Thread(target=self.ask_in_vain, daemon=True).start()
        child = harness.until("a process runs it", self.working)[0]
        # From here on it has heard what to run.
        harness.until("it bounds its time", lambda: "unlimited" not in self.limit(
            child, "Max cpu time"))
        harness.until("it bounds its memory", lambda: "unlimited" not in self.limit(
            child, "Max address space"))
        self.assertEqual(self.limit(child, "Max file size").split(), ["0", "0"])
        self.assertEqual(self.limit(child, "Max core file size").split(), ["0", "0"])
        with open(f"/proc/{child}/environ") as file:
            self.assertEqual(file.read(), "")
        links = {number: os.readlink(f"/proc/{child}/fd/{number}")
                 for number in os.listdir(f"/proc/{child}/fd")}
        sockets = [number for number, to in links.items() if to.startswith("socket:")]
        self.assertEqual(sockets, ["3"], links)
        self.assertFalse([to for to in links.values() if self.server.data_dir in to], links)
        with open(f"/proc/{child}/status") as file:
            self.assertIn("NoNewPrivs:\t1", file.read())

    def test_no_descriptor_of_the_server_would_be_inherited(self):
        self.server.get("/a")
        self.requests_recorded(1)
        self.ask("SELECT * FROM evaluations")
        folder = f"/proc/{self.server.process.pid}/fd"
        for number in os.listdir(folder):
            if int(number) <= 2:
                continue
            try:
                to = os.readlink(f"{folder}/{number}")
                with open(f"{folder}info/{number}") as file:
                    flags = next(int(line.split()[1], 8) for line in file if "flags" in line)
            except OSError:
                continue  # closed meanwhile
            self.assertTrue(flags & os.O_CLOEXEC, to)

    def limit(self, process, name):
        with open(f"/proc/{process}/limits") as file:
            line = next(line for line in file if line.startswith(name))
        return " ".join(line[26:].split()[:2])

    def test_twenty_statements_leave_no_process(self):
        for i in range(20):
            self.assertEqual(self.ask(f"SELECT {i}")[1]["rows"], [[i]])
            self.assertEqual(self.children(), [])

    def test_four_run_at_once_and_further_ones_wait_for_their_turn(self):
        answers = []
        threads = [threading.Thread(target=lambda: answers.append(self.ask(ENDLESS, timeout="2s")))
                   for _ in range(6)]
        for thread in threads:
            thread.start()
        most = 0
        while any(thread.is_alive() for thread in threads):
            most = max(most, len(self.children()))
        for thread in threads:
            thread.join()
        self.assertEqual([status for status, _ in answers], [503] * 6)
        self.assertLessEqual(most, 4)
        self.assertEqual(self.children(), [])
        self.assertEqual(self.ask("SELECT 1")[1]["rows"], [[1]])


if __name__ == "__main__":
    harness.main()
