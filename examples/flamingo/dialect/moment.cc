#include "dialect/moment.h"

#include <array>
#include <cstdio>

namespace flamingo {
namespace {

constexpr int64_t floor_div(int64_t a, int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }

struct Date {
  int64_t year;
  int64_t month;  // 1 to 12
  int64_t day;    // 1 to 31
};

// Both after Howard Hinnant, "chrono-compatible low-level date algorithms".
constexpr int64_t days_from_date(Date date) {
  const int64_t year = date.year - (date.month <= 2 ? 1 : 0);
  const int64_t era = floor_div(year, 400);
  const int64_t year_of_era = year - era * 400;
  const int64_t day_of_year =
      (153 * (date.month + (date.month > 2 ? -3 : 9)) + 2) / 5 + date.day - 1;
  const int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146'097 + day_of_era - 719'468;
}

constexpr Date date_from_days(int64_t days) {
  days += 719'468;
  const int64_t era = floor_div(days, 146'097);
  const int64_t day_of_era = days - era * 146'097;
  const int64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const int64_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int64_t month_from_march = (5 * day_of_year + 2) / 153;
  const int64_t day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
  const int64_t month = month_from_march + (month_from_march < 10 ? 3 : -9);
  return {year_of_era + era * 400 + (month <= 2 ? 1 : 0), month, day};
}

constexpr std::array<std::pair<TimeUnit, std::string_view>, 7> kUnits = {{
    {TimeUnit::kYear, "year"},
    {TimeUnit::kYearMonth, "yearmonth"},
    {TimeUnit::kYearMonthDate, "yearmonthdate"},
    {TimeUnit::kYearMonthDateHour, "yearmonthdatehours"},
    {TimeUnit::kMonth, "month"},
    {TimeUnit::kDay, "day"},
    {TimeUnit::kHour, "hours"},
}};

/// Takes fixed-width numbers and separators off the front of a text.
struct Reader {
  std::string_view rest;

  std::optional<int64_t> digits(size_t count) {
    if (rest.size() < count) return std::nullopt;
    int64_t number = 0;
    for (size_t i = 0; i < count; ++i) {
      if (rest[i] < '0' || rest[i] > '9') return std::nullopt;
      number = number * 10 + (rest[i] - '0');
    }
    rest.remove_prefix(count);
    return number;
  }
  bool take(char c) {
    if (rest.empty() || rest[0] != c) return false;
    rest.remove_prefix(1);
    return true;
  }
};

constexpr int64_t days_in_month(int64_t year, int64_t month) {
  constexpr int64_t kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  return kDays[month - 1] + (month == 2 && leap ? 1 : 0);
}

/// The time of day after the date: milliseconds since midnight.
std::optional<int64_t> parse_time_of_day(Reader& in) {
  const auto hour = in.digits(2);
  if (!hour || *hour > 23 || !in.take(':')) return std::nullopt;
  const auto minute = in.digits(2);
  if (!minute || *minute > 59) return std::nullopt;
  int64_t ms = *hour * kMsPerHour + *minute * 60'000;
  if (in.take(':')) {
    const auto second = in.digits(2);
    if (!second || *second > 59) return std::nullopt;
    ms += *second * 1000;
    if (in.take('.')) {
      const auto fraction = in.digits(3);
      if (!fraction) return std::nullopt;
      ms += *fraction;
    }
  }
  return ms;
}

}  // namespace

std::string_view time_unit_name(TimeUnit unit) {
  for (const auto& [known, name] : kUnits) {
    if (known == unit) return name;
  }
  return "";
}

std::optional<TimeUnit> time_unit_from_name(std::string_view name) {
  for (const auto& [unit, known] : kUnits) {
    if (known == name) return unit;
  }
  return std::nullopt;
}

bool cuts(TimeUnit unit) {
  switch (unit) {
    case TimeUnit::kYear:
    case TimeUnit::kYearMonth:
    case TimeUnit::kYearMonthDate:
    case TimeUnit::kYearMonthDateHour:
      return true;
    case TimeUnit::kMonth:
    case TimeUnit::kDay:
    case TimeUnit::kHour:
      return false;
  }
  return false;
}

int64_t apply_time_unit(int64_t unix_ms, TimeUnit unit) {
  const int64_t days = floor_div(unix_ms, kMsPerDay);
  switch (unit) {
    case TimeUnit::kYear:
      return days_from_date({date_from_days(days).year, 1, 1}) * kMsPerDay;
    case TimeUnit::kYearMonth: {
      const Date date = date_from_days(days);
      return days_from_date({date.year, date.month, 1}) * kMsPerDay;
    }
    case TimeUnit::kYearMonthDate:
      return days * kMsPerDay;
    case TimeUnit::kYearMonthDateHour:
      return floor_div(unix_ms, kMsPerHour) * kMsPerHour;
    case TimeUnit::kMonth:
      return date_from_days(days).month;
    case TimeUnit::kDay:
      return (days + 4) - 7 * floor_div(days + 4, 7);
    case TimeUnit::kHour:
      return (unix_ms - days * kMsPerDay) / kMsPerHour;
  }
  return 0;
}

std::optional<int64_t> parse_moment(std::string_view text) {
  Reader in{text};
  const auto year = in.digits(4);
  if (!year || !in.take('-')) return std::nullopt;
  const auto month = in.digits(2);
  if (!month || *month < 1 || *month > 12 || !in.take('-')) return std::nullopt;
  const auto day = in.digits(2);
  if (!day || *day < 1 || *day > days_in_month(*year, *month)) return std::nullopt;
  int64_t ms = days_from_date({*year, *month, *day}) * kMsPerDay;
  if (in.take('T') || in.take(' ')) {
    const auto time = parse_time_of_day(in);
    if (!time) return std::nullopt;
    ms += *time;
    in.take('Z');
  }
  if (!in.rest.empty()) return std::nullopt;
  return ms;
}

std::string format_moment(int64_t unix_ms) {
  const int64_t days = floor_div(unix_ms, kMsPerDay);
  const Date date = date_from_days(days);
  const int64_t ms = unix_ms - days * kMsPerDay;
  char out[96];
  int length = std::snprintf(out, sizeof(out), "%04d-%02d-%02dT%02d:%02d:%02d",
                             static_cast<int>(date.year), static_cast<int>(date.month),
                             static_cast<int>(date.day), static_cast<int>(ms / kMsPerHour),
                             static_cast<int>(ms / 60'000 % 60), static_cast<int>(ms / 1000 % 60));
  if (ms % 1000 != 0) {
    length += std::snprintf(out + length, sizeof(out) - static_cast<size_t>(length), ".%03d",
                            static_cast<int>(ms % 1000));
  }
  return std::string(out, static_cast<size_t>(length));
}

}  // namespace flamingo
