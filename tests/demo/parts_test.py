#!/usr/bin/env python3
"""The parts of the demo that decide something, without services."""

import io
import os
import pathlib
import select
import signal
import socket
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

from demo_story import chart, rehearsal, stage, story  # noqa: E402 (after the path)
from demo_story.narrator import Narrator, StoryFailed  # noqa: E402
from demo_story.processes import Programs  # noqa: E402


class NarratorTest(unittest.TestCase):
    def setUp(self):
        self.out = io.StringIO()
        self.narrator = Narrator(self.out)

    def test_a_check_that_holds_is_said_and_counted(self):
        self.narrator.check("two is two", True, 2, 2)
        self.assertEqual(self.out.getvalue(), " ok two is two\n")
        self.assertEqual(self.narrator.checks, 1)

    def test_a_check_that_does_not_hold_ends_the_story_with_both_sides(self):
        with self.assertRaises(StoryFailed) as failed:
            self.narrator.check("users see no errors", False, "100%", "97%")
        self.assertIn("expected 100%; came 97%", str(failed.exception))
        self.assertIn("NOT users see no errors", self.out.getvalue())

    def test_waiting_ends_with_the_value_as_soon_as_it_is_so(self):
        answers = iter([(False, "1 of 3"), (False, "2 of 3"), (True, 3)])
        self.assertEqual(self.narrator.wait("three", lambda: next(answers), 60, pause_s=0), 3)

    def test_waiting_in_vain_ends_the_story_and_says_how_far_it_came(self):
        with self.assertRaises(StoryFailed) as failed:
            self.narrator.wait("three", lambda: (False, "2 of 3"), limit_s=-1, pause_s=0)
        self.assertIn("2 of 3", str(failed.exception))

    def test_numbers_of_a_table_stand_to_the_right(self):
        self.narrator.table(["mode", "n"], [["control_only", "7"], ["x", "1,204"]])
        self.assertEqual(self.out.getvalue().splitlines()[2:],
                         ["   control_only      7", "   x             1,204"])


class ChartTest(unittest.TestCase):
    def test_only_a_whole_hundred_is_full(self):
        self.assertEqual([chart.level(value) for value in (None, 0, 99.9, 100)],
                         [" ", "▁", "▇", "█"])

    def test_a_column_shows_the_worst_of_what_falls_into_it(self):
        self.assertEqual(chart.strip([(0, 100), (1, 0), (2, 100)], 0, 2).rstrip(), "▁█")

    def test_marks_of_one_moment_stand_side_by_side(self):
        self.assertEqual(chart.mark_strip([0, 0, 5], 0, 1).rstrip(), "AB   C")

    def test_a_run_of_any_length_fits(self):
        for length in (1, 76, 77, 3600):
            width_s = chart.column_seconds(0, length)
            self.assertLessEqual(length / width_s, chart.COLUMNS_MAX)

    def test_times_with_nine_digits_are_read(self):
        self.assertEqual(chart.seconds_of("1970-01-01T00:01:00.123456789Z"), 60)


class RulesTest(unittest.TestCase):
    def group(self, ulps, explanation="float_ulp"):
        return {"path": "$.rows[*].mean", "explanation": explanation,
                "rule": '{"path": "$.rows[*].mean", "ulps": %d}' % ulps}

    def accepted(self, *groups):
        self.out = io.StringIO()
        rules = {}
        for group in groups:
            rehearsal.accept(Narrator(self.out), rules, group)
        return list(rules.values())

    def test_the_offered_rule_is_taken_as_it_is(self):
        self.assertEqual(self.accepted(self.group(5)), [{"path": "$.rows[*].mean", "ulps": 5}])
        self.assertEqual(self.out.getvalue(), "")

    def test_a_later_rule_only_widens_and_a_bound_of_the_teams_own_is_said(self):
        self.assertEqual(self.accepted(self.group(5), self.group(3)),
                         [{"path": "$.rows[*].mean", "ulps": 5, "absolute": 1e-9}])
        self.assertIn("more differ than the first rule accepts", self.out.getvalue())
        self.assertIn("nothing offered it", self.out.getvalue())

    def test_without_an_offered_rule_the_bound_is_said_to_be_the_teams(self):
        self.assertEqual(self.accepted({"path": "$.x", "explanation": "none"}),
                         [{"path": "$.x", "absolute": 1e-9}])
        self.assertIn("no rule is offered", self.out.getvalue())

    def test_the_rules_on_offer_are_printed(self):
        out = io.StringIO()
        rehearsal.say_groups(Narrator(out), [{"text": "all of it", **self.group(5)}])
        self.assertIn('accept with {"path": "$.rows[*].mean", "ulps": 5}', out.getvalue())


class ProgramsTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.lock = os.open(os.path.join(self.folder.name, "lock"), os.O_CREAT | os.O_RDWR)
        self.addCleanup(os.close, self.lock)
        self.programs = Programs(pathlib.Path(self.folder.name), stay=False, inherited=self.lock)
        self.addCleanup(self.programs.stop_all)

    def test_a_program_that_cannot_start_is_told_with_its_last_words(self):
        program = self.programs.start("service", ["sh", "-c", "echo the port is in use; exit 3"])
        with self.assertRaises(StoryFailed) as failed:
            program.wait_for_line("listening")
        self.assertIn("exit code 3: the port is in use", str(failed.exception))

    def test_stopping_gives_the_exit_code_and_leaves_nobody(self):
        program = self.programs.start("service", ["sh", "-c", "trap 'exit 0' TERM; echo up; "
                                                  "while :; do sleep 0.01; done"])
        program.wait_for_line("up")
        self.assertEqual(self.programs.stop_all(), [("service", 0)])
        self.assertFalse(program.is_running())

    def test_one_that_died_is_noticed(self):
        program = self.programs.start("service", ["true"])
        program.process.wait()
        self.assertEqual(self.programs.dead(), [program])

    def test_none_outlives_a_demo_that_is_killed(self):
        demo = subprocess.Popen(
            [sys.executable, "-B", "-c",
             "import os, pathlib, sys, time; sys.path.insert(0, sys.argv[1])\n"
             "from demo_story.processes import Programs\n"
             "folder = pathlib.Path(sys.argv[2])\n"
             "lock = os.open(folder / 'lock2', os.O_CREAT | os.O_RDWR)\n"
             "programs = Programs(folder, stay=False, inherited=lock)\n"
             "print(programs.start('sleeper', ['sleep', '600']).pid, flush=True)\n"
             "time.sleep(600)\n", str(ROOT / "scripts"), self.folder.name],
            stdout=subprocess.PIPE, text=True)
        with demo:
            child = int(demo.stdout.readline())
            watch = os.pidfd_open(child)
            demo.send_signal(signal.SIGKILL)
        self.addCleanup(os.close, watch)
        # Readable once the process has ended.
        self.assertTrue(select.select([watch], [], [], 60)[0])


class SignalsTest(unittest.TestCase):
    def setUp(self):
        for number in story.STOPPING:
            self.addCleanup(signal.signal, number, signal.signal(number, signal.SIG_DFL))
        story.stop_on_signals()

    def test_each_ends_the_story_in_order(self):
        for number in story.STOPPING:
            with self.assertRaises(KeyboardInterrupt):
                signal.raise_signal(number)

    def test_while_programs_are_stopped_none_disturbs(self):
        with story.undisturbed():
            signal.raise_signal(signal.SIGINT)
        with self.assertRaises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)

    def test_what_nohup_ignores_stays_ignored(self):
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        story.stop_on_signals()
        signal.raise_signal(signal.SIGHUP)


class ReservedPortTest(unittest.TestCase):
    def setUp(self):
        self.reservation, self.port = stage.reserved_port()
        self.addCleanup(self.reservation.close)

    def listen(self, reuse):
        service = socket.socket()
        self.addCleanup(service.close)
        service.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, reuse)
        service.bind((stage.HOST, self.port))
        service.listen()
        return service

    def test_a_service_can_listen_there_and_come_back(self):
        self.listen(reuse=1).close()
        self.listen(reuse=1)
        socket.create_connection((stage.HOST, self.port)).close()

    def test_nobody_answers_there_before_the_service_does(self):
        with self.assertRaises(ConnectionRefusedError):
            socket.create_connection((stage.HOST, self.port))

    def test_others_are_kept_out(self):
        with self.assertRaises(OSError):
            self.listen(reuse=0)


class RunFolderTest(unittest.TestCase):
    def test_a_second_demo_in_the_same_folder_is_refused(self):
        with tempfile.TemporaryDirectory() as name:
            lock = story.only_run(pathlib.Path(name))
            self.addCleanup(os.close, lock)
            with self.assertRaises(StoryFailed):
                story.only_run(pathlib.Path(name))

    def test_the_refusal_says_how_to_end_services_that_were_kept(self):
        with tempfile.TemporaryDirectory() as name:
            lock = story.only_run(pathlib.Path(name))
            self.addCleanup(os.close, lock)
            (pathlib.Path(name) / "kept").write_text("17 4")
            with self.assertRaises(StoryFailed) as refused:
                story.only_run(pathlib.Path(name))
            self.assertIn("kill 17 4", str(refused.exception))

    def test_what_an_earlier_run_left_is_gone(self):
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            (folder / "understudy").mkdir()
            (folder / "understudy" / "state.db").write_text("old")
            (folder / "flamingo.log").write_text("old")
            os.close(story.only_run(folder))
            self.assertEqual([entry.name for entry in folder.iterdir()], ["lock"])

    def test_without_a_build_there_is_one_line_and_exit_code_1(self):
        with tempfile.TemporaryDirectory() as name:
            done = subprocess.run(
                [sys.executable, "-B", ROOT / "scripts" / "demo", "--build", f"{name}/none"],
                capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, 1)
            self.assertIn("no such folder", done.stderr)
            self.assertNotIn("Traceback", done.stderr)


if __name__ == "__main__":
    unittest.main()
