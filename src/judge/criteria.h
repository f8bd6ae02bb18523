#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/config_node.h"
#include "base/result.h"

namespace understudy::judge {

/// The candidate's success rate is no worse than control's by `no_worse_by` (a fraction of 1).
struct SuccessRateCriterion {
  double no_worse_by = 0;
};

/// The candidate's latency quantile is at most `ratio_max` times control's, or at most
/// `absolute_max_ms` by itself. Exactly one of the two is set.
struct LatencyCriterion {
  double quantile = 0.5;  // in (0, 1)
  std::optional<double> ratio_max{};
  std::optional<double> absolute_max_ms{};
};

/// At most this fraction of compared evaluations differ after the rules.
struct DifferenceRateCriterion {
  double at_most = 0;
};

/// None of these error types (exception.type or candidate.error.type) appears on the candidate.
struct ErrorClassesCriterion {
  std::vector<std::string> forbid{};  // sorted, unique
};

/// Nothing passes before this much was seen. Never fails.
struct EvidenceCriterion {
  int64_t evaluations_min = 0;
  std::chrono::nanoseconds duration_min{0};
};

/// One thing that must hold, for all routes or for one.
struct Criterion {
  std::variant<SuccessRateCriterion, LatencyCriterion, DifferenceRateCriterion,
               ErrorClassesCriterion, EvidenceCriterion>
      rule{};
  std::string route{};  // empty: all routes together

  /// One line that says the whole criterion, the same for the same meaning: "latency p99 at_most
  /// 1.2 route query". Also what is hashed.
  std::string text() const;
};

/// What was agreed before the run. Immutable once parsed; copies are cheap enough to pass around.
struct Criteria {
  static constexpr size_t kCriteriaMax = 64;
  static constexpr size_t kErrorClassesMax = 64;
  static constexpr double kAlphaDefault = 0.05;

  std::vector<Criterion> list{};
  double alpha = kAlphaDefault;  // probability of a wrong pass, over all looks together

  /// Reads the list of the `criteria` section:
  ///   - { success_rate: { no_worse_by: 0.1% }, route: query }
  ///   - { latency: { quantile: p99, at_most: 1.20 } }      # or at_most: 250ms
  ///   - { difference_rate: { at_most: 0.01% } }
  ///   - { error_classes: { forbid: [ProvisionedThroughputExceededException] } }
  ///   - { evidence: { evaluations_min: 10000, duration_min: 10m } }
  ///   - { confidence: 99% }                                 # 1 - alpha; 95% unless said
  /// `route` is optional. Unknown keys, values out of range, the same criterion twice and more than
  /// kCriteriaMax entries are errors that name file, line and path.
  static base::Result<Criteria> parse(const base::ConfigNode& node);

  /// One criterion per line in the order agreed, then the confidence.
  std::string canonical_text() const;
  /// SHA-256 of canonical_text, 64 hex digits. Two texts of the config that mean the same hash
  /// alike
  /// ("10m" and "600s", "0.1%" and 0.001).
  std::string hash() const;
};

/// The flag that records what was agreed, as text, so that its history says since when:
/// `<migration>.criteria`. Verdicts go by the configuration, and the flag follows it.
std::string criteria_flag_key(std::string_view migration);

/// "p50" -> 0.5, "p99" -> 0.99, "p999" -> 0.999, "p99.9" -> 0.999, "0.999" -> 0.999. Empty when it
/// is none of these or not within (0, 1).
std::optional<double> parse_quantile(std::string_view text);
/// The short name back: 0.999 -> "p99.9".
std::string quantile_name(double quantile);

}  // namespace understudy::judge
