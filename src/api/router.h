#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "api/route.h"

namespace understudy::api {

/// A route and the texts its path takes from the target.
struct RouteMatch {
  const Route* route = nullptr;
  std::vector<Parameter> path;
};

/// The path exists, but not with this method.
struct OtherMethods {
  std::string allow;  // "GET, HEAD, PUT"
};

/// No such path.
struct NoRoute {
  std::string nearest;  // a path that was perhaps meant; empty when none is near
};

/// Which route answers which request. Immutable once built. A literal segment wins over {x}.
class Router {
 public:
  explicit Router(Routes routes);

  const Routes& routes() const { return routes_; }
  std::variant<RouteMatch, OtherMethods, NoRoute> match(std::string_view method,
                                                        const Target& target) const;

 private:
  struct Pattern {
    std::vector<std::string_view> segments;
    size_t route;
  };
  std::string nearest(const std::vector<std::string>& segments) const;
  /// The pattern that differs in its last segment only, which begins as the given one does; null
  /// when there is none.
  const Pattern* with_same_beginning(const std::vector<std::string>& segments) const;

  Routes routes_;
  std::vector<Pattern> patterns_;
};

}  // namespace understudy::api
