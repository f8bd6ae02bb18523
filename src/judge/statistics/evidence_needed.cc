#include "judge/statistics/evidence_needed.h"

#include <algorithm>

namespace understudy::judge::statistics {

std::optional<double> evaluations_needed(double now, const std::function<bool(double)>& enough) {
  constexpr double kPrecision = 1.01;
  double too_few = std::max(now, 1.0);
  if (enough(too_few)) return too_few;
  double many = too_few;
  do {
    too_few = many;
    many *= 2;
    if (many > kEvaluationsNeededMax) return std::nullopt;
  } while (!enough(many));
  while (many / too_few > kPrecision) {
    const double middle = too_few + (many - too_few) / 2;
    (enough(middle) ? many : too_few) = middle;
  }
  return many;
}

}  // namespace understudy::judge::statistics
