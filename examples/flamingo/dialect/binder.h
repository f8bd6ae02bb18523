#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dialect/outcome.h"
#include "dialect/query.h"
#include "dialect/schema.h"
#include "dialect/value.h"

namespace flamingo {

struct OutputColumn {
  std::string name;
  Type type = Type::kInteger;
  Expr expr;
};

struct SortKey {
  size_t column = 0;  // index into the output columns
  bool descending = false;
};

/// A query that an engine can run: every name is a stored column, every parameter a literal, every
/// node typed, and the order of its rows total. Immutable once bound.
struct BoundQuery {
  std::string dataset;
  std::vector<OutputColumn> columns;
  std::optional<Expr> where;
  bool grouped = false;          // one row for each group, or one in all without group_by
  std::vector<size_t> group_by;  // indices into columns
  std::vector<SortKey> order;    // what ORDER BY says, then what makes it total
  int64_t limit = 0;
};

/// Checks a query against a dataset and gives it its parameters: names, types, aggregates, groups.
/// Rows come in a defined order: after ORDER BY by the columns of GROUP BY, or, when nothing is
/// aggregated, by all columns; null comes first.
/// `text` is what the query was parsed from: faults ("UnknownColumn", "TypeMismatch", ...) point
/// into it.
Outcome<BoundQuery> bind_query(const Query& query, std::string_view text, const Schema& schema,
                               const Parameters& parameters);

/// Types the definition of a calculated field against the stored fields of `schema`.
Outcome<Expr> bind_calculated(const Expr& expr, std::string_view text, const Schema& schema);

/// Whether a function of the dialect takes many rows to one value.
bool is_aggregate(std::string_view function);

}  // namespace flamingo
