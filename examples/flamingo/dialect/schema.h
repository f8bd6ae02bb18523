#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dialect/outcome.h"
#include "dialect/query.h"
#include "dialect/value.h"

namespace flamingo {

/// A column that is stored, or calculated from stored ones by an expression of the dialect.
struct Field {
  std::string name;
  Type type = Type::kString;
  std::optional<Expr> calculated = std::nullopt;
};

/// What a query may name: the fields of one dataset. Immutable once built.
struct Schema {
  std::string dataset;
  std::vector<Field> fields;

  const Field* find(std::string_view name) const;
};

/// Whether a name can be used for a dataset or a field without quoting: a letter or an underscore,
/// then letters, digits and underscores, at most 64.
bool is_plain_name(std::string_view name);

}  // namespace flamingo
