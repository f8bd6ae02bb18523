#!/usr/bin/env python3
"""Writes src/store/lower_case.inc: the simple lower-case mappings of Unicode beyond ASCII."""
import pathlib
import unicodedata

DOTTED_CAPITAL_I = 0x130  # the one letter whose full mapping is two; its simple one is i

mappings = []
for point in [*range(0x80, 0xD800), *range(0xE000, 0x110000)]:
    lower = 'i' if point == DOTTED_CAPITAL_I else chr(point).lower()
    if len(lower) == 1 and ord(lower) != point:
        mappings.append((point, ord(lower) - point))

ranges = []  # first, last, step, what to add
at = 0
while at < len(mappings):
    first, add = mappings[at]
    end, step = at, 1
    for wanted in (1, 2):
        to = at
        while to + 1 < len(mappings) and mappings[to + 1] == (mappings[to][0] + wanted, add):
            to += 1
        if to > end:
            end, step = to, wanted
    ranges.append((first, mappings[end][0], step, add))
    at = end + 1

lines = ['// Made by tools/make_lower_case.py from Unicode %s.' % unicodedata.unidata_version,
         '// clang-format off',
         'constexpr std::array<LowerCaseRange, %d> kLowerCaseRanges = {{' % len(ranges)]
line = '   '
for one in ranges:
    text = ' {0x%X,0x%X,%d,%d},' % one
    if len(line) + len(text) > 100:
        lines.append(line)
        line = '   '
    line += text
lines += [line, '}};', '// clang-format on']
target = pathlib.Path(__file__).resolve().parent.parent / 'src' / 'store' / 'lower_case.inc'
target.write_text('\n'.join(lines) + '\n')
