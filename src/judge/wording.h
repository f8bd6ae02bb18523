#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace understudy::judge {

/// How numbers are said to a person. All pure.

/// 12345678 -> "12,345,678".
std::string with_thousands(int64_t number);
/// Six significant digits at most, no trailing zeros: 1.2, 0.000125, 1e+12.
std::string short_number(double number);
/// 0.00123 -> "0.123%"; keeps what distinguishes small rates.
std::string percent(double fraction);
/// 0.00123 -> "+0.123%", -0.1 -> "-10%".
std::string signed_percent(double fraction);
/// 3 -> "3 ms", 0.0123 -> "0.0123 ms".
std::string milliseconds(double ms);
/// 95000 ms -> "1 min 35 s"; the two largest units.
std::string duration_words(int64_t duration_ms);
/// How long something may take, rounded up to what a projection can say: "20 seconds", "7 minutes",
/// "25 minutes", "3 hours", "12 days"; at least 10 seconds.
std::string rough_duration(int64_t duration_ms);
/// A number in one of the units of a CriterionVerdict: "fraction" (0.1%), "difference" (+0.1%),
/// "ms", "ratio", "count"; "unbounded" when infinite.
std::string in_unit(double value, std::string_view unit);
/// How requests are told of that the candidate was spared because it had given no answers.
std::string not_asked_sentence(int64_t requests);
/// Unix nanoseconds -> "2026-11-22T15:04:05Z".
std::string rfc3339(int64_t unix_ns);

}  // namespace understudy::judge
