#include "judge/statistics/proportion.h"

#include <array>

#include "judge/statistics/betting.h"

namespace understudy::judge::statistics {
namespace {

constexpr Range kUnit{.low = 0, .high = 1};

std::array<Observed, 2> zeros_and_ones(double events, double total) {
  return {Observed{0, total - events}, Observed{1, events}};
}

}  // namespace

Estimate proportion(double events, double total, Alphas alphas) {
  const auto observed = zeros_and_ones(events, total);
  return {observed_mean(observed), mean_lower_bound(observed, kUnit, alphas.low),
          mean_upper_bound(observed, kUnit, alphas.high)};
}

double log_evidence_rate_within(double events, double total, double limit) {
  return log_evidence_below(zeros_and_ones(events, total), kUnit, limit);
}

double log_evidence_rate_beyond(double events, double total, double limit) {
  return log_evidence_above(zeros_and_ones(events, total), kUnit, limit);
}

}  // namespace understudy::judge::statistics
