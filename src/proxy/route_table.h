#pragma once

#include <string_view>
#include <vector>

#include "http/message.h"
#include "proxy/migration_options.h"

namespace understudy::proxy {

/// Finds the route of a request: the first in the configured order that matches in method, path,
/// host and header. Paths are compared as sent, byte by byte, nothing is decoded.
/// Immutable. Threads: any. Cost: linear in routes.
class RouteTable {
 public:
  /// `routes` must outlive the table.
  explicit RouteTable(const std::vector<RouteOptions>& routes);

  /// The index of the route; -1 when none matches. Without any route configured every request is
  /// on the index 0, which has no name.
  int match(const http::RequestHead& request) const;

 private:
  struct Segment {
    std::string_view text;  // empty with `any`
    bool any = false;       // {name}
  };
  struct Entry {
    const RouteOptions* options = nullptr;
    std::vector<Segment> segments;
    bool rest = false;      // the path ends with *
    bool any_path = false;  // the path is *
  };

  static bool path_matches(const Entry& entry, std::string_view path);

  std::vector<Entry> entries_;
};

}  // namespace understudy::proxy
