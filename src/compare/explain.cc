#include "compare/explain.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
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

constexpr uint64_t kCloseUlps = 64;            // called floating point noise before anything else
constexpr double kSinglePrecision = 1.2e-7;    // a number and any text of its float differ by less
constexpr int64_t kSingleDigitsMin = 8;        // texts of a float with fewer may differ by more
constexpr int64_t kSingleDigitsMax = 32;       // more are compared as the float's exact value
constexpr int64_t kRoundedDigitsMin = 2;       // fewer digits left: too little to speak of rounding
constexpr size_t kExplainedBytesMax = 32'768;  // longer texts are only looked at for a cut
constexpr size_t kTruncationBytesMin = 4;      // a shorter beginning says nothing
constexpr double kZoneSecondsMax = 14 * 3600;  // offsets of time zones: UTC-12 to UTC+14
constexpr double kZoneSecondsStep = 900;
constexpr double kEpochSecondsMin = 631'152'000;    // 1990: a moment that somebody measured or
constexpr double kEpochSecondsMax = 4'102'444'800;  // plans, until 2100

constexpr std::array kEpochUnits = {TimeUnit::kSeconds, TimeUnit::kMillis, TimeUnit::kMicros,
                                    TimeUnit::kNanos};

/// Words in the name of a moment or a duration; so is a word that ends in "time".
constexpr std::array kTimeWords = std::to_array<std::string_view>(
    {"age",    "at",           "created",  "date",     "delay",   "duration",    "elapsed",
     "epoch",  "expires",      "expiry",   "interval", "latency", "micros",      "microseconds",
     "millis", "milliseconds", "modified", "ms",       "nanos",   "nanoseconds", "ns",
     "s",      "sec",          "seconds",  "secs",     "timeout", "timestamp",   "took",
     "ts",     "ttl",          "updated",  "us",       "wait",    "waits"});

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

/// The last name in a place: "created_at'" of "$.rows[*]['created_at'][3]".
std::string_view last_name(std::string_view place) {
  while (place.ends_with(']') && !place.ends_with("']")) {
    const size_t bracket = place.rfind('[');
    if (bracket == std::string_view::npos) break;
    place = place.substr(0, bracket);
  }
  const size_t before = place.find_last_of(".[");
  return before == std::string_view::npos ? place : place.substr(before + 1);
}

bool is_time_word(std::string_view word) {
  const std::string lower = base::to_lower(word);
  return lower.ends_with("time") || std::ranges::find(kTimeWords, lower) != kTimeWords.end();
}

/// Words end at anything but a letter or digit, and before a capital that follows no other.
bool names_a_time(std::string_view name) {
  const auto is_other = [](char letter) {
    return (letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9');
  };
  const auto is_capital = [](char letter) { return letter >= 'A' && letter <= 'Z'; };
  size_t start = 0;
  for (size_t i = 0; i <= name.size(); ++i) {
    const bool inside = i < name.size() && (is_other(name[i]) || is_capital(name[i]));
    const bool hump = inside && i > start && is_capital(name[i]) && is_other(name[i - 1]);
    if (inside && !hump) continue;
    if (i > start && is_time_word(name.substr(start, i - start))) return true;
    start = hump ? i : i + 1;
  }
  return false;
}

bool is_plausible(const Moment& moment) {
  const double seconds = moment.seconds_from(Moment{});
  return seconds >= kEpochSecondsMin && seconds < kEpochSecondsMax;
}

bool is_plausible_moment(const Decimal& number, double value) {
  const auto unit = epoch_unit(value);
  const auto moment = unit ? moment_of(number, *unit) : std::nullopt;
  return moment && is_plausible(*moment);
}

/// Both sides count the same time in units a thousand, million or milliard apart. A factor alone
/// is no time: the numbers must be moments of our days or the place must be named after a time.
std::optional<Explained> explain_unit(const NumberPair& pair, std::string_view place) {
  if (pair.a.zero() || pair.b.zero() || pair.a.negative() != pair.b.negative()) {
    return std::nullopt;
  }
  const auto unit_a = epoch_unit(pair.x);
  const auto unit_b = epoch_unit(pair.y);
  if (unit_a && unit_b && *unit_a != *unit_b) {
    const auto a = moment_of(pair.a, *unit_a);
    const auto b = moment_of(pair.b, *unit_b);
    if (a && b && same_moment(*a, *b) &&
        ((is_plausible(*a) && is_plausible(*b)) || names_a_time(last_name(place)))) {
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
  if (!names_a_time(last_name(place))) return std::nullopt;
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

/// Whether `single`, whose value is `value`, is a text of the float nearest to `whole`: its exact
/// value, the shortest digits that tell it, or as many digits as are written.
bool is_float_of(double whole, const Decimal& single, double value) {
  if (!(std::fabs(whole) <= std::numeric_limits<float>::max())) return false;
  const auto rounded = static_cast<float>(whole);
  if (!std::isnormal(rounded)) return false;  // below, a float keeps too few digits
  if (static_cast<double>(rounded) == value) return true;
  std::array<char, 64> text;
  const auto reads_as_value = [&](std::to_chars_result written) {
    return written.ec == std::errc() && to_double({text.data(), written.ptr}) == value;
  };
  const auto shortest =
      std::to_chars(text.begin(), text.end(), rounded, std::chars_format::scientific);
  if (reads_as_value(shortest)) return true;
  const int64_t digits = single.significant();
  if (digits < kSingleDigitsMin || digits > kSingleDigitsMax) return false;
  return reads_as_value(std::to_chars(text.begin(), text.end(), rounded,
                                      std::chars_format::scientific, static_cast<int>(digits) - 1));
}

/// One side is what single precision leaves of the other. That both round to one float is not
/// enough: so do any two clocks within two minutes.
std::optional<Explained> explain_single(const NumberPair& pair, uint64_t ulps) {
  if (!is_float_of(pair.x, pair.b, pair.y) && !is_float_of(pair.y, pair.a, pair.x)) {
    return std::nullopt;
  }
  Explained found{Explanation::kFloatSingle, static_cast<double>(ulps), "ulp", std::nullopt};
  // Of moments the tolerance would be minutes.
  if (is_plausible_moment(pair.a, pair.x) && is_plausible_moment(pair.b, pair.y)) return found;
  found.rule.emplace().relative = kSinglePrecision;
  return found;
}

Explained explain_numbers(std::string_view a_token, std::string_view b_token, bool both_integers,
                          std::string_view place) {
  const NumberPair pair(a_token, b_token);
  if (pair.a.zero() && pair.b.zero() && pair.a.negative() != pair.b.negative()) {
    Rule rule;
    rule.absolute = "0";
    return explained(Explanation::kNegativeZero, std::move(rule));
  }
  if (compare_magnitude(pair.a, pair.b) == 0 && pair.a.negative() == pair.b.negative()) {
    return explained(Explanation::kNumberRepresentation, coerce_number());
  }
  if (auto found = explain_unit(pair, place)) return *std::move(found);
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
    const auto single = explain_single(pair, ulps);
    // The long tail of a float's exact value gives it away, however short the other side is.
    const bool longer_a = pair.a.places() > pair.b.places();
    const double longer = longer_a ? pair.x : pair.y;
    if (single && static_cast<double>(static_cast<float>(longer)) == longer) return *single;
    if (auto found = explain_rounding(pair)) return *std::move(found);
    if (single) return *single;
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

Explained explain_texts(std::string_view a, std::string_view b, std::string_view place) {
  if (is_json_number(a) && is_json_number(b)) {
    Explained found = explain_numbers(
        a, b, classify_number(a) == NodeKind::kInteger && classify_number(b) == NodeKind::kInteger,
        place);
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
                              bool number_is_control, std::string_view place) {
  if (is_json_number(text)) {
    Explained found = number_is_control ? explain_numbers(number, text, false, place)
                                        : explain_numbers(text, number, false, place);
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

Explained explain_pair(const Scalar& a, const Scalar& b, std::string_view place) {
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
                           a.type == ValueType::kInteger && b.type == ValueType::kInteger, place);
  }
  if (a.is_string() && b.is_string()) return explain_texts(text_a, text_b, place);
  if (a.is_number() && b.is_string()) return explain_number_text(a.raw, text_b, true, place);
  if (a.is_string() && b.is_number()) return explain_number_text(b.raw, text_a, false, place);
  return {};
}

}  // namespace

Explained explain(const Scalar& control, const Scalar& candidate, std::string_view place,
                  uint64_t explain_ulps_max) {
  if (control.type >= ValueType::kArray || candidate.type >= ValueType::kArray) return {};
  Explained found = explain_pair(control, candidate, place);
  if (found.explanation == Explanation::kFloatUlp ||
      (found.explanation == Explanation::kNone && found.rule)) {
    const bool noise = found.distance <= static_cast<double>(explain_ulps_max);
    found.explanation = noise ? Explanation::kFloatUlp : Explanation::kNone;
    if (!noise) found.rule.reset();
  }
  if (found.rule && !found.rule->ignore && !accepts(*found.rule, control, candidate)) {
    found = Explained{};
  }
  return found;
}

}  // namespace understudy::compare
