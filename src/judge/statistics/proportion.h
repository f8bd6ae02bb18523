#pragma once

#include "judge/statistics/estimate.h"

namespace understudy::judge::statistics {

/// Share of `events` among `total` with time-uniform bounds (betting.h on [0, 1]). No event at all
/// is an ordinary case: the low bound is 0 and the high bound says how rare the event must be, e.g.
/// 0 of 10,000 at alpha 0.05 is below 0.051% (the "rule of three" 3/n holds for one look only).
/// Without observations: value 0, bounds [0, 1].
Estimate proportion(double events, double total, Alphas alphas);

/// log evidence against "the rate is `limit` or more": that it is within the limit.
double log_evidence_rate_within(double events, double total, double limit);

/// log evidence against "the rate is at most `limit`": that it is beyond.
double log_evidence_rate_beyond(double events, double total, double limit);

}  // namespace understudy::judge::statistics
