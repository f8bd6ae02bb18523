#!/usr/bin/env python3
"""Checks that the structure of the tree is the one docs/architecture.md describes.

    tools/check_layers.py [--root DIR] [--build DIR]

The layer table in docs/architecture.md is the only place where the layers are written down. It is
read, not repeated. What is checked, each finding one line `file:line: what`:

  layers     a file of src/<module> includes only its own module and those its row allows; rows
             only name rows above them; every folder of src has a row; CMake says no more than the
             row. Tests, benchmarks and fuzzers may include any module above theirs.
             The SDK uses only what the table allows it.
  headers    each has `#pragma once`; x.cc includes its own x.h first, which proves x.h
             self-contained when x.cc compiles (headers without a .cc are compiled by the target
             header_check).
  weight     a header that other modules include does not include a heavy library.
  engines    duckdb.h, sqlite3.h, libpq-fe.h and OpenSSL's ssl.h are included in one folder each
             (fakes of tests have theirs beside).
  names      nothing is called util, helper, common, misc or manager.
  tests      with --build: each *_test file is compiled into a program that ctest runs, or is
             itself run by ctest.

Exit code 0 when nothing was found, 1 otherwise.
"""

import argparse
import json
import os
import re
import sys
from pathlib import Path

TABLE = "docs/architecture.md"
ENGINES = {
    "duckdb.h": ["src/store/duckdb", "examples", "bench"],
    "duckdb.hpp": [],
    "sqlite3.h": ["src/state/sqlite", "examples"],
    "libpq-fe.h": ["src/state/postgres"],
    "openssl/ssl.h": ["src/net", "src/proxy/testing", "examples"],
}
HEAVY = ("nlohmann/json.hpp", "simdjson.h", "spdlog/", "gtest/", "gmock/", "regex", "iostream",
         "duckdb.h", "yaml-cpp/", "re2/", "CLI/")
DRAWERS = {"util", "utils", "helper", "helpers", "common", "misc", "manager", "managers"}
SOURCE_ROOTS = ("src", "sdk", "tests", "examples", "bench", "fuzz")
CPP = {".h", ".cc"}
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
SKIPPED_FOLDERS = {"node_modules", "__pycache__", "testdata", "corpus", "build", "dist"}


class Table:
    """The layer table: for each module, in the order of the rows, what it may include."""

    def __init__(self, rows):
        self.rows = rows
        self.order = {module: index for index, (module, _, _) in enumerate(rows)}
        self.allowed = {module: set(allowed) for module, allowed, _ in rows}

    @staticmethod
    def read(root, problem):
        path = root / TABLE
        if not path.is_file():
            problem(TABLE, 1, "is missing, and with it the layer table")
            return Table([])
        rows, inside = [], False
        for number, line in enumerate(path.read_text().splitlines(), 1):
            cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
            if cells[:2] == ["module", "may use"]:
                inside = True
            elif inside and not line.startswith("|"):
                break
            elif inside and not set(line) <= set("|-: "):
                names = [] if cells[1] == "nothing" else cells[1].split()
                rows.append((cells[0].strip("`"), names, number))
        if not rows:
            problem(TABLE, 1, "has no table that begins `| module | may use |`")
        seen = set()
        for module, allowed, number in rows:
            for name in allowed:
                if name not in seen:
                    problem(TABLE, number, f"{module} may use {name}, which is not in a row above")
            seen.add(module)
        return Table(rows)


class Source:
    """One file of C++: where it is, whose it is, what it includes."""

    def __init__(self, root, path):
        self.path = path
        self.name = path.relative_to(root).as_posix()
        parts = self.name.split("/")
        self.module = parts[1] if parts[0] == "src" and len(parts) > 2 else None
        self.includes = []  # (line, spelling, quoted)
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
            if match := INCLUDE.match(line):
                self.includes.append((number, match.group(2), match.group(1) == '"'))

    @property
    def is_test(self):
        return re.search(r"_(test|bench|fuzz)\.cc$|_(fixture|fake)\.(h|cc)$", self.name) is not None


def files_of(root, folder):
    for here, folders, files in os.walk(root / folder):
        folders[:] = sorted(f for f in folders if f not in SKIPPED_FOLDERS)
        for file in sorted(files):
            yield Path(here) / file


def check_layers(table, sources, problem):
    for folder in sorted({s.module for s in sources if s.module}):
        if folder not in table.allowed:
            problem(f"src/{folder}", 1, f"has no row in {TABLE}")
    for source in sources:
        if source.name.startswith("sdk/"):
            own, allowed = "sdk", table.allowed.get("sdk", set())
        elif source.module in table.allowed:
            own, allowed = source.module, table.allowed[source.module]
        else:
            continue
        for line, included, quoted in source.includes:
            target = included.split("/")[0]
            if not quoted or target == own or target not in table.order or target in allowed:
                continue
            if source.is_test and table.order[target] < table.order[own]:
                continue
            problem(source.name, line, f"{own} may not include {target} ({included})")


def check_cmake(root, table, problem):
    for module, allowed in table.allowed.items():
        path = root / "src" / module / "CMakeLists.txt"
        if not path.is_file():
            continue
        text = re.sub(r"#.*", "", path.read_text())
        match = re.search(r"\bmodule\s*\(\s*(\w+)(.*?)\)", text, re.S)
        if not match:
            continue
        keyword = None
        for word in match.group(2).split():
            if word.isupper() or word in ("DEPS", "LIBS"):
                keyword = word
            elif keyword == "DEPS" and word not in allowed:
                problem(f"src/{module}/CMakeLists.txt", 1, f"{module} may not depend on {word}")


def check_headers(root, sources, problem):
    for source in sources:
        if not source.name.startswith(("src/", "sdk/")):
            continue
        if source.path.suffix == ".h":
            if "#pragma once" not in source.path.read_text(errors="replace"):
                problem(source.name, 1, "lacks #pragma once")
        elif (own := source.path.with_suffix(".h")).is_file():
            spelling = own.relative_to(root).as_posix()
            first = source.includes[0][1] if source.includes else "nothing"
            if not spelling.endswith("/" + first):
                problem(source.name, 1, f"includes {first} first, not its own {own.name}")


def check_weight(sources, problem):
    headers = {s.name.removeprefix("src/"): s for s in sources
               if s.module and s.path.suffix == ".h"}
    public = {included for s in sources for _, included, quoted in s.includes
              if quoted and included in headers and headers[included].module != s.module
              and not s.is_test}
    for name in sorted(public):
        for line, included, _ in headers[name].includes:
            heavy = any(included == h or (h.endswith("/") and included.startswith(h))
                        for h in HEAVY)
            if heavy:
                problem(headers[name].name, line,
                        f"other modules include this header, so it may not include {included}")


def check_engines(sources, problem):
    for source in sources:
        for line, included, _ in source.includes:
            homes = ENGINES.get(included)
            if homes is not None and not any(source.name.startswith(h + "/") for h in homes):
                where = " and ".join(homes) or "nowhere"
                problem(source.name, line, f"{included} is included only in {where}")


def check_names(root, problem):
    for folder in (*SOURCE_ROOTS, "tools", "scripts", "cmake"):
        # "Data manager" is what the example's own domain calls one of its parts.
        drawers = DRAWERS - {"manager"} if folder == "examples" else DRAWERS
        reported = set()
        for path in files_of(root, folder):
            parts = path.relative_to(root).parts
            for depth, part in enumerate(parts, 1):
                where = "/".join(parts[:depth])
                if where in reported:
                    continue
                words = set(re.split(r"[_.\-]", part.lower()))
                if found := sorted(words & drawers):
                    reported.add(where)
                    problem(where, 1, f"is called {found[0]}: name it by its idea")


def check_tests(root, build, problem):
    commands = build / "compile_commands.json"
    if not commands.is_file():
        problem(str(commands), 1, "is missing, so nobody knows which tests are built")
        return
    run_by_ctest = "\n".join(p.read_text(errors="replace")
                             for pattern in ("CTestTestfile.cmake", "*_include.cmake")
                             for p in sorted(build.rglob(pattern)))
    targets = {}
    # The example is a project of its own with a build tree inside of ours.
    entries = [entry for path in sorted({commands, *build.glob("examples/*/compile_commands.json")})
               for entry in json.loads(path.read_text())]
    for entry in entries:
        file = os.path.normpath(os.path.join(entry["directory"], entry["file"]))
        output = entry.get("output") or entry.get("command", "")
        if match := re.search(r"CMakeFiles/([^/\s]+)\.dir/", output):
            targets.setdefault(file, set()).add(match.group(1))
    for folder in (*SOURCE_ROOTS, "tools"):
        for path in files_of(root, folder):
            name = path.relative_to(root).as_posix()
            if path.name.endswith("_test.cc"):
                programs = targets.get(str(path), set())
                if not programs:
                    problem(name, 1, "is not compiled into any program")
                elif not any(re.search(rf"\b{re.escape(p)}\b", run_by_ctest) for p in programs):
                    problem(name, 1, f"is compiled into {', '.join(sorted(programs))}, "
                                     "which ctest does not run")
            elif re.search(r"_test\.(py|sh|m?js)$", path.name):
                if path.name not in run_by_ctest:
                    problem(name, 1, "is not run by ctest")


def check(root, build=None):
    """All findings, sorted, as `file:line: what`."""
    findings = []

    def problem(file, line, what):
        findings.append((str(file), line, what))

    table = Table.read(root, problem)
    sources = [Source(root, path) for folder in SOURCE_ROOTS for path in files_of(root, folder)
               if path.suffix in CPP]
    check_layers(table, sources, problem)
    check_cmake(root, table, problem)
    check_headers(root, sources, problem)
    check_weight(sources, problem)
    check_engines(sources, problem)
    check_names(root, problem)
    if build:
        check_tests(root, build, problem)
    return [f"{file}:{line}: {what}" for file, line, what in sorted(set(findings))]


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=Path, default=Path(__file__).resolve().parent.parent)
    parser.add_argument("--build", type=Path, help="build folder, to check that tests are run")
    arguments = parser.parse_args()
    findings = check(arguments.root.resolve(), arguments.build and arguments.build.resolve())
    print("\n".join(findings) if findings else "the structure is as docs/architecture.md says")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
