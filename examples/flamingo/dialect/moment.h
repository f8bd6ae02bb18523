#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace flamingo {

inline constexpr int64_t kMsPerHour = 3'600'000;
inline constexpr int64_t kMsPerDay = 24 * kMsPerHour;

/// The units a moment can be cut to, or a part of it taken. UTC, proleptic Gregorian calendar.
enum class TimeUnit {
  kYear,               // the first moment of the year
  kYearMonth,          // of the month
  kYearMonthDate,      // of the day
  kYearMonthDateHour,  // of the hour
  kMonth,              // 1 to 12
  kDay,                // of the week, 0 is Sunday
  kHour,               // 0 to 23
};

/// "year", "yearmonth", "yearmonthdate", "yearmonthdatehours", "month", "day", "hours": Vega-Lite's
/// words.
std::string_view time_unit_name(TimeUnit unit);
std::optional<TimeUnit> time_unit_from_name(std::string_view name);

/// Whether the unit cuts a moment (its result is a time) or takes a part (an integer).
bool cuts(TimeUnit unit);

/// Applies a unit to milliseconds since 1970. For a unit that cuts: milliseconds again.
int64_t apply_time_unit(int64_t unix_ms, TimeUnit unit);

/// Reads "2001-02-03", "2001-02-03 04:05", "2001-02-03T04:05:06", with ".789" and "Z" as they come.
/// Nothing else is a moment. Milliseconds since 1970.
std::optional<int64_t> parse_moment(std::string_view text);

/// "2001-02-03T04:05:06", with milliseconds when there are some.
std::string format_moment(int64_t unix_ms);

}  // namespace flamingo
