#pragma once

#include <functional>

#include "judge/verdict.h"

namespace understudy::judge {

/// What is missing until `decided(total evaluations)` turns true, if the future looks like the
/// past: at least about how many more evaluations, and roughly how long that takes at the rate of
/// `window`, unless too little was seen to tell a rate. Says so when more would not help. A
/// projection for planning; no ruling depends on it.
Missing missing_evidence(const TimeSpan& window, double evaluations_now,
                         const std::function<bool(double)>& decided);

/// Has it take `short_ms` more at least, in rough words; `for_evaluations`: what it says of them
/// still holds.
void wait_at_least(Missing& missing, int64_t short_ms, bool for_evaluations);

}  // namespace understudy::judge
