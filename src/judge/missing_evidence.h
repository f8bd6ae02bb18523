#pragma once

#include <functional>

#include "judge/verdict.h"

namespace understudy::judge {

/// What is missing until `decided(total evaluations)` turns true, if the future looks like the
/// past: how many more evaluations, and how long that takes at the rate of `window`. Says so when
/// more would not help. A projection for planning; no ruling depends on it.
Missing missing_evidence(const TimeSpan& window, double evaluations_now,
                         const std::function<bool(double)>& decided);

}  // namespace understudy::judge
