#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "compare/difference.h"

namespace understudy::compare {

/// Differences that have one probable cause: same route, place, dimension and explanation.
struct DifferenceGroup {
  std::string route;
  std::string path_pattern;
  Dimension dimension = Dimension::kValue;
  Explanation explanation = Explanation::kNone;
  uint64_t count = 0;
  double share = 0;  // of all differences added, 0 to 1
  double distance_max = 0;
  std::string distance_unit;
  std::string rule;                  // accepts all of the group; empty when unexplained
  std::vector<Difference> examples;  // the first few

  /// One line: "98.2% float within 4 ULP at $.rows[*].revenue (1,204)".
  std::string describe() const;
};

/// Collects differences into groups: the answer to "must we fix these or do they mean nothing".
/// Bounded: beyond `groups_max` groups, new kinds are counted in ungrouped(). A value type.
/// Cost: one ordered-map lookup per difference.
class DifferenceGroups {
 public:
  struct Options {
    size_t groups_max = 1000;
    size_t examples_max = 3;
  };

  DifferenceGroups() = default;
  explicit DifferenceGroups(Options options) : options_(options) {}

  void add(std::string_view route, const Difference& difference, uint64_t count = 1);
  /// Adds the groups of another collection, for example of another thread.
  void merge(const DifferenceGroups& other);

  /// Largest first; ties by route and path.
  std::vector<DifferenceGroup> groups() const;
  uint64_t total() const { return total_; }
  /// Differences of kinds beyond groups_max.
  uint64_t ungrouped() const { return ungrouped_; }

 private:
  using Key = std::tuple<std::string, std::string, Dimension, Explanation>;
  DifferenceGroup* find_or_make(Key key);

  Options options_;
  std::map<Key, DifferenceGroup> groups_;
  uint64_t total_ = 0;
  uint64_t ungrouped_ = 0;
};

}  // namespace understudy::compare
