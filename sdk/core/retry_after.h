#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace understudy::sdk {

/// The wait a Retry-After field asks for (RFC 9110 10.2.3: seconds, or an IMF-fixdate against
/// `unix_ns`), never negative; nullopt when it says neither. The caller clamps it.
std::optional<int64_t> retry_after_ns(std::string_view field, int64_t unix_ns);

}  // namespace understudy::sdk
