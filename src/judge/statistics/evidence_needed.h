#pragma once

#include <functional>
#include <optional>

namespace understudy::judge::statistics {

/// Beyond this many evaluations a plan is not worth telling.
inline constexpr double kEvaluationsNeededMax = 1e12;

/// The smallest total at which `enough` holds if the future looks like the past: `enough(n)` is
/// asked with the observed proportions scaled to n evaluations and must not turn false again as n
/// grows. Starts at `now`; empty when even kEvaluationsNeededMax would not do, which is the case
/// when the estimate itself lies beyond the margin. Precise to 1%. Cost: about 50 calls. A
/// projection for a person's planning, not part of any decision.
std::optional<double> evaluations_needed(double now, const std::function<bool(double)>& enough);

}  // namespace understudy::judge::statistics
