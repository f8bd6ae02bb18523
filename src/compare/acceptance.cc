#include "compare/acceptance.h"

#include <array>
#include <cmath>
#include <optional>
#include <span>

#include "base/text.h"
#include "compare/canonical_form.h"
#include "compare/decimal.h"
#include "compare/json_lift.h"
#include "compare/moment.h"
#include "compare/text_form.h"

namespace understudy::compare {

namespace {

bool is_json_number(std::string_view token) {
  const NodeKind kind = classify_number(token);
  return kind == NodeKind::kInteger || kind == NodeKind::kFloat;
}

/// One side with the rule's text normalisations applied.
struct Cleaned {
  Cleaned(const Rule& rule, const Scalar& scalar) : type(scalar.type), value(scalar.raw) {
    if (!scalar.is_string()) {
      if (scalar.is_number()) number = scalar.raw;
      return;
    }
    value = scalar.text(decoded);
    if (rule.canonical) {
      decoded = canonical_form(value);
      value = decoded;
    }
    if (rule.trim != Trim::kNone) {
      decoded = trimmed(value, rule.trim);
      value = decoded;
    }
    if (rule.coerce.number && is_json_number(value)) number = value;
    if (rule.ignore_case) {
      folded = case_folded(value);
      value = folded;
    }
  }
  Cleaned(const Cleaned&) = delete;
  Cleaned& operator=(const Cleaned&) = delete;

  std::optional<bool> as_bool() const {
    if (type == ValueType::kBool || type == ValueType::kString) {
      if (base::equals_ignore_case(value, "true")) return true;
      if (base::equals_ignore_case(value, "false")) return false;
    }
    if (type != ValueType::kNull) {
      if (value == "1") return true;
      if (value == "0") return false;
    }
    return std::nullopt;
  }
  bool is_nan() const {
    return type == ValueType::kNan ||
           (type == ValueType::kString && classify_number(value) == NodeKind::kNan);
  }

  ValueType type;
  std::string_view value;
  std::string_view number;  // empty when it is none
  std::string decoded;
  std::string folded;
};

bool within_absolute(std::string_view limit, std::string_view a, std::string_view b) {
  const double x = to_double(a);
  const double y = to_double(b);
  const double bound = to_double(limit);
  if (std::isfinite(x) && std::isfinite(y) && std::isfinite(bound)) {
    // Doubles decide unless the answer is within their own error of the limit.
    const double gap = std::fabs(x - y);
    const double doubt = (std::fabs(x) + std::fabs(y) + bound) * 4.5e-16 + 1e-320;
    if (gap > bound + doubt) return false;
    if (gap < bound - doubt) return true;
  }
  const auto exact = distance(Decimal(a), Decimal(b));
  return exact && compare_magnitude(*exact, Decimal(limit)) <= 0;
}

bool within_tolerance(const Rule& rule, std::string_view a, std::string_view b) {
  if (!rule.absolute.empty() && within_absolute(rule.absolute, a, b)) return true;
  if (!rule.relative && !rule.ulps) return false;
  const double x = to_double(a);
  const double y = to_double(b);
  if (!std::isfinite(x) || !std::isfinite(y)) return false;
  if (rule.ulps && ulp_distance(x, y) <= *rule.ulps) return true;
  return rule.relative && std::fabs(x - y) <= *rule.relative * std::max(std::fabs(x), std::fabs(y));
}

using Moments = std::array<std::optional<Moment>, 4>;

/// Every way `side` can be read as a moment in `unit`.
Moments moments(TimeUnit unit, const Cleaned& side) {
  Moments found;
  if (unit == TimeUnit::kIso || (unit == TimeUnit::kAny && side.number.empty())) {
    if (side.type == ValueType::kString) found[0] = parse_iso(side.value);
    return found;
  }
  if (side.number.empty()) return found;
  const Decimal number(side.number);
  if (unit != TimeUnit::kAny) {
    found[0] = moment_of(number, unit);
    return found;
  }
  constexpr std::array kUnits = {TimeUnit::kSeconds, TimeUnit::kMillis, TimeUnit::kMicros,
                                 TimeUnit::kNanos};
  for (size_t i = 0; i < kUnits.size(); ++i) found[i] = moment_of(number, kUnits[i]);
  return found;
}

bool same_time(const TimeUnits& units, const Cleaned& control, const Cleaned& candidate) {
  const Moments a = moments(units.control, control);
  const Moments b = moments(units.candidate, candidate);
  for (const auto& x : a) {
    for (const auto& y : b) {
      if (x && y && same_moment(*x, *y)) return true;
    }
  }
  return false;
}

}  // namespace

bool accepts(const Rule& rule, const Scalar& control, const Scalar& candidate) {
  if (control.type == ValueType::kMissing || candidate.type == ValueType::kMissing) {
    const ValueType other = control.type == ValueType::kMissing ? candidate.type : control.type;
    return rule.coerce.null && (other == ValueType::kNull || other == ValueType::kMissing);
  }
  if (control.type >= ValueType::kArray || candidate.type >= ValueType::kArray) return false;
  const Cleaned a(rule, control);
  const Cleaned b(rule, candidate);
  if (a.type == ValueType::kString && b.type == ValueType::kString && a.value == b.value) {
    return true;
  }
  if (rule.coerce.nan) {
    const bool null_or_nan_a = a.type == ValueType::kNull || a.is_nan();
    const bool null_or_nan_b = b.type == ValueType::kNull || b.is_nan();
    if (null_or_nan_a && null_or_nan_b) return true;
  }
  if (rule.coerce.boolean && (a.type == ValueType::kBool || b.type == ValueType::kBool)) {
    const auto x = a.as_bool();
    const auto y = b.as_bool();
    if (x && y && *x == *y) return true;
  }
  if (!a.number.empty() && !b.number.empty()) {
    if (rule.coerce.number) {
      const Decimal x(a.number);
      const Decimal y(b.number);
      if (compare_magnitude(x, y) == 0 && (x.zero() || x.negative() == y.negative())) return true;
    }
    if (within_tolerance(rule, a.number, b.number)) return true;
  } else if (rule.coerce.number && a.type != b.type && a.value == b.value &&
             (a.is_nan() && b.is_nan())) {
    return true;  // NaN and "NaN"
  }
  return rule.time_unit && same_time(*rule.time_unit, a, b);
}

}  // namespace understudy::compare
