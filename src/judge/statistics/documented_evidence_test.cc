// How much evidence it takes, as docs/judging.md tells it, held to what the statistics need.
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include "judge/statistics/betting.h"
#include "judge/statistics/paired_difference.h"
#include "judge/statistics/proportion.h"
#include "judge/statistics/quantile_ranks.h"
#include "judge/testing/documented_numbers.h"

namespace understudy::judge::statistics {
namespace {

constexpr double kAlpha = 0.05;
const double kThreshold = std::log(1 / kAlpha);

std::vector<double> documented(std::string_view begin) {
  return testing::documented_numbers(TEST_DATA_DIR "/../../docs/judging.md", begin);
}

/// The least number of evaluations that is enough, when more is never less enough.
int64_t least(const std::function<bool(int64_t)>& enough) {
  int64_t high = 1;
  while (!enough(high)) high *= 2;
  int64_t low = high / 2;
  while (high - low > 1) {
    const int64_t middle = low + (high - low) / 2;
    (enough(middle) ? high : low) = middle;
  }
  return high;
}

/// The document rounds to three digits.
void expect_near(double documented, double computed) {
  EXPECT_NEAR(documented / computed, 1, 0.005) << documented << " is documented for " << computed;
}

TEST(DocumentedEvidence, OfSuccessWithoutAFailure) {
  const auto told = documented("| success no worse by 1% / 0.1% |");
  ASSERT_EQ(told.size(), 2U);
  const auto needs = [](double margin) {
    return static_cast<double>(least([&](int64_t n) {
      return log_evidence_not_inferior({.both = static_cast<double>(n)}, margin) >= kThreshold;
    }));
  };
  expect_near(told[0], needs(0.01));
  expect_near(told[1], needs(0.001));
}

TEST(DocumentedEvidence, OfAnswersWithoutADifference) {
  const auto told = documented("| difference rate at most 1% / 0.1% / 0.01% |");
  ASSERT_EQ(told.size(), 3U);
  double limit = 0.01;
  for (const double evaluations : told) {
    expect_near(evaluations, static_cast<double>(least([&](int64_t n) {
                  return log_evidence_rate_within(0, static_cast<double>(n), limit) >= kThreshold;
                })));
    limit /= 10;
  }
}

/// "| P50 between pA and pB / ... | n / ... |" against the ranks at those n.
void expect_quantiles(std::string_view begin, double quantile, size_t pairs) {
  const auto told = documented(begin);
  ASSERT_EQ(told.size(), 3 * pairs);
  for (size_t i = 0; i < pairs; ++i) {
    const double count = told[2 * pairs + i];
    const auto ranks = quantile_ranks(quantile, static_cast<int64_t>(count), kAlpha);
    ASSERT_TRUE(ranks.low && ranks.high);
    EXPECT_NEAR(told[2 * i], 100 * static_cast<double>(*ranks.low) / count, 0.051) << count;
    EXPECT_NEAR(told[2 * i + 1], 100 * static_cast<double>(*ranks.high) / count, 0.051) << count;
  }
}

TEST(DocumentedEvidence, OfLatencyQuantiles) {
  expect_quantiles("| P50 between", 0.5, 3);
  expect_quantiles("| P99 between", 0.99, 2);
}

TEST(DocumentedEvidence, OfARatioOfHighQuantiles) {
  const auto told = documented("| a ratio of P99 / P99.9 can be bounded at all |");
  ASSERT_EQ(told.size(), 2U);
  const auto bounded = [](double quantile) {
    return static_cast<double>(
        least([&](int64_t n) { return quantile_ranks(quantile, n, kAlpha / 2).high.has_value(); }));
  };
  EXPECT_EQ(told[0], bounded(0.99));
  EXPECT_EQ(told[1], bounded(0.999));
}

TEST(DocumentedEvidence, OfSidesThatDisagreeByChance) {
  const auto needs = [](double margin) {
    return static_cast<double>(least([&](int64_t n) {
      const auto count = static_cast<double>(n);
      return log_evidence_not_inferior({.both = 0.98 * count,
                                        .control_only = 0.01 * count,
                                        .candidate_only = 0.01 * count},
                                       margin) >= kThreshold;
    }));
  };
  const auto told =
      documented("chance, more is needed: 1% one-sided failures each way need about ");
  ASSERT_EQ(told.size(), 2U);  // 225,000 and the margin
  expect_near(told[0], needs(0.001));
  const auto more = documented("8,550");
  ASSERT_EQ(more.size(), 3U);  // 0.5%, 2,225, 1%
  expect_near(8'550, needs(0.005));
  expect_near(more[1], needs(0.01));
}

}  // namespace
}  // namespace understudy::judge::statistics
