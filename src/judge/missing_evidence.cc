#include "judge/missing_evidence.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "judge/statistics/evidence_needed.h"
#include "judge/wording.h"

namespace understudy::judge {
namespace {

// Two significant digits, rounded up: the projection is no better than that.
int64_t about(double number) {
  if (number <= 10) return static_cast<int64_t>(std::ceil(std::max(number, 1.0)));
  const double step = std::pow(10, std::floor(std::log10(number)) - 1);
  return static_cast<int64_t>(std::ceil(number / step - 1e-9) * step);
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
  missing.text = base::cat("about ", with_thousands(*missing.evaluations), " more evaluations");
  const double elapsed_ms = static_cast<double>(window.end_ns - window.start_ns) / 1e6;
  if (evaluations_now > 0 && elapsed_ms > 0) {
    const double wait_ms = static_cast<double>(*missing.evaluations) * elapsed_ms / evaluations_now;
    missing.duration_ms = static_cast<int64_t>(std::min(wait_ms, 9e15));
    missing.text += base::cat(", ", duration_words(*missing.duration_ms), " at this rate");
  }
  return missing;
}

}  // namespace understudy::judge
