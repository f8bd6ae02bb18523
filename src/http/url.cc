#include "http/url.h"

#include <algorithm>
#include <utility>

#include "http/h1_bytes.h"

namespace understudy::http {
namespace {

constexpr std::size_t kHostBytesMax = 255;
constexpr std::size_t kLabelBytesMax = 63;

bool valid_port(std::string_view port) noexcept {
  if (port.size() > 5) return false;
  unsigned number = 0;
  for (char byte : port) {
    if (!bytes::is(byte, bytes::kDigit)) return false;
    number = number * 10 + static_cast<unsigned>(byte - '0');
  }
  return number <= 65535;
}

bool valid_ipv4(std::string_view text) noexcept {
  for (int part = 0; part < 4; ++part) {
    const std::size_t dot = std::min(text.find('.'), text.size());
    const std::string_view digits = text.substr(0, dot);
    if (digits.empty() || digits.size() > 3 || !valid_port(digits)) return false;
    if (digits.size() > 1 && digits.front() == '0') return false;
    int number = 0;
    for (char byte : digits) number = number * 10 + (byte - '0');
    if (number > 255) return false;
    if (part == 3) return dot == text.size();
    if (dot == text.size()) return false;
    text.remove_prefix(dot + 1);
  }
  return false;
}

bool valid_ipv6(std::string_view text) noexcept {
  int groups = 0;
  bool gap = false;
  if (text.starts_with("::")) {
    gap = true;
    text.remove_prefix(2);
    if (text.empty()) return true;
  }
  for (;;) {
    const std::size_t colon = std::min(text.find(':'), text.size());
    const std::string_view group = text.substr(0, colon);
    if (group.find('.') != group.npos) {
      groups += 2;
      return colon == text.size() && valid_ipv4(group) && (gap ? groups < 8 : groups == 8);
    }
    if (group.empty() || group.size() > 4) return false;
    for (char byte : group) {
      if (!bytes::is(byte, bytes::kHexDigit)) return false;
    }
    if (++groups > 8) return false;
    if (colon == text.size()) return gap ? groups < 8 : groups == 8;
    text.remove_prefix(colon + 1);
    if (text.starts_with(":")) {
      if (gap) return false;
      gap = true;
      text.remove_prefix(1);
      if (text.empty()) return groups < 8;
    }
  }
}

/// A name of labels, of which the last may be empty (a name from the root). No percent escapes: one
/// server would decode them before it compares and another would not. What has digits and dots
/// only is an address, and not one of those that a resolver makes of "127.1" or "1.2.3.256".
bool valid_name(std::string_view name) noexcept {
  if (name.empty() || name.size() > kHostBytesMax) return false;
  bool letters_seen = false;
  bool dot_seen = false;
  std::size_t label_bytes = 0;
  bool label_has_alphanumeric = false;
  const auto label_is_sound = [&] {
    return label_bytes <= kLabelBytesMax && label_has_alphanumeric;
  };
  for (const char byte : name) {
    if (byte == '.') {
      if (!label_is_sound()) return false;
      dot_seen = true;
      label_bytes = 0;
      label_has_alphanumeric = false;
      continue;
    }
    if (!bytes::is(byte, bytes::kHost)) return false;
    ++label_bytes;
    const bool digit = bytes::is(byte, bytes::kDigit);
    const char lower = bytes::to_lower(byte);
    label_has_alphanumeric |= digit || (lower >= 'a' && lower <= 'z');
    letters_seen |= !digit;
  }
  if (label_bytes > 0 && !label_is_sound()) return false;
  return letters_seen || !dot_seen || valid_ipv4(name);
}

/// Host with its brackets, and port, of a text already known to be well formed or not.
std::pair<std::string_view, std::string_view> split_port(std::string_view authority) noexcept {
  const std::size_t host_end = authority.starts_with("[")
                                   ? std::min(authority.find(']'), authority.size() - 1) + 1
                                   : std::min(authority.find(':'), authority.size());
  return {authority.substr(0, host_end), authority.substr(host_end)};
}

}  // namespace

bool valid_authority(std::string_view authority) noexcept {
  if (authority.empty()) return false;
  const auto [host, port] = split_port(authority);
  if (!port.empty() && (port.front() != ':' || !valid_port(port.substr(1)))) return false;
  if (host.starts_with("[")) {
    return host.size() > 2 && host.back() == ']' && valid_ipv6(host.substr(1, host.size() - 2));
  }
  return valid_name(host);
}

base::Result<OriginUrl> parse_origin_url(std::string_view url) {
  const auto wrong = [url](std::string_view why) {
    return base::invalid("\"" + std::string(url) + "\" is not a service URL: " + std::string(why));
  };
  OriginUrl origin;
  const std::size_t scheme_end = url.find("://");
  if (scheme_end == url.npos) return wrong("it must begin with http:// or https://");
  origin.scheme = url.substr(0, scheme_end);
  std::transform(origin.scheme.begin(), origin.scheme.end(), origin.scheme.begin(),
                 bytes::to_lower);
  if (origin.scheme != "http" && origin.scheme != "https") {
    return wrong("it must begin with http:// or https://");
  }
  const std::string_view rest = url.substr(scheme_end + 3);
  if (rest.find_first_of("?#") != rest.npos)
    return wrong("a query or fragment has no meaning here");
  const std::size_t authority_end = std::min(rest.find('/'), rest.size());
  const std::string_view authority = rest.substr(0, authority_end);
  if (authority.find('@') != authority.npos) return wrong("user names are not supported");
  if (authority.empty()) return wrong("the host is missing");
  if (!valid_authority(authority)) return wrong("malformed host or port");

  const auto [host, port_text] = split_port(authority);
  std::string_view bare = host;
  if (host.front() == '[') {
    origin.host_is_ipv6 = true;
    bare = host.substr(1, host.size() - 2);
  }
  origin.host = bare;
  std::transform(origin.host.begin(), origin.host.end(), origin.host.begin(), bytes::to_lower);
  const std::uint16_t default_port = origin.scheme == "http" ? 80 : 443;
  origin.port = default_port;
  if (!port_text.empty()) {
    unsigned port = 0;
    for (char byte : port_text.substr(1)) port = port * 10 + static_cast<unsigned>(byte - '0');
    if (port == 0) return wrong("the port must be from 1 to 65535");
    origin.port = static_cast<std::uint16_t>(port);
  }
  origin.authority = origin.host_is_ipv6 ? "[" + origin.host + "]" : origin.host;
  if (origin.port != default_port) origin.authority += ":" + std::to_string(origin.port);

  std::string_view prefix = rest.substr(authority_end);
  if (bytes::skip_target(prefix.data(), prefix.data() + prefix.size()) !=
      prefix.data() + prefix.size()) {
    return wrong("the path has a space or control character");
  }
  while (prefix.ends_with('/')) prefix.remove_suffix(1);
  origin.prefix = prefix;
  return origin;
}

TargetParts split_target(std::string_view target) noexcept {
  const std::size_t mark = target.find('?');
  if (mark == target.npos) return {target, {}, false};
  return {target.substr(0, mark), target.substr(mark + 1), true};
}

std::optional<std::string_view> query_parameter(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    const std::string_view pair = query.substr(0, end);
    const std::size_t equals = std::min(pair.find('='), pair.size());
    const std::string_view key = pair.substr(0, equals);
    const bool encoded = key.find_first_of("%+") != key.npos;
    if (encoded ? percent_decode(key, PlusSign::kIsSpace) == name : key == name) {
      return equals == pair.size() ? std::string_view() : pair.substr(equals + 1);
    }
    query.remove_prefix(std::min(end + 1, query.size()));
  }
  return std::nullopt;
}

std::optional<std::string_view> cookie(std::string_view cookie_value, std::string_view name) {
  while (!cookie_value.empty()) {
    const std::size_t end = std::min(cookie_value.find(';'), cookie_value.size());
    const std::string_view pair = bytes::trim(cookie_value.substr(0, end));
    const std::size_t equals = pair.find('=');
    if (equals != pair.npos && bytes::trim(pair.substr(0, equals)) == name) {
      std::string_view value = bytes::trim(pair.substr(equals + 1));
      if (value.size() >= 2 && value.front() == '"' && value.back() == '"') {
        value = value.substr(1, value.size() - 2);
      }
      return value;
    }
    cookie_value.remove_prefix(std::min(end + 1, cookie_value.size()));
  }
  return std::nullopt;
}

std::optional<std::string_view> cookie(const Fields& fields, std::string_view name) {
  if (!fields.has(KnownField::kCookie)) return std::nullopt;
  for (const Field& field : fields) {
    if (field.known != KnownField::kCookie) continue;
    if (const auto value = cookie(field.value, name)) return value;
  }
  return std::nullopt;
}

std::string percent_decode(std::string_view text, PlusSign plus) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && text.size() - i >= 3) {
      const int high = bytes::hex_value(text[i + 1]);
      const int low = bytes::hex_value(text[i + 2]);
      if (high >= 0 && low >= 0) {
        decoded += static_cast<char>(high * 16 + low);
        i += 2;
        continue;
      }
    }
    decoded += text[i] == '+' && plus == PlusSign::kIsSpace ? ' ' : text[i];
  }
  return decoded;
}

}  // namespace understudy::http
