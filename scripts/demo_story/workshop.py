"""Builds the example as its own project would: against the installed SDK, nothing from the tree."""

import hashlib
import os
import re
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
        self._example = self.folder / "flamingo"
        self.understudy = build / "src" / "app" / "understudy"
        self.flamingo = self._example / "flamingo"
        self.data_engine = self._example / "data-engine"
        self.flamingo_load = self._example / "flamingo-load"
        self._flamingo_prepare = self._example / "flamingo-prepare"

    def _setting(self, name):
        """A variable of the build tree's CMake cache."""
        cache = self._build / "CMakeCache.txt"
        if not cache.exists():
            raise StoryFailed("the build is there", str(cache), "no such file; ./run build makes it")
        found = re.search(rf"^{name}:\w+=(.+)$", cache.read_text(), re.MULTILINE)
        return found.group(1) if found else ""

    def build_example(self):
        """Installs the SDK and builds Flamingo and Data Engine against it."""
        if not self.understudy.exists():
            raise StoryFailed(
                "the build is there", str(self.understudy), "no such file; ./run build makes it"
            )
        self.folder.mkdir(exist_ok=True)
        log = self.folder / "build.log"
        log.write_text("")
        prefix = self.folder / "sdk"
        run_to_end(
            "installing the SDK",
            ["cmake", "--install", self._build, "--component", "sdk", "--prefix", prefix],
            log,
        )
        sanitizers = self._setting("UNDERSTUDY_SANITIZE")
        options = [
            "-DCMAKE_BUILD_TYPE=Release",
            "-DFLAMINGO_TESTS=OFF",
            f"-DCMAKE_PREFIX_PATH={prefix}",
            f"-DCMAKE_CXX_COMPILER={self._setting('CMAKE_CXX_COMPILER')}",
            f"-DCMAKE_CXX_FLAGS={'-fsanitize=' + sanitizers if sanitizers else ''}",
        ]
        source = self.root / "examples" / "flamingo"
        configure = ["cmake", "-G", "Ninja", "-S", source, "-B", self._example, *options]
        run_to_end("configuring the example", configure, log)
        jobs = os.environ.get("JOBS", str(os.cpu_count() or 2))
        run_to_end("building the example", ["ninja", "-C", self._example, "-j", jobs], log)

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
