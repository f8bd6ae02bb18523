#pragma once

#include "base/result.h"
#include "judge/rulings.h"

namespace understudy::judge {

/// Rules on a latency quantile. Each side's quantile gets its own confidence sequence from order
/// statistics (statistics/quantile_ranks.h); a ratio takes the worst ends at half the budget each.
/// In the paired population both sides come from the same requests, which removes any difference in
/// load or mix; the bound itself does not need the pairing.
base::Result<CriterionVerdict> rule_latency(const RulingContext& context,
                                            const Criterion& criterion,
                                            const LatencyCriterion& latency);

}  // namespace understudy::judge
