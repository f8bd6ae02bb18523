#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "http/fields.h"

namespace understudy::http {

/// Base URL of a service from the configuration: `http://host:port/prefix`, IPv6 in brackets.
struct OriginUrl {
  std::string scheme;      // "http" or "https"
  std::string host;        // without brackets, lower case
  std::uint16_t port = 0;  // default of the scheme when not given
  std::string prefix;      // empty or "/x" without a slash at the end
  std::string authority;   // as sent in Host: brackets for IPv6, no default port
  bool host_is_ipv6 = false;
};

/// Failure: kInvalid with what is wrong: other scheme, user info, query, fragment, empty host,
/// port outside 1 to 65535.
base::Result<OriginUrl> parse_origin_url(std::string_view url);

/// A request target cut at its first `?`; nothing is decoded or normalised, a `#` is a byte of the
/// path or query like any other.
struct TargetParts {
  std::string_view path;
  std::string_view query;  // without the `?`
  bool has_query = false;
};
TargetParts split_target(std::string_view target) noexcept;

/// True for `host` or `host:port` that every server reads the same way: a name, IPv4 or bracketed
/// IPv6 address, port up to 65535; no user info, list, space, control byte, percent escape or
/// empty label. Empty is false.
bool valid_authority(std::string_view authority) noexcept;

/// Raw (not decoded) value of the first query parameter with this decoded name.
std::optional<std::string_view> query_parameter(std::string_view query, std::string_view name);

/// Value of the first cookie of this name in one Cookie field value / in all of them. Quotes
/// around a value are taken off. Names are case-sensitive.
std::optional<std::string_view> cookie(std::string_view cookie_value, std::string_view name);
std::optional<std::string_view> cookie(const Fields& fields, std::string_view name);

/// What `+` means: a space in form-encoded queries, itself in paths.
enum class PlusSign { kIsSpace, kIsPlus };

/// Percent-decoded text; a `%` without two hex digits after it stays as it is.
std::string percent_decode(std::string_view text, PlusSign plus = PlusSign::kIsPlus);

}  // namespace understudy::http
