"""JSON comparison on one core, from the comparator's own micro-benchmark."""

import json
import os
import subprocess

from report import Row

# benchmark name -> (what, least bytes per second or None)
BUDGETS = {
    "BM_ByteEqual/1048576": ("byte-equal, 1 MiB", None),
    "BM_EqualWithReversedKeys/1048576": ("equal but reordered keys, 1 MiB", 0.5e9),
    "BM_OnePercentOfCellsDiffer/1048576": ("1% of cells differ, 1 MiB", 0.3e9),
}


def comparison_rows(options):
    binary = os.path.join(options.build, "src/compare/compare_bench")
    output = subprocess.run(
        [binary, "--benchmark_format=json", f"--benchmark_repetitions={options.rounds}",
         "--benchmark_report_aggregates_only=true", "--benchmark_enable_random_interleaving=true",
         "--benchmark_min_time=0.3"],
        capture_output=True, text=True, check=True,
    ).stdout
    speeds = {}
    for item in json.loads(output)["benchmarks"]:
        if item.get("aggregate_name") == "median" and "bytes_per_second" in item:
            speeds[item["run_name"]] = item["bytes_per_second"]
    rows = []
    for name, speed in speeds.items():
        what, least = BUDGETS.get(name, (name, None))
        rows.append(
            Row(f"comparison, {what}", round(speed / 1e9, 3), "GB/s of one side", "", None, None,
                None if least is None else round(least / 1e9, 3), None if least is None else speed >= least)
        )
        print(f"   {rows[-1].name}: {rows[-1].value} GB/s", flush=True)
    return rows
