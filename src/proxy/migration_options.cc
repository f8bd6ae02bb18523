#include "proxy/migration_options.h"

#include <algorithm>
#include <array>
#include <tuple>

#include "base/text.h"
#include "http/message.h"
#include "net/tcp_stream.h"
#include "proxy/tls_options.h"

namespace understudy::proxy {
namespace {

using base::cat;
using base::ConfigNode;
using base::Result;

constexpr size_t kNameBytesMax = 100;
constexpr int64_t kCountMax = 1'000'000;
constexpr auto kHealthIntervalMin = std::chrono::milliseconds(100);
constexpr uint64_t kKeyBodyBytesMax = 16 << 20;

Result<uint32_t> read_count(const ConfigNode& node) {
  TRY_ASSIGN(const int64_t count, node.as_int(1, kCountMax));
  return static_cast<uint32_t>(count);
}

base::Status set_duration(const ConfigNode& parent, std::string_view key,
                          std::chrono::nanoseconds& out) {
  if (const ConfigNode* node = parent.find(key)) {
    TRY_ASSIGN(out, node->as_duration());
    if (out.count() == 0) return node->error("must be above 0");
  }
  return {};
}

base::Status set_bytes(const ConfigNode& parent, std::string_view key, uint64_t& out) {
  if (const ConfigNode* node = parent.find(key)) {
    TRY_ASSIGN(out, node->as_bytes());
  }
  return {};
}

base::Status set_count(const ConfigNode& parent, std::string_view key, uint32_t& out) {
  if (const ConfigNode* node = parent.find(key)) {
    TRY_ASSIGN(out, read_count(*node));
  }
  return {};
}

base::Status set_bool(const ConfigNode& parent, std::string_view key, bool& out) {
  if (const ConfigNode* node = parent.find(key)) {
    TRY_ASSIGN(out, node->as_bool());
  }
  return {};
}

Result<HealthOptions> parse_health(const ConfigNode& node) {
  TRY(node.only_keys({"path", "interval", "timeout", "unhealthy_after", "healthy_after"}));
  HealthOptions health;
  TRY_ASSIGN(const ConfigNode* path, node.require("path"));
  TRY_ASSIGN(health.path, path->as_string());
  const auto visible = [](char letter) { return letter > ' ' && letter < 0x7f && letter != '#'; };
  if (health.path.empty() || health.path.front() != '/' ||
      !std::all_of(health.path.begin(), health.path.end(), visible)) {
    return path->error("must be a path as it is sent: /healthz");
  }
  TRY(set_duration(node, "interval", health.interval));
  if (health.interval < kHealthIntervalMin) return node.find("interval")->error("is below 100ms");
  TRY(set_duration(node, "timeout", health.timeout));
  TRY(set_count(node, "unhealthy_after", health.unhealthy_after));
  TRY(set_count(node, "healthy_after", health.healthy_after));
  return health;
}

Result<SideOptions> parse_side(const ConfigNode& node, SideOptions side) {
  TRY(node.must_be_map());
  TRY_ASSIGN(const ConfigNode* url_node, node.require("url"));
  TRY_ASSIGN(const std::string url, url_node->as_string());
  auto parsed = http::parse_origin_url(url);
  if (!parsed.ok()) return url_node->error(parsed.error().context);
  side.url = std::move(*parsed);
  const ConfigNode* tls = node.find("tls");
  if (side.url.scheme == "https") {
    TRY_ASSIGN(side.tls, parse_tls(tls, side.url.host));
  } else if (tls != nullptr) {
    return tls->error("needs a \"url\" that begins with https://");
  }
  TRY(set_duration(node, "connect_timeout", side.connect_timeout));
  TRY(set_duration(node, "timeout", side.timeout));
  TRY(set_duration(node, "idle_timeout", side.idle_timeout));
  TRY(set_count(node, "connections_max", side.connections_max));
  if (const ConfigNode* host = node.find("host")) {
    TRY_ASSIGN(const std::string word, host->as_string());
    if (word != "client" && word != "url") return host->error("is neither \"client\" nor \"url\"");
    side.host = word == "url" ? SideOptions::HostHeader::kUrl : SideOptions::HostHeader::kClient;
  }
  if (const ConfigNode* health = node.find("health"); health != nullptr && !health->is_null()) {
    TRY_ASSIGN(side.health, parse_health(*health));
  }
  return side;
}

Result<ShadowOptions> parse_shadow(const ConfigNode& node, ShadowOptions shadow) {
  TRY(node.only_keys({"in_flight_max", "request_bytes_max", "dropped_bytes_max", "memory_bytes_max",
                      "breaker_failures", "breaker_open_for"}));
  TRY(set_count(node, "in_flight_max", shadow.in_flight_max));
  TRY(set_bytes(node, "request_bytes_max", shadow.request_bytes_max));
  TRY(set_bytes(node, "dropped_bytes_max", shadow.dropped_bytes_max));
  TRY(set_bytes(node, "memory_bytes_max", shadow.memory_bytes_max));
  TRY(set_count(node, "breaker_failures", shadow.breaker_failures));
  TRY(set_duration(node, "breaker_open_for", shadow.breaker_open_for));
  return shadow;
}

base::Status parse_limits(const ConfigNode& node, MigrationOptions& options) {
  TRY(node.only_keys({"connections_max", "head_timeout", "idle_timeout", "body_timeout",
                      "request_timeout", "write_timeout", "head_bytes_max", "field_count_max",
                      "target_bytes_max", "body_bytes_max", "upgrade_idle_timeout"}));
  TRY(set_duration(node, "upgrade_idle_timeout", options.upgrade_idle_timeout));
  TRY(set_count(node, "connections_max", options.connections_max));
  net::H1ServerOptions& server = options.server;
  TRY(set_duration(node, "head_timeout", server.head_timeout));
  TRY(set_duration(node, "idle_timeout", server.idle_timeout));
  TRY(set_duration(node, "body_timeout", server.body_timeout));
  TRY(set_duration(node, "request_timeout", server.request_timeout));
  TRY(set_duration(node, "write_timeout", server.write_timeout));
  TRY(set_bytes(node, "body_bytes_max", server.limits.body_bytes_max));
  constexpr int64_t kHeadBytesMax = 1 << 20;
  const auto set_size = [&](std::string_view key, int64_t min, int64_t max,
                            size_t& out) -> base::Status {
    if (const ConfigNode* value = node.find(key)) {
      TRY_ASSIGN(const uint64_t bytes, value->as_bytes());
      if (bytes < static_cast<uint64_t>(min)) return value->error(cat("is below ", min));
      if (bytes > static_cast<uint64_t>(max)) return value->error(cat("is above ", max));
      out = bytes;
    }
    return {};
  };
  TRY(set_size("head_bytes_max", 1024, kHeadBytesMax, server.limits.head_bytes_max));
  TRY(set_size("target_bytes_max", 128, kHeadBytesMax, server.limits.request_line_bytes_max));
  TRY(set_size("field_count_max", 8, 10'000, server.limits.field_count_max));
  return {};
}

Result<MigrationOptions::Trace> parse_trace(const ConfigNode& node) {
  using Trace = MigrationOptions::Trace;
  if (node.is_scalar() && node.text() == "begin") return Trace::kBegin;
  const auto on = node.as_bool();
  if (!on.ok()) return node.error("is none of true, false and \"begin\"");
  return *on ? Trace::kContinue : Trace::kUntouched;
}

bool is_token(std::string_view text) {
  return !text.empty() && text.find_first_not_of(
                              "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                              "abcdefghijklmnopqrstuvwxyz") == std::string_view::npos;
}

/// What follows holds a route to what can match: one that cannot is a mistake that nothing else
/// would show.
base::Status check_method(const ConfigNode& node, const std::string& method) {
  if (!is_token(method)) return node.error("is not a method");
  std::string upper = method;
  for (char& letter : upper) {
    if (letter >= 'a' && letter <= 'z') letter = static_cast<char>(letter - 'a' + 'A');
  }
  if (upper != method && http::method_id(upper) != http::MethodId::kOther) {
    return node.error(cat("\"", method, "\" is another method than ", upper,
                          ", which is meant: their letter case counts"));
  }
  return {};
}

base::Status check_path(const ConfigNode& node, std::string_view path) {
  if (path == "*") return {};
  if (path.empty() || path.front() != '/') return node.error("must begin with / or be *");
  if (path.find_first_of("?#") != std::string_view::npos) {
    return node.error("has a ? or #, and only what stands before them is looked at");
  }
  for (const char byte : path) {
    if (byte <= ' ' || byte > '~') {
      return node.error("has a character that no path has as it is sent; percent-encode it");
    }
  }
  const size_t star = path.find('*');
  if (star != std::string_view::npos && star + 1 != path.size()) {
    return node.error("has a * before its end; use {name} for one segment");
  }
  for (std::string_view part : base::split(path.substr(0, star), '/')) {
    if (part.find_first_of("{}") == std::string_view::npos) continue;
    const std::string_view name = part.size() > 2 ? part.substr(1, part.size() - 2) : "";
    const bool whole = !name.empty() && part.front() == '{' && part.back() == '}' &&
                       name.find_first_of("{}") == std::string_view::npos;
    if (!whole) return node.error("has a { or } that is not {name} in place of a whole segment");
  }
  return {};
}

base::Status check_host(const ConfigNode& node, std::string_view host) {
  constexpr std::string_view kNameLetters = "abcdefghijklmnopqrstuvwxyz0123456789-_.";
  const bool address = host.size() > 2 && host.front() == '[' && host.back() == ']' &&
                       host.find_first_not_of("0123456789abcdef:.", 1) == host.size() - 1;
  if (address || host.find_first_not_of(kNameLetters) == std::string_view::npos) return {};
  return node.error("is not a host; write it as in shop.example.com or [::1], without a port");
}

/// Takes every request, so that no route behind it ever matches.
bool matches_everything(const RouteOptions& route) {
  return route.methods.empty() && route.path == "*" && route.host.empty() &&
         route.header_name.empty();
}

}  // namespace

Result<BucketBy> BucketBy::parse(const ConfigNode& node) {
  BucketBy by;
  if (node.is_scalar()) {
    if (node.text() == "client_address") {
      by.source = Source::kClientAddress;
      return by;
    }
    return node.error("expected client_address, or a map such as { header: x-account-id }");
  }
  TRY(node.only_keys({"header", "cookie", "query", "json_field", "body_bytes_max"}));
  const ConfigNode* bytes_max = node.find("body_bytes_max");
  const auto& entries = node.entries();
  const auto source = std::find_if(entries.begin(), entries.end(), [](const auto& entry) {
    return entry.first != "body_bytes_max";
  });
  if (source == entries.end() || entries.size() != (bytes_max == nullptr ? 1 : 2)) {
    return node.error("name exactly one of header, cookie, query and json_field");
  }
  if (bytes_max != nullptr) {
    if (source->first != "json_field") {
      return bytes_max->error("only means something beside json_field");
    }
    TRY_ASSIGN(by.body_bytes_max, bytes_max->as_bytes());
    if (by.body_bytes_max > kKeyBodyBytesMax) return bytes_max->error("is above 16MiB");
  }
  const auto& [key, value] = *source;
  TRY_ASSIGN(by.name, value.as_string());
  if (by.name.empty() || by.name.size() > kNameBytesMax) {
    return value.error(cat("must have 1 to ", kNameBytesMax, " characters"));
  }
  if (key == "header") {
    if (!is_token(by.name)) return value.error("is not a header name");
    by.source = Source::kHeader;
  } else if (key == "cookie") {
    if (!is_token(by.name)) return value.error("is not a cookie name");
    by.source = Source::kCookie;
  } else if (key == "query") {
    by.source = Source::kQueryParameter;
  } else {
    if (by.name.front() != '/') {
      return value.error("is not a JSON pointer; write /account/id for {\"account\":{\"id\":...}}");
    }
    by.source = Source::kJsonField;
  }
  return by;
}

Result<RouteOptions> RouteOptions::parse(const ConfigNode& node) {
  TRY(node.only_keys({"name", "match", "safe_to_repeat", "compare"}));
  RouteOptions route;
  TRY_ASSIGN(const ConfigNode* name_node, node.require("name"));
  TRY_ASSIGN(route.name, name_node->as_string());
  if (route.name.empty() || route.name.size() > kNameBytesMax) {
    return name_node->error(cat("must have 1 to ", kNameBytesMax, " characters"));
  }
  TRY(set_bool(node, "safe_to_repeat", route.safe_to_repeat));
  if (const ConfigNode* compare = node.find("compare")) {
    TRY_ASSIGN(route.compare, compare->as_string());
    constexpr std::array<std::string_view, 5> kKinds = {"auto", "table", "json", "text", "bytes"};
    if (std::find(kKinds.begin(), kKinds.end(), route.compare) == kKinds.end()) {
      return compare->error("is none of auto, table, json, text and bytes");
    }
  }
  const ConfigNode* match = node.find("match");
  if (match == nullptr) return route;
  TRY(match->only_keys({"methods", "path", "host", "header"}));
  if (const ConfigNode* methods = match->find("methods")) {
    TRY(methods->must_be_list());
    for (const ConfigNode& item : methods->items()) {
      TRY_ASSIGN(std::string method, item.as_string());
      TRY(check_method(item, method));
      route.methods.push_back(std::move(method));
    }
  }
  if (const ConfigNode* path = match->find("path")) {
    TRY_ASSIGN(route.path, path->as_string());
    TRY(check_path(*path, route.path));
  }
  if (const ConfigNode* host = match->find("host")) {
    TRY_ASSIGN(route.host, host->as_string());
    route.host = base::to_lower(route.host);
    TRY(check_host(*host, route.host));
  }
  if (const ConfigNode* header = match->find("header")) {
    TRY(header->must_be_map());
    if (header->entries().size() != 1) return header->error("name exactly one header");
    const auto& [key, value] = header->entries().front();
    if (!is_token(key)) return header->error("is not a header name");
    route.header_name = key;
    if (!value.is_null()) {
      TRY_ASSIGN(route.header_value, value.as_string());
      if (base::trim(route.header_value) != route.header_value) {
        return value.error("begins or ends with a space, which no value has as it is compared");
      }
    }
  }
  return route;
}

std::vector<std::string_view> MigrationOptions::keys() {
  return {"name",          "listen", "listen_tls", "control", "candidate",
          "bucket_by",     "routes", "fallback",   "via",     "forwarded_headers",
          "trace_context", "shadow", "limits"};
}

Result<MigrationOptions> MigrationOptions::parse(const ConfigNode& node) {
  TRY(node.must_be_map());
  MigrationOptions options;
  TRY_ASSIGN(const ConfigNode* name_node, node.require("name"));
  TRY_ASSIGN(options.name, name_node->as_string());
  constexpr std::string_view kNameLetters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  if (options.name.empty() || options.name.size() > kNameBytesMax ||
      options.name.find_first_not_of(kNameLetters) != std::string::npos) {
    return name_node->error("must be 1 to 100 letters, digits, - and _");
  }
  options.mode_flag = flags::mode_flag_key(options.name);
  options.compare_flag = cat(options.name, ".compare");
  const ConfigNode* listen = node.find("listen");
  if (listen != nullptr) {
    TRY_ASSIGN(options.listen, listen->as_string());
    options.listen_source = listen->where();
    const auto address = net::parse_listen_address(options.listen);
    if (!address.ok()) return listen->error(address.error().context);
    if (const ConfigNode* tls = node.find("listen_tls")) {
      TRY_ASSIGN(options.listen_tls, parse_listen_tls(*tls));
    }
    TRY_ASSIGN(const ConfigNode* control, node.require("control"));
    TRY(control->only_keys({"url", "connect_timeout", "timeout", "idle_timeout", "connections_max",
                            "host", "tls", "health"}));
    TRY_ASSIGN(options.control, parse_side(*control, options.control));
    TRY_ASSIGN(const ConfigNode* candidate, node.require("candidate"));
    TRY(candidate->only_keys({"url", "connect_timeout", "timeout", "idle_timeout",
                              "connections_max", "host", "tls", "health", "in_flight_max"}));
    options.candidate.timeout = std::chrono::seconds(2);
    TRY_ASSIGN(options.candidate, parse_side(*candidate, options.candidate));
    TRY(set_count(*candidate, "in_flight_max", options.shadow.in_flight_max));
  } else {
    for (const std::string_view key :
         {"listen_tls", "control", "candidate", "routes", "bucket_by", "fallback"}) {
      if (const ConfigNode* child = node.find(key)) {
        return child->error("needs \"listen\": without it the migration runs through the SDK");
      }
    }
  }
  if (const ConfigNode* by = node.find("bucket_by")) {
    TRY_ASSIGN(options.bucket_by, BucketBy::parse(*by));
  }
  if (const ConfigNode* routes = node.find("routes")) {
    TRY(routes->must_be_list());
    for (const ConfigNode& item : routes->items()) {
      TRY_ASSIGN(RouteOptions route, RouteOptions::parse(item));
      for (const RouteOptions& other : options.routes) {
        if (other.name == route.name)
          return item.error(cat("the name \"", route.name, "\" stands twice"));
        if (matches_everything(other)) {
          return item.error(cat("the route \"", route.name, "\" never matches, because \"",
                                other.name, "\" before it takes every request"));
        }
      }
      options.routes.push_back(std::move(route));
    }
  }
  if (const ConfigNode* fallback = node.find("fallback")) {
    TRY_ASSIGN(const std::string word, fallback->as_string());
    if (word != "control" && word != "none") {
      return fallback->error("is neither \"control\" nor \"none\"");
    }
    options.fallback_to_control = word == "control";
  }
  TRY(set_bool(node, "via", options.via));
  TRY(set_bool(node, "forwarded_headers", options.forwarded_headers));
  if (const ConfigNode* trace = node.find("trace_context")) {
    TRY_ASSIGN(options.trace, parse_trace(*trace));
  }
  if (const ConfigNode* shadow = node.find("shadow")) {
    TRY_ASSIGN(options.shadow, parse_shadow(*shadow, options.shadow));
  }
  if (const ConfigNode* compare = node.find("compare"); compare != nullptr && compare->is_map()) {
    TRY(set_bytes(*compare, "body_bytes_max", options.shadow.answer_bytes_max));
    if (const ConfigNode* share = compare->find("noise_sample")) {
      if (listen == nullptr) {
        return share->error("needs \"listen\": the SDK calls control once");
      }
      TRY_ASSIGN(options.noise_share, share->as_fraction());
      if (!(options.noise_share >= 0 && options.noise_share <= 1)) {
        return share->error("is not between 0% and 100%");
      }
    }
  }
  if (const ConfigNode* limits = node.find("limits")) {
    TRY(parse_limits(*limits, options));
  }
  return options;
}

namespace {

// The members of each struct, all of them: one more, and its line here no longer compiles.

auto members(const http::OriginUrl& of) {
  const auto& [scheme, host, port, prefix, authority, is_ipv6] = of;
  return std::tie(scheme, host, port, prefix, authority, is_ipv6);
}

auto members(const http::Limits& of) {
  const auto& [line, method, head, fields, crlf, extensions, chunk, trailer, trailers, body] = of;
  return std::tie(line, method, head, fields, crlf, extensions, chunk, trailer, trailers, body);
}

auto members(const net::H1ServerOptions& of) {
  const auto& [limits, head, first, idle, body, request, write, linger, linger_bytes, grace] = of;
  return std::tuple_cat(members(limits), std::tie(head, first, idle, body, request, write, linger,
                                                  linger_bytes, grace));
}

auto members(const SideOptions& of) {
  const auto& [url, connect_timeout, timeout, connections_max, idle_timeout, host, health, tls] =
      of;
  return std::tuple_cat(members(url), std::tie(connect_timeout, timeout, connections_max,
                                               idle_timeout, host, health, tls));
}

auto members(const ShadowOptions& of) {
  const auto& [in_flight, request, answer, dropped, memory, failures, open_for] = of;
  return std::tie(in_flight, request, answer, dropped, memory, failures, open_for);
}

auto members(const BucketBy& of) {
  const auto& [source, name, body_bytes_max] = of;
  return std::tie(source, name, body_bytes_max);
}

auto members(const RouteOptions& of) {
  const auto& [name, methods, path, host, header_name, header_value, safe, compare] = of;
  return std::tie(name, methods, path, host, header_name, header_value, safe, compare);
}

}  // namespace

bool same_service(const SideOptions& a, const SideOptions& b) {
  SideOptions other = b;
  other.health = a.health;
  return members(a) == members(other);
}

bool same_settings(const MigrationOptions& a, const MigrationOptions& b) {
  const auto same_route = [](const RouteOptions& one, const RouteOptions& other) {
    return members(one) == members(other);
  };
  // In which line of the file it stands changes nothing.
  const auto& [name, mode_flag, compare_flag, listen, listen_source, listen_tls, control, candidate,
               shadow, bucket_by, routes, noise_share, fallback, via, forwarded, trace, server,
               connections_max, upgrade_idle_timeout] = a;
  return std::tie(name, mode_flag, compare_flag, listen, listen_tls, noise_share, fallback, via,
                  forwarded, trace, connections_max, upgrade_idle_timeout) ==
             std::tie(b.name, b.mode_flag, b.compare_flag, b.listen, b.listen_tls, b.noise_share,
                      b.fallback_to_control, b.via, b.forwarded_headers, b.trace, b.connections_max,
                      b.upgrade_idle_timeout) &&
         members(control) == members(b.control) && members(candidate) == members(b.candidate) &&
         members(shadow) == members(b.shadow) && members(bucket_by) == members(b.bucket_by) &&
         std::equal(routes.begin(), routes.end(), b.routes.begin(), b.routes.end(), same_route) &&
         members(server) == members(b.server);
}

}  // namespace understudy::proxy
