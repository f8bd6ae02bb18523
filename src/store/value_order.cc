#include "store/value_order.h"

#include <cmath>

namespace understudy::store {
namespace {

using event::Type;
using event::ValueView;

constexpr double kTwoTo63 = 9223372036854775808.0;

std::partial_ordering compare_int_double(std::int64_t a, double b) {
  if (std::isnan(b)) return std::partial_ordering::unordered;
  if (b >= kTwoTo63) return std::partial_ordering::less;
  if (b < -kTwoTo63) return std::partial_ordering::greater;
  const double whole = std::floor(b);
  const auto whole_int = static_cast<std::int64_t>(whole);
  if (a != whole_int) return a <=> whole_int;
  return whole < b ? std::partial_ordering::less : std::partial_ordering::equivalent;
}

std::partial_ordering reverse(std::partial_ordering order) { return 0 <=> order; }

int rank(Type type) {
  switch (type) {
    case Type::kNull:
      return 0;
    case Type::kBool:
      return 1;
    case Type::kInt:
    case Type::kDouble:
      return 2;
    case Type::kString:
      return 3;
  }
  return 4;
}

std::weak_ordering order_numbers(const ValueView& a, const ValueView& b) {
  if (const auto order = order_doubles(a.as_number(), b.as_number()); order != 0) return order;
  if (a.type() != b.type()) {
    return a.is_int() ? std::weak_ordering::less : std::weak_ordering::greater;
  }
  return a.is_int() ? a.as_int() <=> b.as_int() : std::weak_ordering::equivalent;
}

}  // namespace

std::partial_ordering compare_numbers(const ValueView& a, const ValueView& b) {
  if (a.is_int() && b.is_int()) return a.as_int() <=> b.as_int();
  if (a.is_int()) return compare_int_double(a.as_int(), b.as_double());
  if (b.is_int()) return reverse(compare_int_double(b.as_int(), a.as_double()));
  return a.as_double() <=> b.as_double();
}

bool filter_equal(const ValueView& a, const ValueView& b) {
  if (a.is_number() && b.is_number() && a.type() != b.type()) return compare_numbers(a, b) == 0;
  return a == b;
}

std::partial_ordering filter_compare(const ValueView& a, const ValueView& b) {
  if (a.is_number() && b.is_number()) return compare_numbers(a, b);
  if (a.is_string() && b.is_string()) return a.as_string() <=> b.as_string();
  if (a.is_bool() && b.is_bool()) return a.as_bool() <=> b.as_bool();
  return std::partial_ordering::unordered;
}

std::weak_ordering order_doubles(double a, double b) {
  if (std::isnan(a) || std::isnan(b)) return std::isnan(a) <=> std::isnan(b);
  if (a < b) return std::weak_ordering::less;
  if (a > b) return std::weak_ordering::greater;
  return std::weak_ordering::equivalent;
}

std::weak_ordering order_values(const ValueView& a, const ValueView& b) {
  if (const auto order = rank(a.type()) <=> rank(b.type()); order != 0) return order;
  if (a.is_number()) return order_numbers(a, b);
  if (a.is_bool()) return a.as_bool() <=> b.as_bool();
  if (a.is_string()) return a.as_string() <=> b.as_string();
  return std::weak_ordering::equivalent;
}

IntegerBound floor_to_int(double value) {
  if (value >= kTwoTo63) return {IntegerBound::Where::kAbove};
  if (value < -kTwoTo63) return {IntegerBound::Where::kBelow};
  return {IntegerBound::Where::kWithin, static_cast<std::int64_t>(std::floor(value))};
}

IntegerBound ceil_to_int(double value) {
  const double whole = std::ceil(value);
  if (whole >= kTwoTo63) return {IntegerBound::Where::kAbove};
  if (whole < -kTwoTo63) return {IntegerBound::Where::kBelow};
  return {IntegerBound::Where::kWithin, static_cast<std::int64_t>(whole)};
}

}  // namespace understudy::store
