#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "compare/comparison.h"

namespace understudy::compare {

/// A place where control differed from itself, in one way.
struct NoisyField {
  std::string route;
  std::string path_pattern;
  Dimension dimension = Dimension::kValue;
  uint64_t samples = 0;   // pairs of control answers compared on this route
  uint64_t differed = 0;  // of them, how many differed here
  double rate_low = 0;    // 95% Wilson bounds of how often it differs from itself
  double rate_high = 1;

  /// How often it has to differ at least before a place is called noisy.
  static constexpr double kRateMin = 0.001;
  /// Once is no proof: two answers may lie on both sides of a change.
  static constexpr uint64_t kDifferedMin = 2;

  /// Fills `rate_low` and `rate_high` from the counts.
  void set_rates();
  /// Whether there is proof enough to call a difference at this place noise.
  bool noisy() const { return differed >= kDifferedMin && rate_low > kRateMin; }
  /// "40 of 41 (87.4% to 99.6%)".
  std::string counts() const;
  /// "control differs from itself here in 40 of 41 (87.4% to 99.6%)".
  std::string describe() const;
  /// The rule that ignores the place; empty when its path was cut and is none any more.
  std::string ignore_rule() const;
};

/// Learns from comparisons of control with control which places are noise: reported as such, never
/// silently dropped. A place counts by the way it differs, so that a missing member is not excused
/// by values that change. Bounded: beyond `fields_max` places new ones are counted only.
/// A value type. Cost: one ordered-map lookup per difference.
class NoiseFields {
 public:
  struct Options {
    size_t fields_max = 10'000;
  };

  NoiseFields() = default;
  explicit NoiseFields(Options options) : options_(options) {}

  /// One comparison of two answers of control to the same request; nothing when incomparable.
  void add(std::string_view route, const Comparison& comparison);
  /// What is known about a place; nullopt when control never differed there.
  std::optional<NoisyField> find(std::string_view route, std::string_view path_pattern,
                                 Dimension dimension) const;
  /// Places seen to differ, most often first.
  std::vector<NoisyField> fields() const;
  /// Whether no place was ever seen to differ.
  bool empty() const { return differed_.empty(); }
  /// Pairs compared, over all routes.
  uint64_t samples() const { return samples_total_; }
  /// Differences at places beyond fields_max.
  uint64_t uncounted() const { return uncounted_; }
  /// Pairs with more differences than a comparison records: places of theirs may be missing.
  uint64_t cut_short() const { return cut_short_; }

 private:
  using Key = std::tuple<std::string, std::string, Dimension>;
  NoisyField field(const Key& key, uint64_t differed) const;

  Options options_;
  std::map<std::string, uint64_t, std::less<>> samples_;  // by route; bounded like fields
  std::map<Key, uint64_t> differed_;
  uint64_t samples_total_ = 0;
  uint64_t uncounted_ = 0;
  uint64_t cut_short_ = 0;
};

}  // namespace understudy::compare
