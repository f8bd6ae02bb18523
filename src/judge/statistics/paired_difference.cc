#include "judge/statistics/paired_difference.h"

#include <array>

#include "judge/statistics/betting.h"
#include "judge/statistics/proportion.h"

namespace understudy::judge::statistics {
namespace {

constexpr Range kDifferenceRange{.low = -1, .high = 1};

std::array<Observed, 3> differences(const PairedCounts& counts) {
  return {Observed{-1, counts.control_only}, Observed{0, counts.both + counts.neither},
          Observed{1, counts.candidate_only}};
}

}  // namespace

double PairedCounts::control_rate() const {
  return total() > 0 ? (both + control_only) / total() : 0;
}

double PairedCounts::candidate_rate() const {
  return total() > 0 ? (both + candidate_only) / total() : 0;
}

PairedCounts PairedCounts::scaled(double factor) const {
  return {both * factor, control_only * factor, candidate_only * factor, neither * factor};
}

Estimate success_difference(const PairedCounts& counts, Alphas alphas) {
  const auto observed = differences(counts);
  return {observed_mean(observed), mean_lower_bound(observed, kDifferenceRange, alphas.low),
          mean_upper_bound(observed, kDifferenceRange, alphas.high)};
}

double log_evidence_not_inferior(const PairedCounts& counts, double margin) {
  return log_evidence_above(differences(counts), kDifferenceRange, -margin);
}

double log_evidence_inferior(const PairedCounts& counts, double margin) {
  return log_evidence_below(differences(counts), kDifferenceRange, -margin);
}

Estimate success_difference_unpaired(const SideCounts& control, const SideCounts& candidate,
                                     Alphas alphas) {
  // The candidate's low end goes with control's high end and the other way round.
  const Alphas half = alphas.halved();
  const Estimate of_candidate = proportion(candidate.successes, candidate.total, half);
  const Estimate of_control =
      proportion(control.successes, control.total, {.low = half.high, .high = half.low});
  return {of_candidate.value - of_control.value, of_candidate.low - of_control.high,
          of_candidate.high - of_control.low};
}

}  // namespace understudy::judge::statistics
