#pragma once

#include <string_view>

#include "dialect/outcome.h"
#include "dialect/query.h"

namespace flamingo {

/// An expression nests at most this deep, and a query has at most this many output columns, values
/// in one IN list and rows in its answer (the LIMIT of a query that names none).
inline constexpr int kExprDepthMax = 32;
inline constexpr size_t kSelectItemsMax = 32;
inline constexpr size_t kInListMax = 500;
inline constexpr int64_t kRowsMax = 10'000;

/// Reads a query of Flamingo's dialect (README.md has the grammar). Keywords and functions are
/// case-insensitive, names of columns are not. A text that is not a query is a fault of type
/// "SyntaxError" that points at the character.
/// Cost: linear in the text, bounded by the limits above and those of the lexer.
Outcome<Query> parse_query(std::string_view text);

/// Reads one expression alone: the definition of a calculated field.
Outcome<Expr> parse_expression(std::string_view text);

}  // namespace flamingo
