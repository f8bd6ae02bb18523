#include "query/rfc3339.h"

#include <array>
#include <chrono>
#include <cstdio>

namespace understudy::query {
namespace {

constexpr int64_t kNsPerS = 1'000'000'000;

std::string date_and_time(int64_t unix_s) {
  using std::chrono::days;
  using std::chrono::seconds;
  using std::chrono::sys_seconds;
  const sys_seconds moment{seconds(unix_s)};
  const auto day = std::chrono::floor<days>(moment);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(moment - day);
  std::array<char, 64> text{};
  const int size = std::snprintf(
      text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02d", static_cast<int>(date.year()),
      static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
      static_cast<int>(time.hours().count()), static_cast<int>(time.minutes().count()),
      static_cast<int>(time.seconds().count()));
  return {text.data(), static_cast<size_t>(size)};
}

// Exactly `digits` digits at the front of `text`, which are taken away.
std::optional<int> take_number(std::string_view& text, size_t digits) {
  if (text.size() < digits) return std::nullopt;
  int value = 0;
  for (size_t i = 0; i < digits; ++i) {
    if (text[i] < '0' || text[i] > '9') return std::nullopt;
    value = value * 10 + (text[i] - '0');
  }
  text.remove_prefix(digits);
  return value;
}

bool take_one_of(std::string_view& text, std::string_view letters) {
  if (text.empty() || letters.find(text[0]) == std::string_view::npos) return false;
  text.remove_prefix(1);
  return true;
}

}  // namespace

std::string rfc3339_seconds(int64_t unix_s) { return date_and_time(unix_s) + "Z"; }

std::string rfc3339_nanoseconds(int64_t unix_ns) {
  int64_t seconds = unix_ns / kNsPerS;
  int64_t rest = unix_ns % kNsPerS;
  if (rest < 0) {
    rest += kNsPerS;
    --seconds;
  }
  std::array<char, 16> fraction{};
  std::snprintf(fraction.data(), fraction.size(), ".%09dZ", static_cast<int>(rest));
  return date_and_time(seconds) + fraction.data();
}

std::optional<int64_t> parse_rfc3339(std::string_view text) {
  const auto year = take_number(text, 4);
  if (!year || !take_one_of(text, "-")) return std::nullopt;
  const auto month = take_number(text, 2);
  if (!month || !take_one_of(text, "-")) return std::nullopt;
  const auto day = take_number(text, 2);
  if (!day || !take_one_of(text, "Tt ")) return std::nullopt;
  const auto hour = take_number(text, 2);
  if (!hour || !take_one_of(text, ":")) return std::nullopt;
  const auto minute = take_number(text, 2);
  if (!minute || !take_one_of(text, ":")) return std::nullopt;
  const auto second = take_number(text, 2);
  if (!second) return std::nullopt;
  if (take_one_of(text, ".")) {
    if (!take_one_of(text, "0123456789")) return std::nullopt;
    while (take_one_of(text, "0123456789")) {
    }
  }
  int64_t offset_s = 0;
  if (!take_one_of(text, "Zz")) {
    const bool behind = text.starts_with('-');
    if (!take_one_of(text, "+-")) return std::nullopt;
    const auto hours = take_number(text, 2);
    if (!hours || !take_one_of(text, ":")) return std::nullopt;
    const auto minutes = take_number(text, 2);
    if (!minutes || *hours > 23 || *minutes > 59) return std::nullopt;
    offset_s = (*hours * 3600 + *minutes * 60) * (behind ? -1 : 1);
  }
  const std::chrono::year_month_day date(std::chrono::year{*year},
                                         std::chrono::month{static_cast<unsigned>(*month)},
                                         std::chrono::day{static_cast<unsigned>(*day)});
  if (!text.empty() || !date.ok() || *hour > 23 || *minute > 59 || *second > 60) {
    return std::nullopt;
  }
  const auto days = std::chrono::sys_days(date).time_since_epoch();
  return std::chrono::seconds(days).count() + *hour * 3600 + *minute * 60 + *second - offset_s;
}

}  // namespace understudy::query
