#pragma once

#include "judge/statistics/estimate.h"

namespace understudy::judge::statistics {

/// Ratio of two non-negative quantities from their bounds: the worst ends divided. When each input
/// bound fails with probability at most alpha / 2, each bound of the ratio fails with probability
/// at most alpha (Bonferroni), whatever the dependence between the two: pairing is allowed, not
/// needed. An end that is infinite or divides by zero gives no bound: high is infinite, low is 0.
Estimate ratio_of(const Estimate& numerator, const Estimate& denominator);

}  // namespace understudy::judge::statistics
