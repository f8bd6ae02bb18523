"""Configuration changes and the end of the server, under load."""

import contextlib
import json
import os
import signal
import sqlite3
import threading

import harness


class Load:
    """Clients that send one request after another until they are told to stop."""

    def __init__(self, server, clients=8):
        self.server = server
        self.answers = []
        self.failures = []
        self.stopping = threading.Event()
        self.threads = [threading.Thread(target=self._run, daemon=True) for _ in range(clients)]
        for thread in self.threads:
            thread.start()

    def _run(self):
        port = self.server.port()
        connection = harness.http.client.HTTPConnection("127.0.0.1", port,
                                                        timeout=harness.DEADLINE_S)
        number = 0
        while not self.stopping.is_set():
            number += 1
            try:
                connection.request("GET", f"/{number}")
                answer = connection.getresponse()
                body = answer.read()
                self.answers.append((answer.status, body))
            except OSError as failure:
                self.failures.append(repr(failure))
                connection.close()
            except harness.http.client.HTTPException as failure:
                self.failures.append(repr(failure))
                connection.close()
            if number % 20 == 0:
                connection.close()  # new connections, too
        connection.close()

    def wait_for(self, answers):
        target = len(self.answers) + answers
        harness.until("the load goes on", lambda: len(self.answers) >= target or self.failures)

    def stop(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join(harness.DEADLINE_S)


class Reload(harness.Case):
    def setUp(self):
        self.old = self.use(harness.json_service({"from": "old"}))
        self.new = self.use(harness.json_service({"from": "new"}))

    def test_no_request_is_lost_while_the_configuration_changes(self):
        listen = f"127.0.0.1:{harness.free_port()}"
        server = self.start(harness.migration(self.old, self.new, listen=listen))
        load = Load(server)
        load.wait_for(50)
        for round in range(6):
            control, candidate = (self.new, self.old) if round % 2 == 0 else (self.old, self.new)
            server.write_config(harness.migration(control, candidate, listen=listen))
            server.reload()
            load.wait_for(50)
        load.stop()
        self.assertEqual(load.failures, [])
        self.assertEqual({status for status, _ in load.answers}, {200})
        self.assertEqual({body for _, body in load.answers},
                         {b'{"from": "old"}', b'{"from": "new"}'})
        server.settled(len(load.answers))

    def test_a_migration_is_renamed_on_its_address_without_losing_a_request(self):
        listen = f"127.0.0.1:{harness.free_port()}"
        named = lambda name: harness.migration(self.old, self.new, name=name, listen=listen,
                                               mode="full_evaluation")
        server = self.start(named("shop"))
        load = Load(server)
        for name in ("store", "shop", "market"):
            load.wait_for(50)
            server.write_config(named(name))
            server.reload()
            self.assertNotIn("not reloaded", server.log())
        load.wait_for(50)
        load.stop()
        self.assertEqual(load.failures, [])
        self.assertEqual({answer for answer in load.answers}, {(200, b'{"from": "old"}')})
        # Not one went by without its flag, or was compared without its rules.
        harness.until("every request is an evaluation",
                      lambda: server.count("evaluations") == len(load.answers))
        self.assertEqual(server.count("evaluations", ("evaluation.mode", "=", "full_evaluation")),
                         len(load.answers))
        self.assertEqual(
            server.count("evaluations", ("evaluation.accounting", "=", "not_comparable")), 0)

    def test_migrations_exchange_their_addresses_in_one_reload(self):
        first, second = (f"127.0.0.1:{harness.free_port()}" for _ in range(2))
        both = lambda a, b: (harness.migration(self.old, self.old, name="shop", listen=a) +
                             harness.migration(self.new, self.new, name="store", listen=b))
        server = self.start(both(first, second))
        load = Load(server)
        for round in range(4):
            load.wait_for(50)
            server.write_config(both(second, first) if round % 2 == 0 else both(first, second))
            server.reload()
        load.wait_for(50)
        load.stop()
        self.assertEqual(load.failures, [])
        self.assertEqual({status for status, _ in load.answers}, {200})
        self.assertNotIn("not reloaded", server.log())

    def test_a_bad_configuration_changes_nothing_and_says_why(self):
        server = self.start(harness.migration(self.old, self.new))
        server.write_config(harness.migration(self.new, self.old), settings="wrokers: 2\n")
        server.reload()
        self.assertIn("not reloaded, the former configuration stays", server.log())
        self.assertIn('wrokers: is not a known key; did you mean "workers"?', server.log())
        self.assertEqual(server.get().body, b'{"from": "old"}')

    def test_a_port_in_use_changes_nothing_and_says_where_it_stands(self):
        server = self.start(harness.migration(self.old, self.new))
        with harness.socket.create_server(("127.0.0.1", 0)) as taken:
            listen = f"127.0.0.1:{taken.getsockname()[1]}"
            server.write_config(harness.migration(self.new, self.old) +
                                harness.migration(self.old, self.new, name="second", listen=listen))
            server.reload()
        self.assertIn("not reloaded, the former configuration stays: "
                      f"{server.config_file}:11: migrations[1].listen: {listen} is already in use "
                      "by another process", server.log())
        self.assertEqual(server.get().body, b'{"from": "old"}')
        answer = harness.request(server.admin, "/api/migrations/second")
        self.assertEqual(answer.status, 404)

    def test_a_reload_that_cannot_store_its_flags_changes_nothing(self):
        server = self.start(harness.migration(self.old, self.new))
        with contextlib.closing(sqlite3.connect(f"{server.folder}/data/state.db")) as other:
            other.execute("BEGIN IMMEDIATE")  # nobody else can write now
            server.write_config(harness.migration(self.new, self.old, mode="candidate_only"))
            server.reload()
            other.rollback()
        self.assertIn("not reloaded, the former configuration stays: "
                      f"{server.config_file}:1: data_dir: {server.folder}/data/state.db is held by "
                      "another process", server.log())
        self.assertEqual(server.get().body, b'{"from": "old"}')
        server.reload()
        self.assertEqual(server.get().body, b'{"from": "old"}', "candidate_only of the new pair")
        self.assertIn("candidate_only=100", server.cli("mode", "get", "shop").stdout)

    def test_a_migration_can_be_added_and_removed(self):
        first = harness.migration(self.old, self.new)
        server = self.start(first)
        port = harness.free_port()
        second = harness.migration(self.new, self.old, name="second", listen=f"127.0.0.1:{port}",
                                   mode="full_evaluation")
        server.write_config(first + second)
        server.reload()
        self.assertEqual(harness.request(port).body, b'{"from": "new"}')
        self.assertEqual(server.settled(1, "second")["compared"], 1)
        server.write_config(first)
        server.reload()
        with self.assertRaises(ConnectionRefusedError):
            harness.request(port)
        self.assertEqual(server.get().body, b'{"from": "old"}')

    def test_the_admin_port_of_this_server_is_not_called_another_process(self):
        server = self.start(harness.migration(self.old, self.new))
        listen = f"127.0.0.1:{server.admin}"
        server.write_config(harness.migration(self.new, self.old, name="second", listen=listen))
        answer = harness.request(server.admin, "/api/reload", "POST",
                                 {"content-type": "application/json"})
        self.assertEqual(answer.status, 409)
        self.assertEqual(json.loads(answer.body)["error"],
                         f"{server.config_file}:5: migrations[0].listen: {listen} is in use by "
                         "the admin interface of this server until a restart")
        self.assertEqual(server.get().body, b'{"from": "old"}')

    def test_the_configuration_does_not_undo_what_a_person_set(self):
        server = self.start(harness.migration(self.old, self.new))
        server.set_mode("candidate_only")
        server.reload()
        self.assertEqual(server.get().body, b'{"from": "new"}')


class Stop(harness.Case):
    def setUp(self):
        self.release = threading.Event()
        self.addCleanup(self.release.set)
        self.asked = threading.Event()

        def slow(method, path, body):
            if path == "/slow":
                self.asked.set()
                self.release.wait(harness.DEADLINE_S)
            return 200, {}, b"done"

        self.service = self.use(harness.Service(slow))

    def begin_slow_request(self, server):
        answers = []

        def ask():
            try:
                answers.append(server.get("/slow").body)
            except (OSError, harness.http.client.HTTPException) as failure:
                answers.append(repr(failure))

        thread = threading.Thread(target=ask, daemon=True)
        thread.start()
        self.assertTrue(self.asked.wait(harness.DEADLINE_S))
        return thread, answers

    def test_a_request_under_way_is_answered_before_the_end(self):
        server = self.start(harness.migration(self.service, self.service))
        thread, answers = self.begin_slow_request(server)
        server.process.send_signal(signal.SIGTERM)
        harness.until("it stops", lambda: "stopping" in server.log())

        def refused():
            try:
                server.get("/")
                return False
            except OSError:
                return True

        harness.until("new clients are refused", refused)
        self.release.set()
        thread.join(harness.DEADLINE_S)
        self.assertEqual(answers, [b"done"])
        self.assertEqual(server.process.wait(harness.DEADLINE_S), 0)
        server.start()
        self.assertEqual(server.count("evaluations", ("url.path", "=", "/slow")), 1)

    def test_a_request_that_takes_longer_than_the_drain_is_cut_off(self):
        server = self.start(harness.migration(self.service, self.service),
                            settings="drain_timeout: 200ms\n")
        thread, answers = self.begin_slow_request(server)
        self.assertEqual(server.stop(), 0)
        thread.join(harness.DEADLINE_S)
        self.assertNotEqual(answers, [b"done"])
        self.assertIn("cut off", server.log())

    def test_a_second_signal_ends_it_at_once(self):
        server = self.start(harness.migration(self.service, self.service))
        self.begin_slow_request(server)
        server.process.send_signal(signal.SIGTERM)
        harness.until("it stops", lambda: "stopping" in server.log())
        server.process.send_signal(signal.SIGTERM)
        self.assertEqual(server.process.wait(harness.DEADLINE_S), 1)

    def test_an_open_event_stream_does_not_hold_up_the_end(self):
        server = self.start(harness.migration(self.service, self.service))
        connection = harness.http.client.HTTPConnection("127.0.0.1", server.admin)
        self.addCleanup(connection.close)
        connection.request("GET", "/all")
        connection.getresponse().readline()
        self.assertEqual(server.stop(), 0)


if __name__ == "__main__":
    harness.main()
