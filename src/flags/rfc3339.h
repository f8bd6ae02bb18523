#pragma once

#include <optional>
#include <string_view>

namespace understudy::flags {

/// The moment an RFC 3339 text names, in milliseconds since 1970 UTC with their fraction:
/// "2017-12-06T00:00:00.000-07:00". Date, time and zone are all required; a leap second counts as
/// the second after it. Anything else is no date.
std::optional<double> parse_rfc3339_ms(std::string_view text);

}  // namespace understudy::flags
