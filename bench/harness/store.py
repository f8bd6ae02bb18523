"""The event store: writing, and a question over ten million events beside DuckDB alone."""

import os
import shutil
import statistics
import subprocess
import tempfile

from report import Row, ratio_row

EVENTS = int(os.environ.get("BENCH_EVENTS", "10000000"))
WRITE_CPU_US_MOST = 4.0  # 250,000 events a second on one core
MEMORY_MOST = 1 << 30


def measured(binary, folder, rounds):
    """Every figure the program prints, by name, as a list."""
    figures = {}
    output = subprocess.run([binary, folder, str(EVENTS), str(rounds)], capture_output=True, text=True,
                            check=True).stdout
    for line in output.splitlines():
        name, value = line.split()
        figures.setdefault(name, []).append(float(value))
    return figures


def store_rows(options):
    binary = os.path.join(options.build, "bench/event_store")
    folder = tempfile.mkdtemp(prefix="bench-store-", dir=os.path.join(options.build))
    try:
        figures = measured(binary, folder, options.rounds)
    finally:
        shutil.rmtree(folder)
    one = lambda name: figures[name][0]
    million = f"{EVENTS / 1e6:g} million events"
    cost = one("write_cpu_us_per_event")
    peak = one("peak_bytes")
    pairs = lambda ours, theirs: list(zip(figures[ours], figures[theirs]))
    kept = statistics.median(beside / alone for alone, beside in pairs("intake_alone", "intake_beside_queries"))
    rows = [
        Row("event of 40 columns to durable, queryable and in a segment, CPU", round(cost, 2), "us", "", None,
            None, WRITE_CPU_US_MOST, cost <= WRITE_CPU_US_MOST),
        Row("the same, events for each second of one core", round(1e6 / cost), "1/s", "", None, None, None, None),
        Row(f"{million} written by one producer", round(one("write_seconds"), 1), "s", "", None, None, None, None),
        Row("segment, for each event", round(one("segment_bytes_per_event"), 1), "bytes", "", None, None, None,
            None),
        ratio_row(f"group by with P50 and P99 over {million}, CPU", "s", "DuckDB on the same files",
                  pairs("query_cpu_seconds", "query_bare_cpu_seconds"), 1.15),
        ratio_row(f"group by with P50 and P99 over {million}, two threads", "s", "DuckDB on the same files",
                  pairs("query_seconds", "query_bare_seconds"), 1.15),
        Row("intake while such questions run, share of intake alone", round(kept, 3), "", "", None, None, 0.8,
            kept >= 0.8),
        Row("most memory of store, questions and the program that asks", round(peak / (1 << 20)), "MiB", "",
            None, None, MEMORY_MOST >> 20, peak <= MEMORY_MOST),
    ]
    for row in rows:
        beside = "" if row.ratio is None else f", {row.peer}: {row.peer_value}, ratio {row.ratio}"
        print(f"   {row.name}: {row.value} {row.unit}{beside}", flush=True)
    return rows
