// Reference values were computed by multiplying the gambler's capital out, observation by
// observation, in 50-digit decimals (Python's decimal module), not with the code under test.
#include <gtest/gtest.h>

#include <array>
#include <cmath>

#include "judge/statistics/betting.h"
#include "judge/statistics/evidence_needed.h"
#include "judge/statistics/paired_difference.h"
#include "judge/statistics/proportion.h"
#include "judge/statistics/quantile_ranks.h"
#include "judge/statistics/ratio.h"

namespace understudy::judge::statistics {
namespace {

constexpr double kAlpha = 0.05;
constexpr Alphas kBoth{.low = kAlpha, .high = kAlpha};
const double kThreshold = std::log(1 / kAlpha);

TEST(Betting, AgreesWithTheProductMultipliedOutByHand) {
  const PairedCounts counts{.both = 490, .control_only = 7, .candidate_only = 3};
  EXPECT_NEAR(log_evidence_not_inferior(counts, 0.01), -0.2578306385206700, 1e-10);
  EXPECT_NEAR(log_evidence_inferior(counts, 0.01), -0.3652963638425938, 1e-10);
  EXPECT_NEAR(log_evidence_rate_within(0, 1000, 0.005), 2.9536700322589131, 1e-10);
  EXPECT_NEAR(log_evidence_rate_beyond(12, 500, 0.005), 6.7054425402350461, 1e-10);
}

TEST(Betting, WithoutObservationsThereIsNoEvidenceEitherWay) {
  EXPECT_NEAR(log_evidence_above({}, {.low = -1, .high = 1}, 0.3), 0, 1e-12);
  EXPECT_NEAR(log_evidence_below({}, {.low = -1, .high = 1}, 0.3), 0, 1e-12);
  EXPECT_EQ(mean_lower_bound({}, {.low = -1, .high = 1}, kAlpha), -1);
  EXPECT_EQ(mean_upper_bound({}, {.low = -1, .high = 1}, kAlpha), 1);
}

TEST(Betting, BoundsAreWhereTheEvidenceReachesTheThreshold) {
  const std::array<Observed, 3> observed{{{-1, 20}, {0, 900}, {1, 35}}};
  const Range range{.low = -1, .high = 1};
  const double low = mean_lower_bound(observed, range, kAlpha);
  const double high = mean_upper_bound(observed, range, kAlpha);
  EXPECT_LT(low, observed_mean(observed));
  EXPECT_GT(high, observed_mean(observed));
  EXPECT_NEAR(log_evidence_above(observed, range, low), kThreshold, 1e-6);
  EXPECT_NEAR(log_evidence_below(observed, range, high), kThreshold, 1e-6);
}

TEST(Proportion, MatchesTheReferenceBounds) {
  const Estimate some = proportion(12, 500, kBoth);
  EXPECT_NEAR(some.value, 0.024, 1e-12);
  EXPECT_NEAR(some.low, 0.0077271082144605139, 1e-9);
  EXPECT_NEAR(some.high, 0.0524067573079288741, 1e-9);
}

TEST(Proportion, NoEventStillBoundsTheRateFromAboveOnly) {
  const Estimate none = proportion(0, 1000, kBoth);
  EXPECT_EQ(none.value, 0);
  EXPECT_EQ(none.low, 0);
  EXPECT_NEAR(none.high, 0.0050474046031763180, 1e-9);
}

TEST(Proportion, OnlyEventsBoundTheRateFromBelowOnly) {
  const Estimate all = proportion(1000, 1000, kBoth);
  EXPECT_EQ(all.high, 1);
  EXPECT_NEAR(all.low, 1 - 0.0050474046031763180, 1e-9);
}

TEST(Proportion, MoreOfTheSameNarrowsTheInterval) {
  double width = 1;
  for (double n : {100.0, 1'000.0, 10'000.0, 1'000'000.0, 100'000'000.0}) {
    const Estimate estimate = proportion(n / 10, n, kBoth);
    EXPECT_LT(estimate.high - estimate.low, width) << n;
    width = estimate.high - estimate.low;
  }
  EXPECT_LT(width, 0.001);
}

TEST(PairedDifference, AgreementCostsNothing) {
  // Both sides fail on a fifth of the requests, the same ones: known as precisely as if none
  // failed.
  const PairedCounts failing_together{.both = 8'000, .neither = 2'000};
  const PairedCounts never_failing{.both = 10'000};
  EXPECT_EQ(success_difference(failing_together, kBoth).low,
            success_difference(never_failing, kBoth).low);
  // The same rates without pairing say far less.
  const Estimate unpaired = success_difference_unpaired({8'000, 10'000}, {8'000, 10'000}, kBoth);
  EXPECT_LT(unpaired.low, -0.02);
  EXPECT_GT(success_difference(failing_together, kBoth).low, -0.001);
}

TEST(PairedDifference, RatesAreThoseOfEachSide) {
  const PairedCounts counts{.both = 90, .control_only = 6, .candidate_only = 1, .neither = 3};
  EXPECT_DOUBLE_EQ(counts.control_rate(), 0.96);
  EXPECT_DOUBLE_EQ(counts.candidate_rate(), 0.91);
  EXPECT_NEAR(success_difference(counts, kBoth).value, -0.05, 1e-12);
}

TEST(PairedDifference, AWorseCandidateIsInferiorAndABetterOneIsNot) {
  const PairedCounts worse{.both = 950, .control_only = 50};
  EXPECT_GE(log_evidence_inferior(worse, 0.001), kThreshold);
  EXPECT_LT(log_evidence_not_inferior(worse, 0.001), 0);
  const PairedCounts better{.both = 950, .candidate_only = 50};
  EXPECT_GE(log_evidence_not_inferior(better, 0.001), kThreshold);
  EXPECT_LT(log_evidence_inferior(better, 0.001), 0);
}

TEST(QuantileRanks, MatchTheReferenceRanks) {
  const QuantileRanks median = quantile_ranks(0.5, 100, kAlpha);
  EXPECT_EQ(median.low, 35);
  EXPECT_EQ(median.high, 66);
  const QuantileRanks p90 = quantile_ranks(0.9, 200, kAlpha);
  EXPECT_EQ(p90.low, 165);
  EXPECT_EQ(p90.high, 192);
}

TEST(QuantileRanks, ASmallSampleBoundsNothing) {
  EXPECT_FALSE(quantile_ranks(0.5, 0, kAlpha).low);
  EXPECT_FALSE(quantile_ranks(0.5, 3, kAlpha).low);
  EXPECT_FALSE(quantile_ranks(0.5, 3, kAlpha).high);
  // A P99 needs several hundred values before its upper end is bounded at all; below it is sooner.
  EXPECT_FALSE(quantile_ranks(0.99, 300, kAlpha).high);
  EXPECT_TRUE(quantile_ranks(0.99, 300, kAlpha).low);
  EXPECT_TRUE(quantile_ranks(0.99, 1'000, kAlpha).high);
}

TEST(QuantileRanks, AreNarrowerThanThePublishedIteratedLogarithmBound) {
  // Howard and Ramdas 2022, the closed form of their Theorem 1, at two-sided error 2 * alpha.
  for (double p : {0.5, 0.9, 0.99, 0.999}) {
    for (int64_t n : {1'000, 10'000, 100'000, 1'000'000}) {
      const auto count = static_cast<double>(n);
      const double loglog =
          (1.4 * std::log(std::log(2.1 * count)) + std::log(10 / (2 * kAlpha))) / count;
      const double radius = 1.5 * std::sqrt(p * (1 - p) * loglog) + 0.8 * loglog;
      const QuantileRanks ranks = quantile_ranks(p, n, kAlpha);
      if (p + radius < 1) {
        ASSERT_TRUE(ranks.high) << p << " of " << n;
        EXPECT_LE(static_cast<double>(*ranks.high), (p + radius) * count + 1) << p << " of " << n;
      }
      ASSERT_TRUE(ranks.low) << p << " of " << n;
      EXPECT_GE(static_cast<double>(*ranks.low), (p - radius) * count - 1) << p << " of " << n;
    }
  }
}

TEST(QuantileRanks, SampleQuantileIsTheNearestRank) {
  EXPECT_EQ(sample_quantile_rank(0.99, 100), 99);
  EXPECT_EQ(sample_quantile_rank(0.5, 1), 1);
  EXPECT_EQ(sample_quantile_rank(0.5, 4), 2);
  EXPECT_EQ(sample_quantile_rank(0.999, 100), 100);
}

TEST(Ratio, CombinesTheWorstEnds) {
  const Estimate ratio =
      ratio_of({.value = 10, .low = 8, .high = 12}, {.value = 5, .low = 4, .high = 6});
  EXPECT_DOUBLE_EQ(ratio.value, 2);
  EXPECT_DOUBLE_EQ(ratio.low, 8.0 / 6);
  EXPECT_DOUBLE_EQ(ratio.high, 3);
}

TEST(Ratio, OfAnUnboundedSideIsUnbounded) {
  const double infinity = std::numeric_limits<double>::infinity();
  EXPECT_EQ(ratio_of({10, 8, infinity}, {5, 4, 6}).high, infinity);
  EXPECT_EQ(ratio_of({10, 8, 12}, {5, 0, 6}).high, infinity);
  EXPECT_EQ(ratio_of({10, 8, 12}, {5, 4, infinity}).low, 0);
  EXPECT_EQ(ratio_of({infinity, infinity, infinity}, {5, 4, infinity}).low, 0);
}

TEST(Ratio, OfSomethingCertainlyInfiniteIsInfinite) {
  const double infinity = std::numeric_limits<double>::infinity();
  EXPECT_EQ(ratio_of({infinity, infinity, infinity}, {5, 4, 6}).low, infinity);
}

TEST(EvidenceNeeded, FindsTheTotalAtWhichTheCriterionWouldPass) {
  const auto needed = evaluations_needed(
      1'000, [](double n) { return log_evidence_rate_within(0, n, 0.0001) >= kThreshold; });
  ASSERT_TRUE(needed);
  EXPECT_NEAR(*needed, 50'606, 600);
}

TEST(EvidenceNeeded, SaysThatMoreWouldNotHelpWhenTheEstimateIsBeyondTheMargin) {
  EXPECT_FALSE(evaluations_needed(
      1'000, [](double n) { return log_evidence_rate_within(0.02 * n, n, 0.01) >= kThreshold; }));
}

}  // namespace
}  // namespace understudy::judge::statistics
