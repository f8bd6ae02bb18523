#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace understudy::query {

/// Unix seconds -> "2026-11-22T15:04:05Z".
std::string rfc3339_seconds(int64_t unix_s);
/// Unix nanoseconds -> "2026-11-22T15:04:05.000000001Z".
std::string rfc3339_nanoseconds(int64_t unix_ns);
/// "2026-11-22T15:04:05Z", also with a fraction (dropped), a lower-case t or z, a space instead of
/// T, and an offset such as +02:00 -> Unix seconds. Empty when it is not a date and time that
/// exists.
std::optional<int64_t> parse_rfc3339(std::string_view text);

}  // namespace understudy::query
