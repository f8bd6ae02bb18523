"""The programs of the demo: started with a log each, stopped by SIGTERM, none forgotten."""

import ctypes
import os
import re
import signal
import subprocess
import time

from .narrator import StoryFailed

PR_SET_PDEATHSIG = 1
START_LIMIT_S = 180  # 3 million rows are loaded before a service listens
STOP_LIMIT_S = 60


class Program:
    """One running program. `log` is where its output went."""

    def __init__(self, name, command, log, process):
        self.name = name
        self.command = command
        self.log = log
        self.process = process

    @property
    def pid(self):
        return self.process.pid

    def is_running(self):
        return self.process.poll() is None

    def how_it_ended(self):
        code = self.process.poll()
        return f"signal {-code}" if code is not None and code < 0 else f"exit code {code}"

    def log_text(self):
        return self.log.read_text(errors="replace")

    def last_words(self):
        lines = self.log_text().strip().splitlines()
        return lines[-1] if lines else "nothing in " + str(self.log)

    def wait_for_line(self, pattern):
        """The match of `pattern` in the log, as soon as the program has written it."""
        limit = time.monotonic() + START_LIMIT_S
        while True:
            was_running = self.is_running()
            found = re.search(pattern, self.log_text())
            if found:
                return found
            if not was_running or time.monotonic() > limit:
                came = "silence" if was_running else self.how_it_ended()
                raise StoryFailed(
                    f"{self.name} starts", f"a line like {pattern!r}", f"{came}: {self.last_words()}"
                )
            time.sleep(0.05)

    def stop(self):
        """SIGTERM, and SIGKILL for one that does not leave. Gives the exit code."""
        if self.is_running():
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(STOP_LIMIT_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        return self.process.returncode


class Programs:
    """All programs of one run. Whatever happens, stop_all() leaves none behind; and should the demo
    itself be killed, the kernel ends them, unless they were asked to stay."""

    def __init__(self, folder, stay, inherited):
        self._folder = folder
        self._stay = stay
        self._inherited = inherited  # a descriptor that lives as long as any of them
        self._libc = ctypes.CDLL(None)
        self.running = []

    def start(self, name, command):
        log = self._folder / f"{name}.log"
        with log.open("w") as out:
            process = subprocess.Popen(
                [str(part) for part in command],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                pass_fds=[self._inherited],
                start_new_session=True,  # Ctrl-C is for the demo, which then stops them in order
                preexec_fn=None if self._stay else self._die_with_parent,
            )
        program = Program(name, command, log, process)
        self.running.append(program)
        return program

    def _die_with_parent(self):
        self._libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)

    def stop(self, program):
        """Gives the exit code."""
        code = program.stop()
        self.running.remove(program)
        return code

    def stop_all(self):
        """Last started first. Gives (name, exit code) of each."""
        return [(program.name, self.stop(program)) for program in reversed(list(self.running))]

    def dead(self):
        """Those that ended without being asked to."""
        return [program for program in self.running if not program.is_running()]


def run_to_end(name, command, log, environment=None):
    """Runs a tool to its end. Gives its output; a failure carries the end of it."""
    done = subprocess.run(
        [str(part) for part in command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env={**os.environ, **(environment or {})},
        check=False,
    )
    with log.open("a") as out:
        out.write(done.stdout)
    if done.returncode != 0:
        tail = "\n".join(done.stdout.strip().splitlines()[-30:])
        raise StoryFailed(name, "exit code 0", f"{done.returncode}; see {log}\n{tail}")
    return done.stdout
