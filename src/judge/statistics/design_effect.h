#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "judge/statistics/quantile_ranks.h"

namespace understudy::judge::statistics {

/// The calls of one stretch of time, and how many of them are beyond the point that is looked at.
struct Block {
  double calls = 0;
  double beyond = 0;
};

/// Fewer stretches do not tell how much calls go together.
inline constexpr int64_t kBlocksMin = 20;

/// How many calls that go together say no more than one independent call (Kish, "Survey sampling",
/// 1965, section 5.4): the variance of the blocks' counts over what independent calls would show,
///
///     sum (beyond - p * calls)^2 / (sum calls * p * (1 - p)) * B / (B - 1),
///
/// divided by the 5% point of chi-square / (B - 1) (Wilson and Hilferty, 1931), so that B blocks
/// which happen to look even do not promise more than they know. At least 1. Corrects what goes
/// together within a block; blocks are taken to be independent of each other. Without calls, or
/// with all or none beyond: 1. Pure. Cost: linear in the blocks.
double design_effect(std::span<const Block> blocks);

/// Where the effect is looked at for the p-quantile: at p, and at the levels below it that each
/// have twice as many calls beyond them. A bound from below lies among the latter, where more
/// of a burst is beyond than at p. Falling, at most four.
std::vector<double> levels_from(double p);

/// The largest of the effects at those levels that matter: down to where the bound from below of
/// `count` such calls lies.
double effect_down_to_bound(double p, int64_t count, double alpha, std::span<const double> effects);

/// The ranks that bound a quantile of `count` calls that say as much as `count / effect`
/// independent ones: the levels of that many, as ranks among all.
QuantileRanks quantile_ranks(double p, int64_t count, double alpha, double effect);

}  // namespace understudy::judge::statistics
