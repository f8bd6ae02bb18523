"""The whole story, from the first build to the last exit code."""

import argparse
import contextlib
import fcntl
import os
import pathlib
import shutil
import signal
import sys

from . import curtain, opening, proxy_between, rehearsal, scale, takeover
from .narrator import Narrator, StoryFailed
from .processes import Programs
from .stage import Stage
from .understudy_api import ApiError
from .workshop import Workshop

ROOT = pathlib.Path(__file__).resolve().parents[2]


def parse_arguments(arguments):
    parser = argparse.ArgumentParser(
        prog="./run demo",
        description="A running service is replaced by a new one under real traffic: two services, "
        "a rehearsal, what it finds, a verdict, the swap and the way back.",
    )
    parser.add_argument("--keep", action="store_true",
                        help="leave the services running afterwards and say where they are")
    parser.add_argument("--quick", action="store_true",
                        help="a sample of the flights and wider margins: the same story in a minute")
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build" / "release",
                        help="a built tree of this repository (default: build/release)")
    parser.add_argument("--data", type=pathlib.Path, default=ROOT / "build" / "demo-data",
                        help="where the object store is kept between runs")
    parser.add_argument("--deps", type=pathlib.Path, default=ROOT / ".deps",
                        help="what scripts/bootstrap has fetched")
    return parser.parse_args(arguments)


def only_run(folder):
    """An empty folder for this run, and the lock that says whose it is. Services that stay inherit
    the lock, so the folder is not emptied under them."""
    folder.mkdir(parents=True, exist_ok=True)
    lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        kept = folder / curtain.KEPT
        came = (f"services that were kept; end them with: kill {kept.read_text()}"
                if kept.exists() else "another run")
        raise StoryFailed("one demo at a time", f"nobody else in {folder}", came) from error
    for entry in folder.iterdir():
        if entry.name == "lock":
            continue
        if entry.is_dir():
            shutil.rmtree(entry)
        else:
            entry.unlink()
    return lock


def tell(narrator, options, workshop, run, lock):
    narrator.say("building Flamingo and Data Engine against the installed SDK")
    workshop.build_example()
    programs = Programs(run, stay=options.keep, inherited=lock)
    stage = Stage(workshop, programs, scale.QUICK if options.quick else scale.FULL, run)
    kept = False
    try:
        opening.set_up(narrator, stage)
        rate = opening.baseline(narrator, stage)
        rehearsal.fire_and_forget(narrator, stage)
        rehearsal.full_evaluation(narrator, stage)
        rehearsal.judged(narrator, stage)
        takeover.take_over(narrator, stage)
        takeover.over_time(narrator, stage)
        curtain.end_traffic(narrator, stage)
        proxy_between.proxy_between(narrator, stage, rate)
        curtain.check_books(narrator, stage)
        if options.keep:
            curtain.stay(narrator, stage, programs)
            kept = True
        else:
            curtain.end(narrator, stage, programs)
    except ApiError:
        stage.check_alive()  # who does not answer may have ended
        raise
    finally:
        if not kept:
            with undisturbed():  # a second, impatient Ctrl-C must not leave half of them behind
                programs.stop_all()
        stage.close()


STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def stop_on_signals():
    """Each ends the story in order, unless it was ignored before, as nohup does."""

    def stop(number, _frame):
        raise KeyboardInterrupt(signal.Signals(number).name)

    for number in STOPPING:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, stop)


@contextlib.contextmanager
def undisturbed():
    """No such signal does anything meanwhile."""
    handlers = {number: signal.signal(number, signal.SIG_IGN) for number in STOPPING}
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


def main(arguments):
    options = parse_arguments(arguments)
    narrator = Narrator()
    stop_on_signals()
    workshop = Workshop(ROOT, options.build.resolve(), options.data.resolve(),
                        options.deps.resolve())
    run = workshop.folder / "run"
    narrator.title(
        "Understudy: Flamingo hands its queries over to Data Engine",
        "Every number comes from the running services. "
        + ("A sample of the flights, wide margins." if options.quick else "3 million flights."),
    )
    try:
        if not options.build.is_dir():
            raise StoryFailed("the build is there", str(options.build), "no such folder")
        lock = only_run(run)
        try:
            tell(narrator, options, workshop, run, lock)
        finally:
            os.close(lock)
    except StoryFailed as failed:
        print(f"\ndemo: {failed}\ndemo: logs are in {run}", file=sys.stderr)
        return 1
    except ApiError as error:
        print(f"\ndemo: {error}\ndemo: logs are in {run}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\ndemo: stopped before the end", file=sys.stderr)
        return 130
    narrator.say("")
    narrator.say(f"The story came out as it should: {narrator.checks} checks in "
                 f"{narrator.elapsed()}; logs are in {run}")
    return 0
