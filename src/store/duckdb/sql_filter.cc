#include "store/duckdb/sql_filter.h"

#include <cmath>
#include <map>
#include <span>

#include "base/text.h"
#include "store/value_order.h"

namespace understudy::store {
namespace {

using event::Type;
using event::Value;

constexpr const char* kTrue = "true";
constexpr const char* kFalse = "false";

int of(const PhysicalByType& columns, Type type) { return columns[static_cast<std::size_t>(type)]; }

std::string negated(std::string condition) { return base::cat("(NOT ", condition, ")"); }

const char* sign(FilterOp op) {
  switch (op) {
    case FilterOp::kLess:
      return "<";
    case FilterOp::kLessOrEqual:
      return "<=";
    case FilterOp::kGreater:
      return ">";
    default:
      return ">=";
  }
}

bool points_up(FilterOp op) { return op == FilterOp::kGreater || op == FilterOp::kGreaterOrEqual; }

std::string join(std::span<const std::string> conditions, const char* word) {
  if (conditions.size() == 1) return conditions[0];
  const std::size_t half = conditions.size() / 2;
  return base::cat("(", join(conditions.first(half), word), " ", word, " ",
                   join(conditions.subspan(half), word), ")");
}

}  // namespace

std::string join_conditions(const std::vector<std::string>& conditions, const char* word,
                            const char* none) {
  return conditions.empty() ? std::string(none) : join(conditions, word);
}

std::string SqlFilter::write(const Filter& filter) {
  if (filter.kind == Filter::Kind::kTest) return write_test(filter);
  if (filter.kind == Filter::Kind::kNot) return negated(write(filter.children.front()));
  std::vector<std::string> conditions;
  for (const Filter& child : filter.children) conditions.push_back(write(child));
  return filter.kind == Filter::Kind::kAnd ? join_conditions(conditions, "AND", kTrue)
                                           : join_conditions(conditions, "OR", kFalse);
}

std::string SqlFilter::write_test(const Filter& filter) {
  const PhysicalByType columns = schema_.find(filter.column);
  switch (filter.op) {
    case FilterOp::kEqual:
      return equal_to_any(columns, filter.values);
    case FilterOp::kNotEqual:
      return negated(equal_to_any(columns, filter.values));
    case FilterOp::kLess:
    case FilterOp::kLessOrEqual:
    case FilterOp::kGreater:
    case FilterOp::kGreaterOrEqual:
      return compare(columns, filter.op, filter.values.front());
    case FilterOp::kIn:
      return equal_to_any(columns, filter.values);
    case FilterOp::kNotIn:
      return negated(equal_to_any(columns, filter.values));
    case FilterOp::kExists:
      return exists(columns);
    case FilterOp::kDoesNotExist:
      return negated(exists(columns));
    case FilterOp::kStartsWith:
      return text_test(columns, "starts_with", filter.values.front());
    case FilterOp::kDoesNotStartWith:
      return negated(text_test(columns, "starts_with", filter.values.front()));
    case FilterOp::kEndsWith:
      return text_test(columns, "suffix", filter.values.front());
    case FilterOp::kDoesNotEndWith:
      return negated(text_test(columns, "suffix", filter.values.front()));
    case FilterOp::kContains:
      return text_test(columns, "contains", filter.values.front());
    case FilterOp::kDoesNotContain:
      return negated(text_test(columns, "contains", filter.values.front()));
  }
  return kFalse;
}

std::string SqlFilter::column(int physical) {
  const auto index = static_cast<std::size_t>(physical);
  if (index >= used_.size()) used_.resize(index + 1);
  used_[index] = true;
  return base::cat("c", physical);
}

std::string SqlFilter::parameter(const Value& value) {
  parameters_.push_back(value);
  return base::cat("$", parameters_.size());
}

std::string SqlFilter::test(int physical, const char* op, const Value& value) {
  const std::string name = column(physical);
  return base::cat("(", name, " IS NOT NULL AND ", name, " ", op, " ", parameter(value), ")");
}

std::string SqlFilter::exists(const PhysicalByType& columns) {
  std::vector<std::string> conditions;
  for (const int physical : columns) {
    if (physical != kAbsent) conditions.push_back(base::cat(column(physical), " IS NOT NULL"));
  }
  return join_conditions(conditions, "OR", kFalse);
}

std::string SqlFilter::equal_to_any(const PhysicalByType& columns, std::span<const Value> values) {
  std::vector<std::string> conditions;
  std::map<int, std::string> wanted;  // by physical column, the parameters one of which it equals
  const auto want = [&](int physical, const Value& value) {
    if (physical == kAbsent) return;
    std::string& list = wanted[physical];
    if (!list.empty()) list += ", ";
    list += parameter(value);
  };
  bool absence = false;
  for (const Value& value : values) {
    absence = absence || value.is_null();
    want(of(columns, value.type()), value);
    if (value.is_int() && compare_numbers(value.view(), value.as_number()) == 0) {
      want(of(columns, Type::kDouble), value.as_number());
    }
    if (value.is_double() && !std::isnan(value.as_double())) {
      const IntegerBound whole = floor_to_int(value.as_double());
      if (whole.where == IntegerBound::Where::kWithin && filter_equal(value.view(), whole.value)) {
        want(of(columns, Type::kInt), whole.value);
      }
    }
  }
  if (absence) conditions.push_back(negated(exists(columns)));
  for (const auto& [physical, list] : wanted) {
    const std::string name = column(physical);
    conditions.push_back(base::cat("(", name, " IS NOT NULL AND ", name, " IN (", list, "))"));
  }
  return join_conditions(conditions, "OR", kFalse);
}

std::string SqlFilter::compare(const PhysicalByType& columns, FilterOp op, const Value& value) {
  std::vector<std::string> conditions;
  switch (value.type()) {
    case Type::kNull:
      break;
    case Type::kBool:
    case Type::kString:
      if (const int same = of(columns, value.type()); same != kAbsent) {
        conditions.push_back(test(same, sign(op), value));
      }
      break;
    case Type::kInt:
    case Type::kDouble:
      if (value.is_double() && std::isnan(value.as_double())) break;
      if (const int ints = of(columns, Type::kInt); ints != kAbsent) {
        conditions.push_back(compare_ints(ints, op, value));
      }
      if (const int doubles = of(columns, Type::kDouble); doubles != kAbsent) {
        conditions.push_back(compare_doubles(doubles, op, value));
      }
      break;
  }
  return join_conditions(conditions, "OR", kFalse);
}

/// An int column with any number: the number is rounded to the int that gives the same answer.
std::string SqlFilter::compare_ints(int physical, FilterOp op, const Value& value) {
  if (value.is_int()) return test(physical, sign(op), value);
  // i < x is i < ceil(x), i >= x is i >= ceil(x), i <= x is i <= floor(x), i > x is i > floor(x).
  const bool up = op == FilterOp::kLess || op == FilterOp::kGreaterOrEqual;
  const IntegerBound bound = up ? ceil_to_int(value.as_double()) : floor_to_int(value.as_double());
  switch (bound.where) {
    case IntegerBound::Where::kWithin:
      return test(physical, sign(op), bound.value);
    case IntegerBound::Where::kBelow:
      return points_up(op) ? base::cat(column(physical), " IS NOT NULL") : std::string(kFalse);
    case IntegerBound::Where::kAbove:
      return points_up(op) ? std::string(kFalse) : base::cat(column(physical), " IS NOT NULL");
  }
  return kFalse;
}

/// A double column with any number: an int that no double equals is replaced by its neighbour.
std::string SqlFilter::compare_doubles(int physical, FilterOp op, const Value& value) {
  const double number = value.as_number();
  const auto rounding = compare_numbers(number, value.view());  // where the neighbour lies
  const char* op_sign = sign(op);
  if (rounding > 0) op_sign = points_up(op) ? ">=" : "<";
  if (rounding < 0) op_sign = points_up(op) ? ">" : "<=";
  const std::string condition = test(physical, op_sign, number);
  // DuckDB holds NaN to be the greatest number.
  if (!points_up(op)) return condition;
  return base::cat("(", condition, " AND NOT isnan(", column(physical), "))");
}

std::string SqlFilter::text_test(const PhysicalByType& columns, const char* function,
                                 const Value& value) {
  const int strings = of(columns, Type::kString);
  if (strings == kAbsent) return kFalse;
  const std::string name = column(strings);
  return base::cat("(", name, " IS NOT NULL AND ", function, "(", name, ", ", parameter(value),
                   "))");
}

}  // namespace understudy::store
