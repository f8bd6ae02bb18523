"""JSON comparison on one core, from the comparator's own micro-benchmark."""

import json
import os
import statistics
import subprocess

from report import Row, ratio_row

# benchmark name -> (what, least bytes per second or None)
BUDGETS = {
    "BM_EqualWithReversedKeys/1048576": ("equal but reordered keys, 1 MiB", 0.5e9),
    "BM_OnePercentOfCellsDiffer/1048576": ("1% of cells differ, 1 MiB", 0.3e9),
}
# Byte-equal bodies go at memory speed: (size, what, most times memcmp's time over the same buffers).
# In 1 KB what is around the memcmp is most of the time, so that row has no budget.
BYTE_EQUAL = [(1024, "1 KB", None), (1 << 20, "1 MiB", 1.1), (1 << 24, "16 MiB", 1.1)]


def byte_equal_rows(times):
    return [
        ratio_row(f"comparison, byte-equal, {what}", "us", "memcmp of the same buffers",
                  [(ours / 1e3, theirs / 1e3)
                   for ours, theirs in zip(times[f"BM_ByteEqual/{size}"], times[f"BM_Memcmp/{size}"])],
                  budget)
        for size, what, budget in BYTE_EQUAL
    ]


def comparison_rows(options):
    binary = os.path.join(options.build, "src/compare/compare_bench")
    output = subprocess.run(
        [binary, "--benchmark_format=json", f"--benchmark_repetitions={options.rounds}",
         "--benchmark_enable_random_interleaving=true", "--benchmark_min_time=0.3"],
        capture_output=True, text=True, check=True,
    ).stdout
    times, speeds = {}, {}  # of each round: ns of CPU, bytes per second of CPU
    for item in json.loads(output)["benchmarks"]:
        if item["run_type"] != "iteration":
            continue
        if item.get("error_occurred"):
            raise RuntimeError(f"{item['name']}: {item['error_message']}")
        times.setdefault(item["run_name"], []).append(item["cpu_time"])
        speeds.setdefault(item["run_name"], []).append(item["bytes_per_second"])
    rows = byte_equal_rows(times)
    for name in sorted(speeds, key=lambda name: (name not in BUDGETS, name)):
        if name.startswith(("BM_ByteEqual/", "BM_Memcmp/")):
            continue
        speed = statistics.median(speeds[name])
        what, least = BUDGETS.get(name, (name, None))
        rows.append(
            Row(f"comparison, {what}", round(speed / 1e9, 3), "GB/s of one side", "", None, None,
                None if least is None else round(least / 1e9, 3), None if least is None else speed >= least)
        )
    for row in rows:
        beside = "" if row.ratio is None else f", {row.ratio} times memcmp"
        print(f"   {row.name}: {row.value} {row.unit}{beside}", flush=True)
    return rows
