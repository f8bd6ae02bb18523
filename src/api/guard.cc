#include "api/guard.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>

#include "api/error_response.h"
#include "base/text.h"
#include "http/url.h"

namespace understudy::api {
namespace {

using base::cat;
using base::equals_ignore_case;

bool is_ip_address(const std::string& host) {
  std::array<unsigned char, sizeof(in6_addr)> address{};
  if (host.starts_with('[') && host.ends_with(']')) {
    return inet_pton(AF_INET6, host.substr(1, host.size() - 2).c_str(), address.data()) == 1;
  }
  return inet_pton(AF_INET, host.c_str(), address.data()) == 1;
}

/// "localhost:8081" without its port, "[::1]:8081" with its brackets.
std::string host_of(std::string_view authority) {
  const size_t bracket = authority.rfind(']');
  const size_t colon = authority.rfind(':');
  const bool has_port =
      colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket);
  std::string host = base::to_lower(has_port ? authority.substr(0, colon) : authority);
  if (host.size() > 1 && host.ends_with('.')) host.pop_back();
  return host;
}

/// An authority without the port that is the default of the scheme.
std::string_view without_default_port(std::string_view authority, std::string_view scheme) {
  const std::string_view port = scheme == "https" ? ":443" : ":80";
  if (authority.ends_with(port)) authority.remove_suffix(port.size());
  return authority;
}

bool same_origin(std::string_view origin, std::string_view authority) {
  for (const std::string_view scheme : {"http", "https"}) {
    const std::string prefix = cat(scheme, "://");
    if (origin.size() < prefix.size() ||
        !equals_ignore_case(origin.substr(0, prefix.size()), prefix)) {
      continue;
    }
    return equals_ignore_case(without_default_port(origin.substr(prefix.size()), scheme),
                              without_default_port(authority, scheme));
  }
  return false;
}

}  // namespace

std::optional<Response> refuse_foreign_host(const Request& request,
                                            const std::vector<std::string>& host_names) {
  if (!http::valid_authority(request.authority)) {
    return error_response(400, "the request needs one valid Host");
  }
  const std::string host = host_of(request.authority);
  if (host == "localhost" || is_ip_address(host)) return std::nullopt;
  const bool configured =
      std::any_of(host_names.begin(), host_names.end(),
                  [&](const std::string& name) { return equals_ignore_case(name, host); });
  if (configured) return std::nullopt;
  return error_response(403, cat("'", base::printable(host),
                                 "' is not a name of this server; use its IP address or localhost, "
                                 "or add the name to admin.hosts in the configuration"));
}

std::optional<Response> refuse_repeated_fields(const Request& request) {
  for (const std::string_view name :
       {"Origin", "Authorization", "Understudy-Key", "X-Honeycomb-Team", "X-Hny-Team",
        "Content-Type", "Content-Encoding"}) {
    const auto is_it = [name](const http::Field& field) {
      return http::same_field_name(field.name, name);
    };
    const http::Fields& fields = request.headers.fields();
    if (std::count_if(fields.begin(), fields.end(), is_it) > 1) {
      return error_response(400, cat("the request has more than one ", name));
    }
  }
  return std::nullopt;
}

std::optional<Response> refuse_foreign_origin(const Request& request) {
  if (request.method == "GET" || request.method == "HEAD") return std::nullopt;
  const http::Field* origin = request.headers.fields().find("origin");
  if (origin == nullptr || same_origin(origin->value, request.authority)) return std::nullopt;
  return error_response(403, cat("a page of origin '", base::printable(origin->value),
                                 "' may not change anything here"));
}

std::optional<Response> refuse_other_content(const Request& request, const Route& route) {
  if (route.body == BodyKind::kNone) return std::nullopt;
  const http::Fields& fields = request.headers.fields();
  const std::string_view type = fields.value_or(http::KnownField::kContentType);
  if (!equals_ignore_case(base::trim(type.substr(0, type.find(';'))), kJsonType)) {
    return error_response(
        415, cat(type.empty() ? std::string("there is no Content-Type")
                              : cat("Content-Type '", base::printable(type), "' is not taken"),
                 "; send application/json"));
  }
  const std::string_view coding =
      base::trim(fields.value_or(http::KnownField::kContentEncoding, "identity"));
  const bool plain = coding.empty() || equals_ignore_case(coding, "identity");
  const bool gzip = equals_ignore_case(coding, "gzip") || equals_ignore_case(coding, "x-gzip");
  if (plain || (gzip && route.body == BodyKind::kIngest)) return std::nullopt;
  Response response = error_response(
      415, cat("Content-Encoding '", base::printable(coding), "' is not taken here; send ",
               route.body == BodyKind::kIngest ? "gzip or identity" : "identity"));
  response.headers.emplace_back("Accept-Encoding",
                                route.body == BodyKind::kIngest ? "gzip, identity" : "identity");
  return response;
}

}  // namespace understudy::api
