#include "judge/missing_evidence.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "judge/statistics/evidence_needed.h"
#include "judge/wording.h"

namespace understudy::judge {
namespace {

/// Fewer evaluations, or less time, do not tell a rate.
constexpr double kRateEvaluationsMin = 10;
constexpr double kRateElapsedMsMin = 10'000;
/// Nobody can tell how soon better than that.
constexpr int64_t kDurationStepMs = 10'000;
constexpr double kEvaluationsFloor = 10;

// Two significant digits, rounded up, and never just a few: the projection is no better than that.
int64_t about(double number) {
  number = std::max(number, kEvaluationsFloor);
  const double step = std::pow(10, std::floor(std::log10(number)) - 1);
  return static_cast<int64_t>(std::ceil(number / step - 1e-9) * step);
}

int64_t in_steps(int64_t duration_ms) {
  return (duration_ms + kDurationStepMs - 1) / kDurationStepMs * kDurationStepMs;
}

}  // namespace

Missing missing_evidence(const TimeSpan& window, double evaluations_now,
                         const std::function<bool(double)>& decided) {
  const auto needed = statistics::evaluations_needed(evaluations_now, decided);
  if (!needed) {
    return {.text =
                "the estimate lies too close to the limit: more evaluations of the same kind "
                "would not decide it"};
  }
  Missing missing;
  missing.evaluations = about(*needed - evaluations_now);
  missing.text =
      base::cat("at least about ", with_thousands(*missing.evaluations), " more evaluations");
  const double elapsed_ms = static_cast<double>(window.end_ns - window.start_ns) / 1e6;
  if (evaluations_now >= kRateEvaluationsMin && elapsed_ms >= kRateElapsedMsMin) {
    const double wait_ms = static_cast<double>(*missing.evaluations) * elapsed_ms / evaluations_now;
    missing.duration_ms = in_steps(static_cast<int64_t>(std::min(wait_ms, 9e15)));
    missing.text +=
        base::cat(" (roughly ", rough_duration(*missing.duration_ms), " at the present rate)");
  }
  return missing;
}

void wait_at_least(Missing& missing, int64_t short_ms, bool for_evaluations) {
  const int64_t wait_ms = in_steps(short_ms);
  if (wait_ms <= missing.duration_ms.value_or(0)) return;
  missing.duration_ms = wait_ms;
  const std::string words = base::cat("at least ", rough_duration(wait_ms), " more");
  missing.text = for_evaluations ? base::cat(missing.text, "; ", words, " in any case") : words;
}

}  // namespace understudy::judge
