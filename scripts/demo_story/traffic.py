"""People who look at charts: flamingo-load, and what it saw."""

import json
import subprocess

from .narrator import StoryFailed

END_LIMIT_S = 600


class Traffic:
    """One run of flamingo-load. What it reports is what users saw, measured at their side."""

    def __init__(self, programs, name, command):
        self._programs = programs
        self.program = programs.start(name, command)

    def _lines(self):
        lines = []
        for text in self.program.log_text().splitlines():
            if text.startswith("{") and text.endswith("}"):
                lines.append(json.loads(text))
        return lines

    def so_far(self):
        """The newest line: sent, failed, rate, p50_ms, p99_ms; None before the first."""
        lines = self._lines()
        return lines[-1] if lines else None

    def check_running(self):
        if not self.program.is_running():
            raise StoryFailed("the traffic goes on", "a running program", self.program.last_words())

    def stop(self):
        """Ends it and gives the totals."""
        self._programs.stop(self.program)
        return self._totals()

    def wait_for_end(self):
        """For one that was told how much to send."""
        try:
            self.program.process.wait(END_LIMIT_S)
        except subprocess.TimeoutExpired:
            pass  # its totals say how far it came
        return self.stop()

    def _totals(self):
        last = self.so_far()
        if last is None or not last["done"]:
            raise StoryFailed("the traffic ends in order", "its totals", self.program.last_words())
        return last


def seen_by_users(totals):
    """The errors users saw, in words."""
    errors = totals.get("errors", {})
    return ", ".join(f"{count} {kind}" for kind, count in errors.items()) or "none"
