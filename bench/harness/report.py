"""One measured figure, the table of them, and the file they are kept in."""

import json
import statistics
from dataclasses import asdict, dataclass
from typing import Optional


@dataclass
class Row:
    name: str
    value: float  # ours, in `unit`
    unit: str
    peer: str  # what stands beside it, in words
    peer_value: Optional[float]
    ratio: Optional[float]  # median of the rounds' ratios, not the ratio of the medians
    budget: Optional[float]  # of the ratio, or of the value when there is no ratio
    met: Optional[bool]  # null: no budget is due for this row


def ratio_row(name, unit, peer, pairs, budget):
    """`pairs` are (ours, peer's) of each round."""
    ratio = statistics.median(ours / theirs for ours, theirs in pairs)
    return Row(
        name,
        round(statistics.median(ours for ours, _ in pairs), 3),
        unit,
        peer,
        round(statistics.median(theirs for _, theirs in pairs), 3),
        round(ratio, 3),
        budget,
        None if budget is None else ratio <= budget,
    )


def print_table(rows):
    header = ["what", "ours", "unit", "beside", "peer's", "ratio", "budget", "met"]
    text = lambda value: "" if value is None else str(value)
    met = {True: "yes", False: "NO", None: "-"}
    lines = [header] + [
        [r.name, text(r.value), r.unit, r.peer, text(r.peer_value), text(r.ratio), text(r.budget), met[r.met]]
        for r in rows
    ]
    widths = [max(len(line[i]) for line in lines) for i in range(len(header))]
    for line in lines:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip())


def write_results(rows, path):
    with open(path, "w") as file:
        json.dump([asdict(row) for row in rows], file, indent=2)
        file.write("\n")
