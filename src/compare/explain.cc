#include "compare/explain.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <utility>

#include "base/text.h"
#include "compare/acceptance.h"
#include "compare/canonical_form.h"
#include "compare/decimal.h"
#include "compare/json_lift.h"
#include "compare/moment.h"
#include "compare/text_form.h"

namespace understudy::compare {

namespace {

constexpr uint64_t kCloseUlps = 1024;          // called floating point noise before anything else
constexpr double kSinglePrecision = 1.2e-7;    // two numbers of one float differ by less
constexpr int64_t kRoundedDigitsMin = 2;       // fewer digits left: too little to speak of rounding
constexpr size_t kExplainedBytesMax = 32'768;  // longer texts are only looked at for a cut
constexpr size_t kTruncationBytesMin = 4;      // a shorter beginning says nothing
constexpr double kZoneSecondsMax = 14 * 3600;  // offsets of time zones: UTC-12 to UTC+14
constexpr double kZoneSecondsStep = 900;

constexpr std::array kEpochUnits = {TimeUnit::kSeconds, TimeUnit::kMillis, TimeUnit::kMicros,
                                    TimeUnit::kNanos};

Explained explained(Explanation explanation, Rule rule, double distance = 0,
                    const char* unit = "") {
  return {explanation, distance, unit, std::move(rule)};
}

Rule ignoring() {
  Rule rule;
  rule.ignore = true;
  return rule;
}

Rule with_units(TimeUnit control, TimeUnit candidate) {
  Rule rule;
  rule.time_unit = TimeUnits{control, candidate};
  return rule;
}

Rule coerce_number() {
  Rule rule;
  rule.coerce.number = true;
  return rule;
}

bool is_zone_shift(double seconds) {
  const double size = std::fabs(seconds);
  return size > 0 && size <= kZoneSecondsMax && std::fmod(size, kZoneSecondsStep) == 0;
}

/// Two JSON numbers, as tokens and in the forms the tests need.
struct NumberPair {
  NumberPair(std::string_view a_token, std::string_view b_token)
      : a(a_token), b(b_token), x(to_double(a_token)), y(to_double(b_token)) {}
  Decimal a;
  Decimal b;
  double x;
  double y;
};

/// Both sides count the same thing in units a thousand, million or milliard apart.
std::optional<Explained> explain_unit(const NumberPair& pair) {
  if (pair.a.zero() || pair.b.zero() || pair.a.negative() != pair.b.negative()) {
    return std::nullopt;
  }
  const auto unit_a = epoch_unit(pair.x);
  const auto unit_b = epoch_unit(pair.y);
  if (unit_a && unit_b && *unit_a != *unit_b) {
    const auto a = moment_of(pair.a, *unit_a);
    const auto b = moment_of(pair.b, *unit_b);
    if (a && b && same_moment(*a, *b)) {
      const int steps = static_cast<int>(*unit_b) - static_cast<int>(*unit_a);
      return explained(Explanation::kTimeUnit, with_units(*unit_a, *unit_b),
                       std::pow(1000.0, std::abs(steps)), "ratio");
    }
  }
  // Durations: only an exact factor is convincing.
  const int64_t shift = pair.b.exponent() - pair.a.exponent();
  if (pair.a.digits() != pair.b.digits() || shift == 0 || shift % 3 != 0 || std::abs(shift) > 9) {
    return std::nullopt;
  }
  const auto finer = static_cast<TimeUnit>(std::abs(shift) / 3);
  return explained(
      Explanation::kTimeUnit,
      shift > 0 ? with_units(TimeUnit::kSeconds, finer) : with_units(finer, TimeUnit::kSeconds),
      std::pow(10.0, static_cast<double>(std::abs(shift))), "ratio");
}

/// One side is the other rounded, or cut, to fewer digits.
std::optional<Explained> explain_rounding(const NumberPair& pair) {
  if (pair.a.places() == pair.b.places()) return std::nullopt;
  const bool a_shorter = pair.a.places() < pair.b.places();
  const Decimal& shorter = a_shorter ? pair.a : pair.b;
  const Decimal& longer = a_shorter ? pair.b : pair.a;
  if (shorter.significant() < kRoundedDigitsMin && shorter.places() < 1) return std::nullopt;
  const auto gap = distance(pair.a, pair.b);
  if (!gap || gap->zero()) return std::nullopt;
  const Decimal half = Decimal::of(false, "5", -shorter.places() - 1);
  const Decimal whole = Decimal::of(false, "1", -shorter.places());
  Rule rule;
  if (compare_magnitude(*gap, half) <= 0) {
    rule.absolute = half.text();
  } else if (compare_magnitude(*gap, whole) < 0 && compare_magnitude(shorter, longer) < 0) {
    rule.absolute = whole.text();  // cut off, not rounded
  } else {
    return std::nullopt;
  }
  return explained(Explanation::kFloatRounding, std::move(rule), to_double(gap->text()),
                   "absolute");
}

Explained explain_numbers(std::string_view a_token, std::string_view b_token, bool both_integers) {
  const NumberPair pair(a_token, b_token);
  if (pair.a.zero() && pair.b.zero() && pair.a.negative() != pair.b.negative()) {
    Rule rule;
    rule.absolute = "0";
    return explained(Explanation::kNegativeZero, std::move(rule));
  }
  if (compare_magnitude(pair.a, pair.b) == 0 && pair.a.negative() == pair.b.negative()) {
    return explained(Explanation::kNumberRepresentation, coerce_number());
  }
  if (auto found = explain_unit(pair)) return *std::move(found);
  const bool finite = std::isfinite(pair.x) && std::isfinite(pair.y);
  const uint64_t ulps = finite ? ulp_distance(pair.x, pair.y) : UINT64_MAX;
  Rule within;
  within.ulps = std::min<uint64_t>(ulps, INT64_MAX);
  if (both_integers) {
    if (finite && ulps == 0) return explained(Explanation::kIntegerAsDouble, within, 0, "ulp");
  } else {
    if (ulps <= kCloseUlps) {
      return explained(Explanation::kFloatUlp, within, static_cast<double>(ulps), "ulp");
    }
    const auto x = static_cast<float>(pair.x);
    const auto y = static_cast<float>(pair.y);
    Rule single;
    single.relative = kSinglePrecision;
    const bool is_single = finite && x == y;
    // A double that is exactly the other's float gives itself away, however short the other is.
    if (is_single && (static_cast<double>(x) == pair.y || static_cast<double>(y) == pair.x)) {
      return explained(Explanation::kFloatSingle, std::move(single), static_cast<double>(ulps),
                       "ulp");
    }
    if (auto found = explain_rounding(pair)) return *std::move(found);
    if (is_single) {
      return explained(Explanation::kFloatSingle, std::move(single), static_cast<double>(ulps),
                       "ulp");
    }
  }
  const auto unit = epoch_unit(pair.x);
  if (unit && epoch_unit(pair.y) == unit) {
    const auto a = moment_of(pair.a, *unit);
    const auto b = moment_of(pair.b, *unit);
    if (a && b && is_zone_shift(b->seconds_from(*a))) {
      return explained(Explanation::kTimeZone, ignoring(), b->seconds_from(*a), "s");
    }
  }
  Explained nothing;
  if (both_integers) {
    nothing.distance = std::fabs(pair.x - pair.y);
    nothing.distance_unit = "absolute";
    if (!std::isfinite(nothing.distance)) nothing.distance = 0;
  } else if (finite) {
    nothing.distance = static_cast<double>(ulps);
    nothing.distance_unit = "ulp";
    nothing.rule = std::move(within);  // offered only when near enough to be noise
  }
  return nothing;
}

std::optional<Explained> explain_iso_texts(std::string_view a_text, std::string_view b_text) {
  const auto a = parse_iso(a_text);
  const auto b = a ? parse_iso(b_text) : std::nullopt;
  if (!a || !b) return std::nullopt;
  const double seconds = b->seconds_from(*a);
  if (same_moment(*a, *b)) {
    const bool zone = a->zoned != b->zoned || a->offset_min != b->offset_min ||
                      (a->precision == b->precision && a->zoned);
    return explained(zone ? Explanation::kTimeZone : Explanation::kTimePrecision,
                     with_units(TimeUnit::kIso, TimeUnit::kIso), seconds, "s");
  }
  if (is_zone_shift(seconds)) return explained(Explanation::kTimeZone, ignoring(), seconds, "s");
  return Explained{Explanation::kNone, seconds, "s", std::nullopt};
}

bool is_json_number(std::string_view token) {
  const NodeKind kind = classify_number(token);
  return kind == NodeKind::kInteger || kind == NodeKind::kFloat;
}

/// Without the mark of an ellipsis at its end.
std::string_view without_ellipsis(std::string_view text) {
  if (text.ends_with("...")) return text.substr(0, text.size() - 3);
  if (text.ends_with("\xE2\x80\xA6")) return text.substr(0, text.size() - 3);
  return text;
}

std::optional<Explained> explain_cut(std::string_view a, std::string_view b) {
  for (const auto& [cut, whole] : {std::pair(a, b), std::pair(b, a)}) {
    for (const std::string_view start : {cut, without_ellipsis(cut)}) {
      if (start.size() < kTruncationBytesMin || start.size() >= whole.size() ||
          !whole.starts_with(start)) {
        continue;
      }
      // White space alone at the end was not cut off but trimmed.
      if (start == cut &&
          trimmed(whole.substr(start.size(), kExplainedBytesMax), Trim::kEnds).empty()) {
        continue;
      }
      return explained(Explanation::kTruncation, ignoring(),
                       static_cast<double>(whole.size() - start.size()), "bytes");
    }
  }
  return std::nullopt;
}

Explained explain_texts(std::string_view a, std::string_view b) {
  if (is_json_number(a) && is_json_number(b)) {
    Explained found = explain_numbers(
        a, b, classify_number(a) == NodeKind::kInteger && classify_number(b) == NodeKind::kInteger);
    if (found.rule && !found.rule->ignore) found.rule->coerce.number = true;
    return found;
  }
  if (auto found = explain_iso_texts(a, b)) return *std::move(found);
  if (auto found = explain_cut(a, b)) return *std::move(found);
  if (a.size() + b.size() > kExplainedBytesMax) return {};
  if (canonical_form(a) == canonical_form(b)) {
    Rule rule;
    rule.canonical = true;
    return explained(Explanation::kUnicodeForm, std::move(rule));
  }
  for (const Trim trim : {Trim::kEnds, Trim::kAll}) {
    if (trimmed(a, trim) != trimmed(b, trim)) continue;
    Rule rule;
    rule.trim = trim;
    return explained(Explanation::kWhiteSpace, std::move(rule));
  }
  for (const Trim trim : {Trim::kNone, Trim::kEnds, Trim::kAll}) {
    if (case_folded(trimmed(a, trim)) != case_folded(trimmed(b, trim))) continue;
    Rule rule;
    rule.ignore_case = true;
    rule.trim = trim;
    return explained(Explanation::kCase, std::move(rule));
  }
  return {};
}

/// A number on one side, a string on the other.
Explained explain_number_text(std::string_view number, std::string_view text,
                              bool number_is_control) {
  if (is_json_number(text)) {
    Explained found = number_is_control ? explain_numbers(number, text, false)
                                        : explain_numbers(text, number, false);
    if (found.explanation == Explanation::kNumberRepresentation) {
      found.explanation = Explanation::kNumberAsString;
    }
    if (found.rule && !found.rule->ignore) found.rule->coerce.number = true;
    return found;
  }
  const auto iso = parse_iso(text);
  if (!iso) return {};
  const Decimal exact(number);
  for (const TimeUnit unit : kEpochUnits) {
    const auto moment = moment_of(exact, unit);
    if (!moment || !same_moment(*moment, *iso)) continue;
    return explained(Explanation::kIsoEpoch, number_is_control ? with_units(unit, TimeUnit::kIso)
                                                               : with_units(TimeUnit::kIso, unit));
  }
  return {};
}

Explained explain_pair(const Scalar& a, const Scalar& b) {
  const auto either = [&](ValueType type) { return a.type == type || b.type == type; };
  std::string buffer_a;
  std::string buffer_b;
  const std::string_view text_a = a.text(buffer_a);
  const std::string_view text_b = b.text(buffer_b);
  Rule rule;
  if (either(ValueType::kMissing)) {
    if (!either(ValueType::kNull)) return {};
    rule.coerce.null = true;
    return explained(Explanation::kNullMissing, std::move(rule));
  }
  const auto is_nan = [](const Scalar& side, std::string_view text) {
    return side.type == ValueType::kNan ||
           (side.is_string() && classify_number(text) == NodeKind::kNan);
  };
  if (is_nan(a, text_a) && is_nan(b, text_b) && text_a == text_b) {
    return explained(Explanation::kNumberAsString, coerce_number());
  }
  if ((is_nan(a, text_a) && b.type == ValueType::kNull) ||
      (is_nan(b, text_b) && a.type == ValueType::kNull)) {
    rule.coerce.nan = true;
    return explained(Explanation::kNanNull, std::move(rule));
  }
  if (either(ValueType::kBool) && a.type != b.type) {
    rule.coerce.boolean = true;
    return explained(
        a.is_string() || b.is_string() ? Explanation::kBoolAsString : Explanation::kBoolAsNumber,
        std::move(rule));
  }
  if (a.is_number() && b.is_number()) {
    return explain_numbers(a.raw, b.raw,
                           a.type == ValueType::kInteger && b.type == ValueType::kInteger);
  }
  if (a.is_string() && b.is_string()) return explain_texts(text_a, text_b);
  if (a.is_number() && b.is_string()) return explain_number_text(a.raw, text_b, true);
  if (a.is_string() && b.is_number()) return explain_number_text(b.raw, text_a, false);
  return {};
}

}  // namespace

Explained explain(const Scalar& control, const Scalar& candidate, uint64_t explain_ulps_max) {
  if (control.type >= ValueType::kArray || candidate.type >= ValueType::kArray) return {};
  Explained found = explain_pair(control, candidate);
  if (found.explanation == Explanation::kNone && found.rule) {
    if (found.distance <= static_cast<double>(explain_ulps_max)) {
      found.explanation = Explanation::kFloatUlp;
    } else {
      found.rule.reset();
    }
  }
  if (found.rule && !found.rule->ignore && !accepts(*found.rule, control, candidate)) {
    found = Explained{};
  }
  return found;
}

}  // namespace understudy::compare
