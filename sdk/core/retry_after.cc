#include "core/retry_after.h"

#include <algorithm>
#include <array>
#include <chrono>

#include "base/text.h"

namespace understudy::sdk {
namespace {

constexpr int64_t kSecondNs = 1'000'000'000;
constexpr uint64_t kSecondsMax = 86'400;  // nobody means longer; keeps the sum in range

/// "Sun, 06 Nov 1994 08:49:37 GMT" as seconds since 1970.
std::optional<int64_t> imf_fixdate_s(std::string_view text) {
  constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  if (text.size() != 29 || text.substr(25) != " GMT" || text[19] != ':' || text[22] != ':') {
    return std::nullopt;
  }
  const auto month = std::find(kMonths.begin(), kMonths.end(), text.substr(8, 3));
  const auto day = base::parse_uint64(text.substr(5, 2));
  const auto year = base::parse_uint64(text.substr(12, 4));
  const auto hour = base::parse_uint64(text.substr(17, 2));
  const auto minute = base::parse_uint64(text.substr(20, 2));
  const auto second = base::parse_uint64(text.substr(23, 2));
  if (month == kMonths.end() || !day || !year || !hour || !minute || !second) return std::nullopt;
  const std::chrono::year_month_day date{
      std::chrono::year(static_cast<int>(*year)),
      std::chrono::month(static_cast<unsigned>(month - kMonths.begin()) + 1),
      std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok() || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  const auto days = std::chrono::sys_days(date).time_since_epoch().count();
  return int64_t{days} * 86'400 + static_cast<int64_t>(*hour * 3'600 + *minute * 60 + *second);
}

}  // namespace

std::optional<int64_t> retry_after_ns(std::string_view field, int64_t unix_ns) {
  field = base::trim(field);
  if (const auto seconds = base::parse_uint64(field)) {
    return static_cast<int64_t>(std::min(*seconds, kSecondsMax)) * kSecondNs;
  }
  const auto moment = imf_fixdate_s(field);
  if (!moment) return std::nullopt;
  const int64_t wait_s = *moment - unix_ns / kSecondNs;
  return std::clamp<int64_t>(wait_s, 0, static_cast<int64_t>(kSecondsMax)) * kSecondNs;
}

}  // namespace understudy::sdk
