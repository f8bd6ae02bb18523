#include "judge/statistics/betting.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "base/check.h"

namespace understudy::judge::statistics {
namespace {

constexpr int kBets = 44;
constexpr int kBisectionSteps = 60;

struct Prior {
  std::array<double, kBets> fraction;
  std::array<double, kBets> log_weight;
};

const Prior& prior() {
  static const Prior built = [] {
    Prior made{};
    double total = 0;
    for (int j = 0; j < kBets; ++j) total += 1.0 / (j + 4);
    for (int j = 0; j < kBets; ++j) {
      made.fraction[static_cast<size_t>(j)] = std::exp2(-0.5 * j);
      made.log_weight[static_cast<size_t>(j)] = -std::log((j + 4) * total);
    }
    return made;
  }();
  return built;
}

// `direction` +1 bets on values above `mean`, -1 on values below; `scale` is the distance from
// `mean` to the end of the range that loses everything at f = 1.
double log_capital(std::span<const Observed> observed, double mean, double direction,
                   double scale) {
  if (scale <= 0) return 0;  // the hypothesis covers the whole range: nothing can speak against it
  std::array<double, kBets> log_terms{};
  double largest = -std::numeric_limits<double>::infinity();
  for (size_t j = 0; j < kBets; ++j) {
    double sum = prior().log_weight[j];
    for (const Observed& one : observed) {
      if (one.count <= 0) continue;
      const double gain = prior().fraction[j] * direction * (one.value - mean) / scale;
      sum += gain <= -1 ? -std::numeric_limits<double>::infinity() : one.count * std::log1p(gain);
    }
    log_terms[j] = sum;
    largest = std::max(largest, sum);
  }
  if (!std::isfinite(largest)) return largest;
  double total = 0;
  for (double term : log_terms) total += std::exp(term - largest);
  return largest + std::log(total);
}

void check_range(std::span<const Observed> observed, Range range) {
  CHECK(range.low < range.high);
  for (const Observed& one : observed) {
    CHECK(one.value >= range.low && one.value <= range.high && one.count >= 0);
  }
}

}  // namespace

double log_evidence_above(std::span<const Observed> observed, Range range, double mean) {
  check_range(observed, range);
  return log_capital(observed, mean, 1, mean - range.low);
}

double log_evidence_below(std::span<const Observed> observed, Range range, double mean) {
  check_range(observed, range);
  return log_capital(observed, mean, -1, range.high - mean);
}

double mean_lower_bound(std::span<const Observed> observed, Range range, double alpha) {
  CHECK(alpha > 0 && alpha < 1);
  check_range(observed, range);
  const double threshold = -std::log(alpha);
  double rejected = range.low;
  double kept = observed_mean(observed);
  for (int step = 0; step < kBisectionSteps && rejected < kept; ++step) {
    const double middle = rejected + (kept - rejected) / 2;
    (log_evidence_above(observed, range, middle) >= threshold ? rejected : kept) = middle;
  }
  return rejected;
}

double mean_upper_bound(std::span<const Observed> observed, Range range, double alpha) {
  CHECK(alpha > 0 && alpha < 1);
  check_range(observed, range);
  const double threshold = -std::log(alpha);
  double rejected = range.high;
  double kept = observed_mean(observed);
  for (int step = 0; step < kBisectionSteps && rejected > kept; ++step) {
    const double middle = kept + (rejected - kept) / 2;
    (log_evidence_below(observed, range, middle) >= threshold ? rejected : kept) = middle;
  }
  return rejected;
}

double observed_mean(std::span<const Observed> observed) {
  double sum = 0;
  double count = 0;
  for (const Observed& one : observed) {
    sum += one.value * one.count;
    count += one.count;
  }
  return count > 0 ? sum / count : 0;
}

}  // namespace understudy::judge::statistics
