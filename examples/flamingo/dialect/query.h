#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "dialect/value.h"

namespace flamingo {

enum class ExprKind {
  kColumn,      // text = name
  kLiteral,     // value
  kParameter,   // text = name; gone after binding
  kCall,        // text = function in lower case, args
  kArithmetic,  // text = + - * /, two args
  kNegate,      // one arg
  kCompare,     // text = = <> < <= > >=, two args
  kAnd,         // two args
  kOr,          // two args
  kNot,         // one arg
  kIn,          // first arg is looked for among the others
  kBetween,     // arg 0 from arg 1 to arg 2, both included
  kIsNull,      // one arg
};

/// One node of an expression. `type` is set when the query is bound to a dataset.
struct Expr {
  ExprKind kind = ExprKind::kLiteral;
  std::string text;
  Value value;
  std::vector<Expr> args;
  size_t position = 0;
  Type type = Type::kBoolean;
};

struct SelectItem {
  Expr expr;
  std::string name;  // of the output column: the word after AS, or the text of the expression
  size_t position = 0;
};

/// An output column named in GROUP BY or ORDER BY.
struct ColumnRef {
  std::string name;
  bool descending = false;
  size_t position = 0;
};

/// A query text as a tree, before anything is known about the dataset it names.
struct Query {
  std::vector<SelectItem> select;
  std::string dataset;
  size_t dataset_position = 0;
  std::optional<Expr> where;
  std::vector<ColumnRef> group_by;
  std::vector<ColumnRef> order_by;
  std::optional<int64_t> limit;
};

}  // namespace flamingo
