#!/usr/bin/env python3
"""Writes src/compare/canonical_forms.inc from Python's Unicode database.

Canonical decompositions and combining classes below U+3100 (with kana): what texts are written with, in which a
service and its successor may disagree about composing an accent with its letter. Hangul is computed;
what lies above is compatibility ideographs, of which no encoder makes two forms by itself.
"""

import pathlib
import textwrap
import unicodedata

END = 0x3100


def decompositions():
    for code in range(END):
        parts = unicodedata.decomposition(chr(code))
        if parts and not parts.startswith("<"):
            first, *second = (int(part, 16) for part in parts.split())
            yield f"{{0x{code:X},0x{first:X},0x{second[0] if second else 0:X}}}"


def classes():
    start = None
    for code in range(END + 1):
        here = unicodedata.combining(chr(code)) if code < END else 0
        if start is not None and here != start[1]:
            yield f"{{0x{start[0]:X},0x{code - 1:X},{start[1]}}}"
            start = None
        if start is None and here:
            start = (code, here)


def table(kind, name, entries):
    entries = list(entries)
    body = textwrap.fill(", ".join(entries), 98, initial_indent="    ", subsequent_indent="    ",
                         break_on_hyphens=False)
    return f"constexpr std::array<{kind}, {len(entries)}> {name} = {{{{\n{body}}}}};\n"


def main():
    target = pathlib.Path(__file__).parent.parent / "src/compare/canonical_forms.inc"
    target.write_text(
        f"// Made by tools/make_canonical_forms.py from Unicode {unicodedata.unidata_version}.\n"
        "// clang-format off\n"
        + table("Decomposition", "kDecompositions", decompositions())
        + table("CombiningRange", "kCombining", classes())
        + "// clang-format on\n")


if __name__ == "__main__":
    main()
