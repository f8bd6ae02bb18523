"""Builds the example as its own project would: against the installed SDK, nothing from the tree."""

import hashlib
import os
import shutil

from .narrator import StoryFailed
from .processes import run_to_end


class Workshop:
    """The programs the story needs, from the build folder of Understudy.

    `build` is a configured and built tree of this repository. What the demo makes goes below
    `build`/demo; the flights in `data` are made once and serve every later run.
    """

    def __init__(self, root, build, data, deps):
        self.root = root
        self.deps = deps
        self._build = build
        self._data = data
        self.folder = build / "demo"
        self._example = build / "examples" / "flamingo"
        self.understudy = build / "src" / "app" / "understudy"
        self.flamingo = self._example / "flamingo"
        self.data_engine = self._example / "data-engine"
        self.flamingo_load = self._example / "flamingo-load"
        self._flamingo_prepare = self._example / "flamingo-prepare"

    def build_example(self):
        """Installs the SDK into a prefix and builds Flamingo and Data Engine against it, as
        examples/CMakeLists.txt says; what is there already is only looked at."""
        if not self.understudy.exists():
            raise StoryFailed(
                "the build is there", str(self.understudy), "no such file; ./run build makes it"
            )
        self.folder.mkdir(exist_ok=True)
        log = self.folder / "build.log"
        log.write_text("")
        jobs = os.environ.get("JOBS", str(os.cpu_count() or 2))
        run_to_end("building the example",
                   ["cmake", "--build", self._build, "--target", "flamingo", "-j", jobs], log)

    def object_store(self, every):
        """A folder that is the object store with each `every`-th flight. Gives (folder, was there)."""
        flights = self.deps / "vega-datasets" / "flights-3m.parquet"
        if not flights.exists():
            raise StoryFailed("the flights are there", str(flights), "no such file; ./run fetches it")
        size = flights.stat().st_size
        maker = hashlib.sha256(self._flamingo_prepare.read_bytes()).hexdigest()[:12]
        name = f"flights-every-{every}-of-{size}-by-{maker}"
        store = self._data / name
        if store.exists():
            return store, True
        unfinished = self._data / f".{name}.{os.getpid()}"
        unfinished.mkdir(parents=True)
        try:
            command = [self._flamingo_prepare, "--flights", flights, "--every", every]
            run_to_end("filling the object store", [*command, "--data", unfinished],
                       self.folder / "build.log")
            for older in self._data.glob(f"flights-every-{every}-of-*"):
                shutil.rmtree(older, ignore_errors=True)
            unfinished.rename(store)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
        return store, False
