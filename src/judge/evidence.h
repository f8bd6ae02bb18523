#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "judge/statistics/paired_difference.h"
#include "judge/verdict.h"
#include "store/event_store.h"

namespace understudy::judge {

enum class JudgedSide { kControl, kCandidate };

/// The latencies of one side in one population. A candidate call that brought no whole answer has
/// no latency: it is counted as longer than any other, never dropped.
struct LatencySample {
  int64_t total = 0;     // calls
  int64_t answered = 0;  // of these, with a latency
};

/// How many evaluations ended in which way.
struct WindowCounts {
  int64_t evaluations = 0;        // all modes
  int64_t paired = 0;             // both sides called, in a shadow mode
  int64_t cutover_candidate = 0;  // candidate_only
  int64_t cutover_control = 0;    // control_only, from the baseline
  int64_t shed = 0;
  int64_t client_aborted = 0;
  int64_t not_compared = 0;  // full or reverse evaluations that could not be compared
};

struct ComparisonCounts {
  int64_t compared = 0;
  int64_t mismatched = 0;
};

/// Asks the store for the counts and order statistics that the criteria need; the one place that
/// knows which evaluations serve as which evidence (docs/judging.md). An empty route means all.
/// Every function is one or two queries over the window. Lifetime: `store` must outlive it.
class Evidence {
 public:
  Evidence(store::EventStore& store, std::string migration, TimeSpan window,
           std::optional<TimeSpan> baseline);

  base::Result<WindowCounts> window_counts(const std::string& route) const;

  base::Result<statistics::PairedCounts> paired_success(const std::string& route) const;
  base::Result<statistics::SideCounts> cutover_success(JudgedSide side,
                                                       const std::string& route) const;

  base::Result<LatencySample> latency_sample(Population population, JudgedSide side,
                                             const std::string& route) const;
  /// The latencies at the given ranks (1 = fastest) of a sample of that size, in milliseconds; a
  /// rank among the calls without an answer is infinite.
  base::Result<std::vector<double>> latencies_at(Population population, JudgedSide side,
                                                 const std::string& route,
                                                 const LatencySample& sample,
                                                 std::span<const int64_t> ranks) const;

  base::Result<ComparisonCounts> comparisons(const std::string& route) const;

  /// Occurrences by type among the given ones, on the candidate's side, in any mode.
  base::Result<std::map<std::string, int64_t>> candidate_errors(std::span<const std::string> types,
                                                                const std::string& route) const;

  /// First and last moment at which the candidate was called; empty when it never was.
  base::Result<std::optional<TimeSpan>> candidate_active(Population population,
                                                         const std::string& route) const;

  const TimeSpan& window() const { return window_; }
  const std::optional<TimeSpan>& baseline() const { return baseline_; }

 private:
  store::Filter of_migration(const std::string& route) const;
  store::Filter side_called(Population population, JudgedSide side, const std::string& route) const;
  const TimeSpan& span_of(Population population, JudgedSide side) const;
  store::Select over(const TimeSpan& span, store::Filter filter) const;
  base::Result<std::vector<event::Value>> one_row(const store::Select& select) const;

  store::EventStore& store_;
  std::string migration_;
  TimeSpan window_;
  std::optional<TimeSpan> baseline_;
};

}  // namespace understudy::judge
