#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <tuple>
#include <vector>

#include "base/result.h"
#include "judge/statistics/design_effect.h"
#include "judge/statistics/paired_difference.h"
#include "judge/tally.h"
#include "judge/verdict.h"
#include "store/event_store.h"

namespace understudy::judge {

/// The latencies of one side in one population. Of a call that ended before its answer was whole
/// only a bound is known: what we cut off took at least as long as it was let, and what the
/// candidate broke off is counted as longer than any other call. None is dropped.
struct LatencySample {
  int64_t total = 0;     // calls
  int64_t exact = 0;     // of these, with a latency
  int64_t at_least = 0;  // of these, with a time that the latency is at least
};

/// A latency sample cut by time. Stretches without calls are left out.
struct LatencyBlocks {
  static constexpr int64_t kBlocksMax = 200;
  int64_t width_ns = 0;  // a second, or what makes kBlocksMax stretches of the time of all calls
  int64_t count = 0;     // stretches
  std::vector<std::vector<statistics::Block>> beyond{};  // for each latency that was asked about
};

/// How a latency that is only known to be at least something counts.
enum class Unknown {
  kAtLeast,   // as what it is at least: for a bound from below
  kInfinite,  // as longer than any other: for a bound from above
};

struct ComparisonCounts {
  int64_t compared = 0;
  int64_t mismatched = 0;
};

/// Asks the store for the counts and order statistics that the criteria need. An empty route means
/// all. Lifetime: `store` must outlive it. Threads: one at a time, as it remembers its tallies.
/// Cost: every function is one to three queries over the window; a tally, and when a side was
/// called, is asked for once.
class Evidence {
 public:
  Evidence(store::EventStore& store, std::string migration, TimeSpan window,
           std::optional<TimeSpan> baseline);

  /// What the evaluations of the window are evidence of. Valid as long as this.
  base::Result<const Tally*> tally(const std::string& route) const;

  /// Pairs in which control took longer than any shadow call was let, and both succeeded. They tell
  /// how often the deadline would have struck control, had it been the shadow.
  base::Result<int64_t> control_past_deadline(const std::string& route) const;
  /// Of the cutover population; control's from the baseline when there is one.
  base::Result<statistics::SideCounts> cutover_success(JudgedSide side,
                                                       const std::string& route) const;
  /// Whether the control_only share within the window is what cutover is held against.
  bool control_from_window() const;

  base::Result<LatencySample> latency_sample(Population population, JudgedSide side,
                                             const std::string& route) const;
  /// The latencies at the given ranks (1 = fastest) of a sample of that size, in milliseconds; a
  /// rank among the calls that count as longer than any other is infinite.
  base::Result<std::vector<double>> latencies_at(Population population, JudgedSide side,
                                                 const std::string& route,
                                                 const LatencySample& sample,
                                                 std::span<const int64_t> ranks,
                                                 Unknown unknown) const;

  /// The calls of a latency sample by equal stretches of the time in which there were any, with how
  /// many of them took longer than each of `latencies_ms`; infinite: longer than every whole
  /// answer.
  base::Result<LatencyBlocks> latency_blocks(Population population, JudgedSide side,
                                             const std::string& route, const LatencySample& sample,
                                             std::span<const double> latencies_ms) const;

  base::Result<ComparisonCounts> comparisons(const std::string& route) const;

  /// Occurrences by type among the given ones, on the candidate's side, in any mode.
  base::Result<std::map<std::string, int64_t>> candidate_errors(std::span<const std::string> types,
                                                                const std::string& route) const;

  /// First and last moment at which a side was called; empty when it never was.
  base::Result<std::optional<TimeSpan>> active(Population population, JudgedSide side,
                                               const std::string& route) const;

  const TimeSpan& window() const { return window_; }
  const std::optional<TimeSpan>& baseline() const { return baseline_; }

 private:
  store::Filter of_migration(const std::string& route) const;
  store::Filter of_population(Population population, JudgedSide side,
                              const std::string& route) const;
  base::Result<Tally> count_alike(const TimeSpan& span, const std::string& route) const;
  const TimeSpan& span_of(Population population, JudgedSide side) const;
  store::Select over(const TimeSpan& span, store::Filter filter) const;
  base::Result<std::vector<event::Value>> one_row(const store::Select& select) const;

  store::EventStore& store_;
  std::string migration_;
  TimeSpan window_;
  std::optional<TimeSpan> baseline_;
  mutable std::map<std::string, Tally> tallies_;  // by route, of the window
  mutable std::map<std::tuple<Population, JudgedSide, std::string>, std::optional<TimeSpan>>
      active_;
};

}  // namespace understudy::judge
