#pragma once

#include <cstddef>
#include <string_view>

#include "base/result.h"
#include "store/expression.h"

namespace understudy::query {

inline constexpr std::size_t kExpressionBytesMax = 4'095;

/// Reads a calculated field in Honeycomb's grammar (docs/calculated-fields.md). What it gives
/// passes store::validate, but for the limits on several fields together. Failure: kInvalid with a
/// message that points at the character, and names what was meant:
///
///     FOO is not a function; did you mean NOT? (character 5)
///         1 + FOO($a)
///             ^
/// Pure. Cost: linear in the text.
base::Result<store::Expression> parse_expression(std::string_view text);

}  // namespace understudy::query
