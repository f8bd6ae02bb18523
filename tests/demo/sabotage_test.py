#!/usr/bin/env python3
"""The demo on services that do not do as they should: the story must end there, say so, and leave
nothing running.

    sabotage_test.py BUILD DATA
"""

import contextlib
import io
import os
import pathlib
import signal
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

from demo_story import processes, stage, story  # noqa: E402 (after the path)

BUILD, DATA = sys.argv[1:3]


class SabotageTest(unittest.TestCase):
    def setUp(self):
        self.started = []
        start = processes.Programs.start

        def remembered(programs, name, command):
            program = start(programs, name, command)
            self.started.append(program)
            return program

        self.replace(processes.Programs, "start", remembered)

    def replace(self, owner, name, value):
        self.addCleanup(setattr, owner, name, getattr(owner, name))
        setattr(owner, name, value)

    def tell(self):
        """Gives the exit code and all that was said."""
        said = io.StringIO()
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            # The narrator's default was bound when its class was made.
            self.replace(story, "Narrator", lambda narrator=story.Narrator: narrator(said))
            code = story.main(["--quick", "--build", BUILD, "--data", DATA])
        for program in self.started:
            self.assertFalse(program.is_running(), program.name)
        return code, said.getvalue()

    def assert_ends_at(self, step):
        code, said = self.tell()
        self.assertEqual(code, 1, said)
        self.assertIn(f"\ndemo: {step}", said)
        self.assertNotIn("The story came out", said)

    def test_a_fix_of_the_capacity_that_does_nothing(self):
        self.replace(stage.Stage, "set_read_capacity", lambda *_: None)
        self.assert_ends_at("Data Engine refuses nothing any more")

    def test_a_deploy_of_the_same_version(self):
        start = stage.Stage.start_data_engine
        self.replace(stage.Stage, "start_data_engine",
                     lambda self, _unit, capacity: start(self, "us", capacity))
        self.assert_ends_at("data-engine 1.1 serves: expected 1.1; came 1.0")

    def test_a_rule_that_accepts_nothing(self):
        self.replace(stage.Migration, "set_compare", lambda *_: None)
        self.assert_ends_at("the difference rate after the rules is 0")

    def test_a_service_that_dies(self):
        set_mode = stage.Stage.set_mode

        def deadly(self, narrator, mix, reason):
            if mix.startswith("full_evaluation"):
                os.kill(self._data_engine.pid, signal.SIGKILL)
                self._data_engine.process.wait()
            return set_mode(self, narrator, mix, reason)

        self.replace(stage.Stage, "set_mode", deadly)
        self.assert_ends_at("data-engine runs: expected a running program; came signal 9")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
