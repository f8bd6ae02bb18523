#include "judge/statistics/quantile_ranks.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"
#include "judge/statistics/proportion.h"

namespace understudy::judge::statistics {
namespace {

// Whether `below` of `count` values under a point is too many for a point whose true level is at
// most p, respectively too few for one whose level is at least p.
bool too_many(double p, int64_t below, int64_t count, double threshold) {
  return log_evidence_rate_beyond(static_cast<double>(below), static_cast<double>(count), p) >=
         threshold;
}
bool too_few(double p, int64_t below, int64_t count, double threshold) {
  return log_evidence_rate_within(static_cast<double>(below), static_cast<double>(count), p) >=
         threshold;
}

}  // namespace

QuantileRanks quantile_ranks(double p, int64_t count, double alpha) {
  CHECK(p > 0 && p < 1 && alpha > 0 && alpha < 1);
  QuantileRanks ranks;
  if (count <= 0) return ranks;
  const double threshold = -std::log(alpha);
  const int64_t centre = static_cast<int64_t>(std::floor(p * static_cast<double>(count)));

  if (too_many(p, count, count, threshold)) {
    int64_t plausible = centre;
    int64_t impossible = count;
    while (impossible - plausible > 1) {
      const int64_t middle = plausible + (impossible - plausible) / 2;
      (too_many(p, middle, count, threshold) ? impossible : plausible) = middle;
    }
    ranks.high = std::max<int64_t>(impossible, 1);
  }
  if (too_few(p, 0, count, threshold)) {
    int64_t impossible = 0;
    int64_t plausible = std::min(centre + 1, count);
    while (plausible - impossible > 1) {
      const int64_t middle = impossible + (plausible - impossible) / 2;
      (too_few(p, middle, count, threshold) ? impossible : plausible) = middle;
    }
    ranks.low = impossible + 1;
  }
  return ranks;
}

int64_t sample_quantile_rank(double p, int64_t count) {
  // The small slack keeps 0.99 * 100 = 99.00000000000001 at rank 99.
  const double exact = p * static_cast<double>(count);
  const auto rank = static_cast<int64_t>(std::ceil(exact - 1e-9 * std::max(1.0, exact)));
  return std::clamp<int64_t>(rank, 1, std::max<int64_t>(count, 1));
}

}  // namespace understudy::judge::statistics
