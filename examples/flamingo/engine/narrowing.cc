#include "engine/narrowing.h"

#include <algorithm>

namespace flamingo {
namespace {

enum class Narrowing { kNone, kBounded, kFixed };

/// How far a condition narrows a field; only what every row must fulfil counts.
Narrowing narrowing(const Expr& condition, const std::string& field) {
  const auto is_field = [&](const Expr& expr) {
    return expr.kind == ExprKind::kColumn && expr.text == field;
  };
  switch (condition.kind) {
    case ExprKind::kAnd:
      return std::max(narrowing(condition.args[0], field), narrowing(condition.args[1], field));
    case ExprKind::kCompare:
      if (!is_field(condition.args[0]) && !is_field(condition.args[1])) return Narrowing::kNone;
      if (condition.text == "<>") return Narrowing::kNone;
      return condition.text == "=" ? Narrowing::kFixed : Narrowing::kBounded;
    case ExprKind::kBetween:
      return is_field(condition.args[0]) ? Narrowing::kBounded : Narrowing::kNone;
    case ExprKind::kIn:
      if (!is_field(condition.args[0])) return Narrowing::kNone;
      return condition.args.size() == 2 ? Narrowing::kFixed : Narrowing::kBounded;
    default:
      return Narrowing::kNone;
  }
}

}  // namespace

size_t narrowest_order(const BoundQuery& query,
                       const std::vector<std::vector<std::string>>& sorted_by) {
  if (!query.where) return 0;
  size_t best = 0;
  Narrowing best_narrowing = Narrowing::kNone;
  for (size_t i = 0; i < sorted_by.size(); ++i) {
    const Narrowing here = narrowing(*query.where, sorted_by[i].front());
    if (here > best_narrowing) {
      best = i;
      best_narrowing = here;
    }
  }
  return best;
}

}  // namespace flamingo
