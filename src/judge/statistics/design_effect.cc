#include "judge/statistics/design_effect.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"

namespace understudy::judge::statistics {
namespace {

// The 5% point of chi-square with `freedom` degrees, divided by them.
double lower_point(double freedom) {
  constexpr double kNormal5 = -1.6448536;
  const double spread = 2 / (9 * freedom);
  return std::pow(std::max(1 - spread + kNormal5 * std::sqrt(spread), 0.01), 3);
}

}  // namespace

double design_effect(std::span<const Block> blocks) {
  double calls = 0;
  double beyond = 0;
  for (const Block& one : blocks) {
    calls += one.calls;
    beyond += one.beyond;
  }
  if (blocks.size() < 2 || beyond <= 0 || beyond >= calls) return 1;
  const double share = beyond / calls;
  double squares = 0;
  for (const Block& one : blocks) {
    const double excess = one.beyond - share * one.calls;
    squares += excess * excess;
  }
  const double freedom = static_cast<double>(blocks.size()) - 1;
  const double observed = squares / (calls * share * (1 - share)) * (freedom + 1) / freedom;
  return std::max(1.0, observed / lower_point(freedom));
}

std::vector<double> levels_from(double p) {
  constexpr size_t kLevelsMax = 4;
  std::vector<double> levels;
  for (double beyond = 1 - p; beyond < 1 && levels.size() < kLevelsMax; beyond *= 2) {
    levels.push_back(1 - beyond);
  }
  return levels;
}

double effect_down_to_bound(double p, int64_t count, double alpha,
                            std::span<const double> effects) {
  const std::vector<double> levels = levels_from(p);
  CHECK(effects.size() == levels.size());
  double effect = 1;
  for (size_t i = 0; i < levels.size(); ++i) {
    effect = std::max(effect, effects[i]);
    if (i + 1 == levels.size()) break;
    const auto low = quantile_ranks(p, count, alpha, effect).low;
    if (low && *low > sample_quantile_rank(levels[i + 1], count)) break;
  }
  return effect;
}

QuantileRanks quantile_ranks(double p, int64_t count, double alpha, double effect) {
  CHECK(effect >= 1);
  const auto all = static_cast<double>(count);
  const double independent = std::floor(all / effect);
  QuantileRanks ranks = quantile_ranks(p, static_cast<int64_t>(independent), alpha);
  const auto among_all = [&](int64_t rank) {
    return static_cast<double>(rank) * all / independent;
  };
  if (ranks.high) {
    ranks.high = std::min(count, static_cast<int64_t>(std::ceil(among_all(*ranks.high) - 1e-6)));
  }
  if (ranks.low) ranks.low = static_cast<int64_t>(std::floor(among_all(*ranks.low - 1) + 1e-6)) + 1;
  return ranks;
}

}  // namespace understudy::judge::statistics
