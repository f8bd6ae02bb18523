#include "api/router.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/text.h"

namespace understudy::api {
namespace {

/// Paths longer than this are not compared with the known ones: the distance costs their product.
constexpr size_t kNearestBytesMax = 200;

/// Letters in which a last segment has to agree with a known one to pass for its abbreviation.
constexpr size_t kSameBeginningMin = 3;

bool is_variable(std::string_view segment) { return segment.starts_with('{'); }

std::vector<std::string_view> pattern_segments(std::string_view path) {
  std::vector<std::string_view> segments = base::split(path.substr(1), '/');
  if (segments.back().empty()) segments.pop_back();
  return segments;
}

/// How many literal segments match; nullopt when one does not.
std::optional<size_t> literal_matches(const std::vector<std::string_view>& pattern,
                                      const std::vector<std::string>& segments) {
  if (pattern.size() != segments.size()) return std::nullopt;
  size_t literals = 0;
  for (size_t i = 0; i < pattern.size(); ++i) {
    if (is_variable(pattern[i])) {
      if (segments[i].empty()) return std::nullopt;
    } else if (pattern[i] == segments[i]) {
      ++literals;
    } else {
      return std::nullopt;
    }
  }
  return literals;
}

}  // namespace

Router::Router(Routes routes) : routes_(std::move(routes)) {
  for (size_t i = 0; i < routes_.size(); ++i) {
    patterns_.push_back({pattern_segments(routes_[i].path), i});
  }
}

std::variant<RouteMatch, OtherMethods, NoRoute> Router::match(std::string_view method,
                                                              const Target& target) const {
  const std::string_view wanted = method == "HEAD" ? "GET" : method;
  std::optional<size_t> best_literals;
  std::string_view best_path;
  for (const Pattern& pattern : patterns_) {
    const auto literals = literal_matches(pattern.segments, target.segments);
    if (literals && (!best_literals || *literals > *best_literals)) {
      best_literals = literals;
      best_path = routes_[pattern.route].path;
    }
  }
  if (!best_literals) return NoRoute{nearest(target.segments)};

  OtherMethods others;
  for (const Pattern& pattern : patterns_) {
    const Route& route = routes_[pattern.route];
    if (route.path != best_path) continue;
    if (route.method == wanted) {
      RouteMatch match{&route, {}};
      for (size_t i = 0; i < pattern.segments.size(); ++i) {
        const std::string_view segment = pattern.segments[i];
        if (!is_variable(segment)) continue;
        match.path.push_back(
            {std::string(segment.substr(1, segment.size() - 2)), target.segments[i]});
      }
      return match;
    }
    if (!others.allow.empty()) others.allow += ", ";
    others.allow += route.method;
    if (route.method == "GET") others.allow += ", HEAD";
  }
  return others;
}

const Router::Pattern* Router::with_same_beginning(const std::vector<std::string>& segments) const {
  const Pattern* best = nullptr;
  size_t best_shared = kSameBeginningMin - 1;
  for (const Pattern& pattern : patterns_) {
    if (pattern.segments.size() != segments.size() || segments.empty()) continue;
    const size_t last = segments.size() - 1;
    bool rest_is_same = !is_variable(pattern.segments[last]);
    for (size_t i = 0; i < last; ++i) {
      const std::string_view segment = pattern.segments[i];
      rest_is_same = rest_is_same && (is_variable(segment) || segment == segments[i]);
    }
    if (!rest_is_same) continue;
    const std::string_view wanted = pattern.segments[last];
    const std::string_view given = segments[last];
    const auto differs = std::mismatch(wanted.begin(), wanted.end(), given.begin(), given.end());
    const auto shared = static_cast<size_t>(differs.first - wanted.begin());
    if (shared <= best_shared) continue;
    best = &pattern;
    best_shared = shared;
  }
  return best;
}

std::string Router::nearest(const std::vector<std::string>& segments) const {
  const std::string path = base::cat("/", base::join(segments, "/"));
  if (path.size() > kNearestBytesMax) return {};
  if (const Pattern* abbreviated = with_same_beginning(segments)) {
    return std::string(routes_[abbreviated->route].path);
  }
  // A variable stands for what the client wrote at its place, so that only the rest is compared.
  std::vector<std::string> candidates;
  for (const Pattern& pattern : patterns_) {
    std::vector<std::string> filled;
    for (size_t i = 0; i < pattern.segments.size(); ++i) {
      const bool given = is_variable(pattern.segments[i]) && i < segments.size();
      filled.emplace_back(given ? std::string_view(segments[i]) : pattern.segments[i]);
    }
    candidates.push_back(base::cat("/", base::join(filled, "/")));
  }
  const std::vector<std::string_view> views(candidates.begin(), candidates.end());
  const std::string_view found = base::nearest(path, views);
  if (found.empty()) return {};
  const auto at = std::find(views.begin(), views.end(), found) - views.begin();
  return std::string(routes_[patterns_[static_cast<size_t>(at)].route].path);
}

}  // namespace understudy::api
