#pragma once

#include <string_view>
#include <vector>

#include "base/result.h"
#include "query/query_spec.h"

namespace understudy::query {

/// Reads arithmetic over calculations: `errors / total * 100`, `(a + b) / 2`, `$errors`,
/// `"P99(duration_ms)" - base`. Names are letters, digits, `_` and `.`, with or without a `$` in
/// front; others stand in double quotes or backquotes. `* /` bind tighter than `+ -`, all from the
/// left, a `-` may stand before an operand, and SUM, SUB, MUL and DIV may be called as functions.
/// Failure: kInvalid that names the character, from 1. Bounds: QueryLimits::kFormula*, and brackets
/// nest at most 50 deep. Cost: linear.
base::Result<std::vector<FormulaStep>> parse_formula(std::string_view text);

}  // namespace understudy::query
