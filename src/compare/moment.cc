#include "compare/moment.h"

#include <algorithm>
#include <chrono>
#include <cmath>

namespace understudy::compare {

namespace {

constexpr int64_t kSecond = 1'000'000'000;
constexpr int64_t kDay = 86'400 * kSecond;

/// Takes exactly `digits` decimal digits from the front of `text`.
std::optional<int32_t> take_digits(std::string_view& text, size_t digits) {
  if (text.size() < digits) return std::nullopt;
  int32_t value = 0;
  for (size_t i = 0; i < digits; ++i) {
    if (text[i] < '0' || text[i] > '9') return std::nullopt;
    value = value * 10 + (text[i] - '0');
  }
  text.remove_prefix(digits);
  return value;
}

bool take(std::string_view& text, char letter) {
  if (!text.starts_with(letter)) return false;
  text.remove_prefix(1);
  return true;
}

bool take_fraction(std::string_view& text, Moment& moment) {
  if (!text.starts_with('.') && !text.starts_with(',')) return true;
  text.remove_prefix(1);
  int64_t unit = kSecond;
  int64_t fraction = 0;
  size_t digits = 0;
  while (digits < text.size() && text[digits] >= '0' && text[digits] <= '9') {
    if (unit > 1) {
      unit /= 10;
      fraction += unit * (text[digits] - '0');
    }
    ++digits;
  }
  text.remove_prefix(digits);
  moment.nanos += fraction;
  moment.precision = unit;
  return digits > 0;
}

bool take_zone(std::string_view& text, Moment& moment) {
  if (text.empty()) return true;
  if (take(text, 'Z') || take(text, 'z')) {
    moment.zoned = true;
    return text.empty();
  }
  const bool west = text[0] == '-';
  if (!west && text[0] != '+') return false;
  text.remove_prefix(1);
  const auto hours = take_digits(text, 2);
  if (!hours || *hours > 23) return false;
  int32_t minutes = 0;
  if (!text.empty()) {
    take(text, ':');
    const auto taken = take_digits(text, 2);
    if (!taken || *taken > 59) return false;
    minutes = *taken;
  }
  moment.zoned = true;
  moment.offset_min = (*hours * 60 + minutes) * (west ? -1 : 1);
  moment.nanos -= static_cast<Moment::Nanos>(moment.offset_min) * 60 * kSecond;
  return text.empty();
}

int32_t unit_exponent(TimeUnit unit) {
  switch (unit) {
    case TimeUnit::kSeconds:
      return 9;
    case TimeUnit::kMillis:
      return 6;
    case TimeUnit::kMicros:
      return 3;
    case TimeUnit::kNanos:
    case TimeUnit::kIso:
    case TimeUnit::kAny:
      return 0;
  }
  return 0;
}

int64_t power_of_ten(int64_t exponent) {
  int64_t value = 1;
  for (int64_t i = 0; i < exponent; ++i) value *= 10;
  return value;
}

}  // namespace

double Moment::seconds_from(const Moment& other) const {
  return static_cast<double>(nanos - other.nanos) / 1e9;
}

std::optional<Moment> parse_iso(std::string_view text) {
  const auto year = take_digits(text, 4);
  if (!year || !take(text, '-')) return std::nullopt;
  const auto month = take_digits(text, 2);
  if (!month || !take(text, '-')) return std::nullopt;
  const auto day = take_digits(text, 2);
  if (!day) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return std::nullopt;
  Moment moment;
  moment.nanos =
      static_cast<Moment::Nanos>(std::chrono::sys_days(date).time_since_epoch().count()) * kDay;
  moment.precision = kDay;
  if (text.empty()) return moment;
  if (!take(text, 'T') && !take(text, 't') && !take(text, ' ')) return std::nullopt;
  const auto hour = take_digits(text, 2);
  if (!hour || *hour > 23 || !take(text, ':')) return std::nullopt;
  const auto minute = take_digits(text, 2);
  if (!minute || *minute > 59) return std::nullopt;
  moment.nanos += static_cast<Moment::Nanos>(*hour * 60 + *minute) * 60 * kSecond;
  moment.precision = 60 * kSecond;
  if (take(text, ':')) {
    const auto second = take_digits(text, 2);
    if (!second || *second > 60) return std::nullopt;
    moment.nanos += static_cast<Moment::Nanos>(*second) * kSecond;
    moment.precision = kSecond;
    if (!take_fraction(text, moment)) return std::nullopt;
  }
  if (!take_zone(text, moment)) return std::nullopt;
  return moment;
}

std::optional<Moment> moment_of(const Decimal& number, TimeUnit unit) {
  const int32_t unit_power = unit_exponent(unit);
  Moment moment;
  moment.precision = power_of_ten(
      std::max<int64_t>(0, unit_power - std::clamp<int64_t>(number.places(), 0, unit_power)));
  if (number.zero()) return moment;
  int64_t shift = number.exponent() + unit_power;
  const auto size = static_cast<int64_t>(number.digits().size());
  if (shift + size > 36) return std::nullopt;
  Moment::Nanos value = 0;
  const auto used =
      static_cast<size_t>(std::clamp<int64_t>(size + std::min<int64_t>(shift, 0), 0, size));
  for (size_t i = 0; i < used; ++i) value = value * 10 + (number.digits()[i] - '0');
  for (; shift > 0; --shift) value *= 10;
  moment.nanos = number.negative() ? -value : value;
  return moment;
}

bool same_moment(const Moment& a, const Moment& b) {
  const Moment::Nanos gap = a.nanos > b.nanos ? a.nanos - b.nanos : b.nanos - a.nanos;
  return gap < std::max(a.precision, b.precision);
}

std::optional<TimeUnit> epoch_unit(double number) {
  const double size = std::fabs(number);
  if (size >= 1e8 && size < 1e10) return TimeUnit::kSeconds;
  if (size >= 1e11 && size < 1e13) return TimeUnit::kMillis;
  if (size >= 1e14 && size < 1e16) return TimeUnit::kMicros;
  if (size >= 1e17 && size < 1e19) return TimeUnit::kNanos;
  return std::nullopt;
}

}  // namespace understudy::compare
