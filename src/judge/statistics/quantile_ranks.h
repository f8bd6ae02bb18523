#pragma once

#include <cstdint>
#include <optional>

namespace understudy::judge::statistics {

/// Which order statistics bound a quantile, 1 = the smallest value. Empty: the sample is too small
/// to bound that side at all.
struct QuantileRanks {
  std::optional<int64_t> low;
  std::optional<int64_t> high;
};

/// Time-uniform bounds for the p-quantile Q of i.i.d. values of any distribution (atoms and
/// infinite values allowed), after Howard and Ramdas, "Sequential estimation of quantiles",
/// Bernoulli 28, 2022: the indicators 1{X < Q} have mean at most p and 1{X <= Q} at least p, so a
/// boundary for Bernoulli(p) counts is a boundary for Q, as order statistics X_(low) <= Q <=
/// X_(high). The paper's section 3 uses a stitched boundary (its closed form 1.5 sqrt(p(1-p) l(t))
/// + 0.8 l(t)) or a beta-binomial mixture for that count; here it is the betting mixture of
/// betting.h, which is narrower than the stitched one up to a million values and needs no tuned
/// sample size.
///
/// Each bound fails, ever, with probability at most `alpha`. Cost: 2 log2(count) evidence values.
/// `count` = 0 gives no ranks. Requires 0 < p < 1.
QuantileRanks quantile_ranks(double p, int64_t count, double alpha);

/// The rank of the plain sample quantile: ceil(p * count), at least 1.
int64_t sample_quantile_rank(double p, int64_t count);

}  // namespace understudy::judge::statistics
