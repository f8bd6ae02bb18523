"""The success rate by mode over time, and what happened on the way, for a terminal."""

import datetime
import math
import string

COLUMNS_MAX = 76
LEVELS = "▁▂▃▄▅▆▇█"
MARKS = string.ascii_uppercase + string.ascii_lowercase


def seconds_of(text):
    """Unix seconds of an RFC 3339 text, whatever digits its fraction has."""
    whole = text.removesuffix("Z").split(".")[0]
    return datetime.datetime.fromisoformat(whole + "+00:00").timestamp()


def column_seconds(start, end):
    return max(1, math.ceil((end - start) / COLUMNS_MAX))


def level(value):
    """Full only when it is full: 99.9% is a dip."""
    if value is None:
        return " "
    return LEVELS[-1] if value >= 100 else LEVELS[min(int(value / 100 * 7), 6)]


def strip(values, start, width_s):
    """One character per column; `values` are (seconds, value)."""
    columns = [[] for _ in range(COLUMNS_MAX + 1)]
    for seconds, value in values:
        at = int((seconds - start) // width_s)
        if 0 <= at <= COLUMNS_MAX and value is not None:
            columns[at].append(value)
    return "".join(level(min(column)) if column else " " for column in columns)


def mark_strip(moments, start, width_s):
    """A letter per moment, in order; one that finds its column taken goes to the next free one."""
    columns = [" "] * (COLUMNS_MAX + len(moments) + 1)
    for letter, seconds in zip(MARKS, moments):
        at = max(0, min(int((seconds - start) // width_s), COLUMNS_MAX))
        while columns[at] != " ":
            at += 1
        columns[at] = letter
    return "".join(columns)


def lines(series, moments, start, width_s):
    """`series` is an ordered {name: [(seconds, value)]}; `moments` are (seconds, text)."""
    name_width = max(len(name) for name in series)
    shown = [
        f"{name.ljust(name_width)}  {strip(values, start, width_s)}".rstrip()
        for name, values in series.items()
    ]
    seconds = [when for when, _ in moments]
    shown.append(f"{''.ljust(name_width)}  {mark_strip(seconds, start, width_s)}".rstrip())
    for letter, (when, text) in zip(MARKS, moments):
        minutes = int(when - start) // 60, int(when - start) % 60
        shown.append(f"{letter} {minutes[0]}:{minutes[1]:02} {text}")
    return shown
