"""What the demo says, and how it checks what came."""

import sys
import time


class StoryFailed(Exception):
    """A step did not come out as it should. Carries what was expected and what came."""

    def __init__(self, what, expected, came):
        super().__init__(f"{what}: expected {expected}; came {came}")


class Narrator:
    """Prints the story as it happens and counts what was checked.

    On a terminal a line of progress is written over itself; elsewhere it appears every
    `PROGRESS_S` seconds.
    """

    PROGRESS_S = 15

    def __init__(self, out=sys.stdout):
        self._out = out
        self._began = time.monotonic()
        self._is_terminal = out.isatty()
        self._progress_shown = False
        self.checks = 0

    def _line(self, text=""):
        self._clear()
        print(text, file=self._out, flush=True)

    def _clear(self):
        if self._progress_shown:
            print("\r\033[K", end="", file=self._out)
            self._progress_shown = False

    def elapsed(self):
        seconds = int(time.monotonic() - self._began)
        return f"{seconds // 60}:{seconds % 60:02}"

    def title(self, text, explanation):
        self._line(self._bold(text))
        self._line(explanation)

    def step(self, number, text):
        self._line()
        self._line(self._bold(f"{number}. {text}") + f"  [{self.elapsed()}]")

    def say(self, text):
        for line in text.splitlines():
            self._line("   " + line)

    def act(self, text):
        """Something that somebody does in the story: a flag, a deploy."""
        self._line(f" > {text}")

    def check(self, what, is_so, expected, came):
        """States `what` when it is so; else ends the story with what was expected and what came."""
        if not is_so:
            self._line(f" NOT {what}")
            raise StoryFailed(what, expected, came)
        self.checks += 1
        self._line(self._green(" ok ") + what)

    def wait(self, what, probe, limit_s, pause_s=0.3):
        """Calls `probe` until it gives (True, value); gives the value.

        `probe` gives (False, text) while it is not so; the text says how far things are.
        """
        began = time.monotonic()
        shown = began
        while True:
            is_so, value = probe()
            now = time.monotonic()
            if is_so:
                self._clear()
                return value
            if now - began > limit_s:
                self._line(f" NOT {what}")
                raise StoryFailed(what, f"it within {limit_s} s", value)
            if self._is_terminal:
                print(f"\r\033[K   ... {what}: {value}"[:120], end="", file=self._out, flush=True)
                self._progress_shown = True
            elif now - shown >= self.PROGRESS_S:
                shown = now
                self._line(f"   ... {what}: {value}")
            time.sleep(pause_s)

    def table(self, head, rows):
        """Columns as wide as needed; numbers to the right."""
        cells = [[str(cell) for cell in row] for row in [head, *rows]]
        widths = [max(len(row[i]) for row in cells) for i in range(len(head))]
        to_right = [
            all(row[i][:1] in "0123456789-+." or not row[i] for row in cells[1:])
            for i in range(len(head))
        ]
        for number, row in enumerate(cells):
            line = "  ".join(
                cell.rjust(width) if right else cell.ljust(width)
                for cell, width, right in zip(row, widths, to_right)
            )
            self._line("   " + line.rstrip())
            if number == 0:
                self._line("   " + "  ".join("-" * width for width in widths))

    def _bold(self, text):
        return f"\033[1m{text}\033[0m" if self._is_terminal else text

    def _green(self, text):
        return f"\033[32m{text}\033[0m" if self._is_terminal else text


def number(value):
    """1,204"""
    return f"{value:,}"


def milliseconds(value):
    """As many digits as say something: 0.42, 4.2, 42, 420."""
    if value is None:
        return ""
    return f"{value:.2f}" if value < 1 else f"{value:.1f}" if value < 10 else f"{value:.0f}"


def percent(value, digits=2):
    return "" if value is None else f"{value:.{digits}f}%"


def shortened(text, length):
    return text if len(text) <= length else text[: length - 3] + "..."
