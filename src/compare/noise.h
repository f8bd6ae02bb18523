#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "compare/comparison.h"

namespace understudy::compare {

/// A place where control differs from itself.
struct NoisyField {
  std::string route;
  std::string path_pattern;
  uint64_t samples = 0;   // pairs of control answers seen on this route
  uint64_t differed = 0;  // of them, how many differed here
  double rate_low = 0;    // 95% Wilson bounds of how often it differs from itself
  double rate_high = 0;
};

/// Learns from comparisons of control with control which places are noise: reported as such, never
/// silently dropped. A place is noisy once two samples differed there and the lower bound of its
/// rate is above `rate_min`. Bounded: beyond `fields_max` places new ones are counted only.
/// A value type. Cost: one ordered-map lookup per difference.
class NoiseFields {
 public:
  struct Options {
    size_t fields_max = 10'000;
    double rate_min = 0.001;
  };

  NoiseFields() = default;
  explicit NoiseFields(Options options) : options_(options) {}

  /// One comparison of two answers of control to the same request.
  void add(std::string_view route, const Comparison& comparison);
  bool is_noisy(std::string_view route, std::string_view path_pattern) const;
  /// Places seen to differ, most often first.
  std::vector<NoisyField> fields() const;
  /// Differences at places beyond fields_max.
  uint64_t uncounted() const { return uncounted_; }

 private:
  using Key = std::pair<std::string, std::string>;
  NoisyField field(const Key& key, uint64_t differed) const;

  Options options_;
  std::map<std::string, uint64_t, std::less<>> samples_;  // by route; bounded like fields
  std::map<Key, uint64_t> differed_;
  uint64_t uncounted_ = 0;
};

}  // namespace understudy::compare
