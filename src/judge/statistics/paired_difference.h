#pragma once

#include "judge/statistics/estimate.h"

namespace understudy::judge::statistics {

/// One request, two answers: how often both sides succeeded, only one, or neither. Counts are real
/// for the same reason as in Observed.
struct PairedCounts {
  double both = 0;
  double control_only = 0;    // control succeeded where the candidate failed
  double candidate_only = 0;  // the candidate succeeded where control failed
  double neither = 0;

  double total() const { return both + control_only + candidate_only + neither; }
  double control_rate() const;
  double candidate_rate() const;
  /// The same proportions, `factor` times as many.
  PairedCounts scaled(double factor) const;
};

/// Candidate's success rate minus control's on the same requests. Each request contributes -1, 0 or
/// +1, so requests on which the sides agree cost nothing: the width follows the share of requests
/// on which they disagree, not the variance of either side (the reason to pair).
/// Method: betting.h on the range [-1, 1]. Without requests: value 0, bounds [-1, 1].
Estimate success_difference(const PairedCounts& counts, Alphas alphas);

/// log evidence against "the candidate is worse by `margin` or more"; >= log(1/alpha) means that it
/// is not inferior (non-inferiority with margin, ICH E9 section 3.3.2, made time-uniform).
double log_evidence_not_inferior(const PairedCounts& counts, double margin);

/// log evidence against "the candidate is worse by at most `margin`": that it is inferior.
double log_evidence_inferior(const PairedCounts& counts, double margin);

/// Successes of one side on its own requests.
struct SideCounts {
  double successes = 0;
  double total = 0;

  double rate() const { return total > 0 ? successes / total : 0; }
  SideCounts scaled(double factor) const { return {successes * factor, total * factor}; }
};

/// The same difference when the sides saw different requests (candidate_only against a concurrent
/// control_only share): each side's rate gets its own bounds at half the budget and the worst
/// ends are subtracted (Bonferroni). Assumes that the flag assigns keys to sides independently of
/// outcome.
Estimate success_difference_unpaired(const SideCounts& control, const SideCounts& candidate,
                                     Alphas alphas);

}  // namespace understudy::judge::statistics
