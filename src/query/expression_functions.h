#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "store/expression.h"

namespace understudy::query {

/// A function of calculated fields as people write it. docs/calculated-fields.md has a section for
/// each; a test holds the two against each other.
struct ExpressionFunction {
  std::string_view name;   // in capitals
  std::string_view usage;  // "IF(condition, value[, condition, value...][, else])"
  std::size_t least;       // arguments
  std::size_t most;
  store::Function function;
};

/// All of them, in the order of the documentation.
std::span<const ExpressionFunction> expression_functions();

/// The function of that name in any case; null when there is none.
const ExpressionFunction* find_expression_function(std::string_view name);

/// Why a function of Honeycomb's is not here, for those that are refused by name; else empty.
std::string_view refused_function(std::string_view name);

}  // namespace understudy::query
