#!/usr/bin/env python3
"""Breaks a small sound tree in one way after the other; check_layers.py has to notice each."""

import json
import tempfile
import unittest
from pathlib import Path

from check_layers import check

TABLE = """# Architecture

| module | may use | what lives there |
|---|---|---|
| `base` | nothing | ground |
| `http` | base | messages |
| `proxy` | base http | request flow |
| `store` | base | events |
| `sdk` | base | library |

After the table.
"""


class StructureTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name).resolve()
        self.build = self.root / "build/dev"
        self.write("docs/architecture.md", TABLE)
        self.write("src/base/result.h", "#pragma once\n#include <string>\n")
        self.write("src/base/result.cc", '#include "base/result.h"\n')
        self.write("src/base/result_test.cc", '#include "base/result.h"\n')
        self.write("src/base/CMakeLists.txt", "module(base LIBS yaml-cpp)\n")
        self.write("src/http/fields.h", '#pragma once\n#include "base/result.h"\n')
        self.write("src/http/CMakeLists.txt", "module(http DEPS base)\n")
        self.write("src/proxy/flow.h", '#pragma once\n#include "http/fields.h"\n')
        self.write("src/store/duckdb/engine.cc", '#include <duckdb.h>\n')
        self.write("sdk/src/client.cc", '#include "base/result.h"\n')
        self.write("tests/tools/demo_test.py", "")
        self.compiled({"src/base/result_test.cc": "base_test"})
        self.write("build/dev/src/base/CTestTestfile.cmake", 'include("base_test[1]_include.cmake")')
        self.write("build/dev/tests/CTestTestfile.cmake", 'add_test(demo "tests/tools/demo_test.py")')

    def write(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def compiled(self, programs):
        self.write("build/dev/compile_commands.json", json.dumps([
            {"directory": str(self.build), "file": str(self.root / file),
             "output": f"src/base/CMakeFiles/{target}.dir/x.cc.o"}
            for file, target in programs.items()]))

    def assert_found(self, *expected):
        findings = check(self.root, self.build)
        self.assertEqual(len(findings), len(expected), findings)
        for finding, part in zip(findings, sorted(expected)):
            self.assertIn(part, finding)

    def test_a_sound_tree_has_no_findings(self):
        self.assert_found()

    # --- layers ---

    def test_an_include_from_a_module_above_is_found_with_its_line(self):
        self.write("src/base/clock.h", '#pragma once\n\n#include "http/fields.h"\n')
        self.assert_found("src/base/clock.h:3: base may not include http")

    def test_an_include_of_a_neighbour_that_the_row_does_not_name_is_found(self):
        self.write("src/store/log.h", '#pragma once\n  #  include "http/fields.h"\n')
        self.assert_found("src/store/log.h:2: store may not include http")

    def test_a_test_may_include_what_stands_above_but_not_below(self):
        self.write("src/store/log_test.cc", '#include "http/fields.h"\n')
        self.write("src/http/fields_test.cc", '#include "store/duckdb/x.h"\n')
        self.compiled({"src/base/result_test.cc": "base_test", "src/store/log_test.cc": "base_test",
                       "src/http/fields_test.cc": "base_test"})
        self.assert_found("src/http/fields_test.cc:1: http may not include store")

    def test_the_sdk_is_held_to_its_row(self):
        self.write("sdk/src/client.cc", '#include "store/event_store.h"\n')
        self.assert_found("sdk/src/client.cc:1: sdk may not include store")

    def test_a_folder_without_a_row_is_found(self):
        self.write("src/extra/thing.h", "#pragma once\n")
        self.assert_found("src/extra:1: has no row")

    def test_a_row_that_points_down_is_found(self):
        self.write("docs/architecture.md", TABLE.replace("| `base` | nothing", "| `base` | store"))
        self.assert_found("base may use store, which is not in a row above")

    def test_a_missing_table_is_found(self):
        self.write("docs/architecture.md", "# Architecture\n")
        self.assertTrue(any("has no table" in f for f in check(self.root)))

    def test_a_dependency_in_cmake_that_the_row_does_not_allow_is_found(self):
        self.write("src/http/CMakeLists.txt", "module(http\n  DEPS base store\n  LIBS z)\n")
        self.assert_found("src/http/CMakeLists.txt:1: http may not depend on store")

    # --- headers, weight, engines, names ---

    def test_a_header_without_pragma_once_is_found(self):
        self.write("src/base/clock.h", "#include <string>\n")
        self.assert_found("src/base/clock.h:1: lacks #pragma once")

    def test_a_source_that_does_not_include_its_own_header_first_is_found(self):
        self.write("src/base/result.cc", '#include <string>\n#include "base/result.h"\n')
        self.assert_found("src/base/result.cc:1: includes string first")

    def test_a_heavy_library_in_a_header_that_others_include_is_found(self):
        self.write("src/http/fields.h", "#pragma once\n#include <nlohmann/json.hpp>\n")
        self.assert_found("src/http/fields.h:2: other modules include this header")

    def test_a_heavy_library_in_a_header_of_one_module_is_its_own_affair(self):
        self.write("src/proxy/inner.h", "#pragma once\n#include <nlohmann/json.hpp>\n")
        self.assert_found()

    def test_an_engine_outside_its_folder_is_found(self):
        self.write("src/store/plan.cc", '#include <duckdb.h>\n')
        self.write("src/proxy/flow.cc", '#include "proxy/flow.h"\n#include <sqlite3.h>\n')
        self.assert_found("src/store/plan.cc:1: duckdb.h is included only in",
                          "src/proxy/flow.cc:2: sqlite3.h is included only in")

    def test_a_drawer_is_found_as_a_file_and_as_a_folder(self):
        self.write("src/base/string_util.h", "#pragma once\n")
        self.write("src/base/common/x.h", "#pragma once\n")
        self.assert_found("src/base/string_util.h:1: is called util",
                          "src/base/common:1: is called common")

    # --- tests that nobody runs ---

    def test_a_test_that_is_not_compiled_is_found(self):
        self.write("src/http/fields_test.cc", '#include "http/fields.h"\n')
        self.assert_found("src/http/fields_test.cc:1: is not compiled")

    def test_a_test_whose_program_ctest_does_not_run_is_found(self):
        self.compiled({"src/base/result_test.cc": "forgotten_test"})
        self.assert_found("forgotten_test, which ctest does not run")

    def test_a_script_test_that_ctest_does_not_run_is_found(self):
        self.write("tests/tools/other_test.mjs", "")
        self.assert_found("tests/tools/other_test.mjs:1: is not run by ctest")

    def test_a_build_folder_without_compile_commands_is_found(self):
        (self.build / "compile_commands.json").unlink()
        self.assert_found("compile_commands.json:1: is missing")


if __name__ == "__main__":
    unittest.main()
