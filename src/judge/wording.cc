#include "judge/wording.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <ctime>

#include "base/text.h"

namespace understudy::judge {

std::string with_thousands(int64_t number) {
  std::string digits = base::cat(number);
  const size_t first = number < 0 ? 1 : 0;
  for (size_t at = digits.size(); at > first + 3;) {
    at -= 3;
    digits.insert(at, ",");
  }
  return digits;
}

std::string short_number(double number) {
  std::array<char, 40> text{};
  const int size = std::snprintf(text.data(), text.size(), "%.6g", number == 0 ? 0.0 : number);
  return {text.data(), static_cast<size_t>(size)};
}

std::string percent(double fraction) {
  std::array<char, 40> text{};
  const int size = std::snprintf(text.data(), text.size(), "%.4g%%", fraction * 100 + 0.0);
  return {text.data(), static_cast<size_t>(size)};
}

std::string signed_percent(double fraction) {
  return fraction > 0 ? base::cat("+", percent(fraction)) : percent(fraction);
}

std::string milliseconds(double ms) {
  std::array<char, 40> text{};
  const int size =
      std::snprintf(text.data(), text.size(), ms >= 1000 ? "%.0f ms" : "%.3g ms", ms + 0.0);
  return {text.data(), static_cast<size_t>(size)};
}

std::string duration_words(int64_t duration_ms) {
  struct Unit {
    int64_t ms;
    const char* word;
  };
  constexpr std::array kUnits = {Unit{86'400'000, "d"}, Unit{3'600'000, "h"}, Unit{60'000, "min"},
                                 Unit{1'000, "s"}};
  if (duration_ms < 1'000) return base::cat(duration_ms, " ms");
  for (size_t i = 0; i < kUnits.size(); ++i) {
    if (duration_ms < kUnits[i].ms) continue;
    std::string words = base::cat(duration_ms / kUnits[i].ms, " ", kUnits[i].word);
    if (i + 1 < kUnits.size()) {
      const int64_t rest = duration_ms % kUnits[i].ms / kUnits[i + 1].ms;
      if (rest > 0) words += base::cat(" ", rest, " ", kUnits[i + 1].word);
    }
    return words;
  }
  return {};
}

std::string rough_duration(int64_t duration_ms) {
  struct Step {
    int64_t below_ms;  // from here on the next step's
    int64_t ms;        // rounded up to
    int64_t unit_ms;
    const char* unit;
  };
  constexpr int64_t kMinute = 60'000;
  constexpr int64_t kHour = 60 * kMinute;
  constexpr std::array kSteps = {Step{50'001, 10'000, 1'000, "second"},
                                 Step{10 * kMinute + 1, kMinute, kMinute, "minute"},
                                 Step{55 * kMinute + 1, 5 * kMinute, kMinute, "minute"},
                                 Step{48 * kHour + 1, kHour, kHour, "hour"}};
  constexpr Step kDays{0, 24 * kHour, 24 * kHour, "day"};
  const Step* step = &kDays;
  for (const Step& one : kSteps) {
    if (duration_ms >= one.below_ms) continue;
    step = &one;
    break;
  }
  const int64_t steps = std::max<int64_t>(1, (duration_ms + step->ms - 1) / step->ms);
  const int64_t units = steps * (step->ms / step->unit_ms);
  return base::cat(with_thousands(units), " ", step->unit, units == 1 ? "" : "s");
}

std::string in_unit(double value, std::string_view unit) {
  if (!std::isfinite(value)) return "unbounded";
  if (unit == "fraction") return percent(value);
  if (unit == "difference") return signed_percent(value);
  if (unit == "ms") return milliseconds(value);
  std::array<char, 40> text{};
  const int size = std::snprintf(text.data(), text.size(), "%.4g", value);
  if (unit == "count") return with_thousands(static_cast<int64_t>(value));
  return {text.data(), static_cast<size_t>(size)};
}

std::string not_asked_sentence(int64_t requests) {
  return base::cat(with_thousands(requests),
                   " requests were not sent to the candidate, because it gave no answers to those "
                   "before (circuit_open, unhealthy): each counts as a failure of it.");
}

std::string rfc3339(int64_t unix_ns) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(std::chrono::nanoseconds(unix_ns));
  const auto whole = static_cast<std::time_t>(seconds.count());
  std::tm parts{};
  gmtime_r(&whole, &parts);
  std::array<char, 40> text{};
  const size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return {text.data(), size};
}

}  // namespace understudy::judge
