#include "proxy/route_table.h"

#include <algorithm>

#include "base/text.h"
#include "http/url.h"

namespace understudy::proxy {
namespace {

/// Without the port and in any letter case; an IPv6 address keeps its brackets.
bool same_host(std::string_view authority, std::string_view host) {
  const size_t colon = authority.rfind(':');
  if (colon != std::string_view::npos && authority.find(']', colon) == std::string_view::npos) {
    authority = authority.substr(0, colon);
  }
  return base::equals_ignore_case(authority, host);
}

}  // namespace

RouteTable::RouteTable(const std::vector<RouteOptions>& routes) {
  for (const RouteOptions& route : routes) {
    Entry entry;
    entry.options = &route;
    std::string_view path = route.path;
    entry.any_path = path == "*";
    entry.rest = !path.empty() && path.back() == '*';
    if (entry.rest) path.remove_suffix(1);
    if (!entry.any_path) {
      for (const std::string_view part : base::split(path.substr(1), '/')) {
        const bool any = part.size() >= 2 && part.front() == '{' && part.back() == '}';
        entry.segments.push_back({any ? std::string_view() : part, any});
      }
    }
    entries_.push_back(std::move(entry));
  }
}

bool RouteTable::path_matches(const Entry& entry, std::string_view path) {
  if (entry.any_path) return true;
  if (path.empty() || path.front() != '/') return false;
  path.remove_prefix(1);
  for (size_t i = 0; i < entry.segments.size(); ++i) {
    const Segment& wanted = entry.segments[i];
    const bool last = i + 1 == entry.segments.size();
    if (last && entry.rest && !wanted.any) return path.substr(0, wanted.text.size()) == wanted.text;
    const size_t slash = path.find('/');
    const std::string_view part = path.substr(0, slash);
    if (wanted.any ? part.empty() : part != wanted.text) return false;
    if (slash == std::string_view::npos) return last;
    path.remove_prefix(slash + 1);
  }
  return entry.rest;
}

int RouteTable::match(const http::RequestHead& request) const {
  if (entries_.empty()) return 0;
  const std::string_view path = http::split_target(request.target).path;
  for (size_t i = 0; i < entries_.size(); ++i) {
    const RouteOptions& route = *entries_[i].options;
    if (!path_matches(entries_[i], path)) continue;
    if (!route.methods.empty() && std::find(route.methods.begin(), route.methods.end(),
                                            request.method) == route.methods.end()) {
      continue;
    }
    if (!route.host.empty() && !same_host(request.authority, route.host)) continue;
    if (!route.header_name.empty()) {
      const http::Field* field = request.fields.find(route.header_name);
      if (field == nullptr) continue;
      if (!route.header_value.empty() && field->value != route.header_value) continue;
    }
    return static_cast<int>(i);
  }
  return -1;
}

}  // namespace understudy::proxy
