// Somebody looks after every single evaluation and stops at the first "pass". The share of runs in
// which that is wrong must stay below alpha. Seeded: the numbers are the same on every machine.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string_view>
#include <vector>

#include "base/rng.h"
#include "judge/statistics/paired_difference.h"
#include "judge/statistics/proportion.h"
#include "judge/statistics/quantile_ranks.h"
#include "judge/testing/documented_numbers.h"

namespace understudy::judge::statistics {
namespace {

constexpr double kAlpha = 0.05;
const double kThreshold = std::log(1 / kAlpha);
constexpr int kRuns = 300;
constexpr int kEvaluations = 700;

/// How many of the runs docs/judging.md says were wrong.
int documented(std::string_view begin) {
  const auto numbers = testing::documented_numbers(TEST_DATA_DIR "/../../docs/judging.md", begin);
  return numbers.empty() ? -1 : static_cast<int>(numbers.front());
}

struct Looking {
  int passed = 0;              // runs in which a pass was ever seen
  int naive_passed = 0;        // the same with a fixed-sample z-test at the same alpha
  double evaluations_sum = 0;  // of the passing runs, when they first passed
};

// Each request: only control succeeds with probability `control_only`, only the candidate with
// `candidate_only`.
Looking look_at_success(double control_only, double candidate_only, double margin, uint64_t seed) {
  base::Rng rng(seed);
  Looking seen;
  for (int run = 0; run < kRuns; ++run) {
    PairedCounts counts;
    bool passed = false;
    bool naive_passed = false;
    for (int n = 1; n <= kEvaluations && !(passed && naive_passed); ++n) {
      const double draw = rng.uniform();
      if (draw < control_only) {
        ++counts.control_only;
      } else if (draw < control_only + candidate_only) {
        ++counts.candidate_only;
      } else {
        ++counts.both;
      }
      const double mean = (counts.candidate_only - counts.control_only) / n;
      const double discordant = counts.candidate_only + counts.control_only;
      const double error = std::sqrt(std::max(discordant / n - mean * mean, 1e-12) / n);
      if (!naive_passed && n >= 30 && discordant > 0 && mean - 1.645 * error > -margin) {
        naive_passed = true;
      }
      if (!passed && log_evidence_not_inferior(counts, margin) >= kThreshold) {
        passed = true;
        seen.evaluations_sum += n;
      }
    }
    seen.passed += passed ? 1 : 0;
    seen.naive_passed += naive_passed ? 1 : 0;
  }
  return seen;
}

TEST(ContinuousLooking, ACandidateWorseByTheMarginPassesInFewerThanAlphaOfTheRuns) {
  const Looking seen = look_at_success(0.06, 0.01, 0.05, 1);
  EXPECT_LE(seen.passed, kAlpha * kRuns);
  EXPECT_GT(seen.naive_passed, 2 * kAlpha * kRuns) << "the scenario no longer tempts anyone";
  EXPECT_EQ(seen.passed, documented("| candidate worse by exactly the margin (6% / 1% one-sided "
                                    "failures, margin 5%) passes |"));
  EXPECT_EQ(seen.naive_passed,
            documented("| the same first case with a z-test looked at continuously |"));
}

TEST(ContinuousLooking, ARareFailureAtTheMarginPassesInFewerThanAlphaOfTheRuns) {
  const Looking seen = look_at_success(0.01, 0, 0.01, 2);
  EXPECT_LE(seen.passed, kAlpha * kRuns);
  EXPECT_EQ(seen.passed, documented("| rare failures exactly at the margin (1%) |"));
}

TEST(ContinuousLooking, AnEqualCandidatePassesSoonAndAlways) {
  const Looking seen = look_at_success(0.01, 0.01, 0.05, 3);
  EXPECT_EQ(seen.passed, kRuns);
  EXPECT_LT(seen.evaluations_sum / kRuns, 250);
  EXPECT_EQ(
      std::lround(seen.evaluations_sum / kRuns),
      documented("An equal candidate (1% one-sided failures each way, margin 5%) passes after "));
}

TEST(ContinuousLooking, AFarWorseCandidateNeverPasses) {
  EXPECT_EQ(look_at_success(0.15, 0.01, 0.05, 4).passed, 0);
}

TEST(ContinuousLooking, ADifferenceRateAtTheLimitPassesInFewerThanAlphaOfTheRuns) {
  base::Rng rng(5);
  constexpr double kLimit = 0.02;
  int passed = 0;
  for (int run = 0; run < kRuns; ++run) {
    double events = 0;
    for (int n = 1; n <= kEvaluations; ++n) {
      events += rng.uniform() < kLimit ? 1 : 0;
      if (log_evidence_rate_within(events, n, kLimit) >= kThreshold) {
        ++passed;
        break;
      }
    }
  }
  EXPECT_LE(passed, kAlpha * kRuns);
  EXPECT_EQ(passed, documented("| difference rate exactly at the limit (2%) |"));
}

// The share of runs in which either bound of the p-quantile is ever wrong, looking after each
// value.
int runs_with_a_wrong_quantile_bound(double p, uint64_t seed) {
  std::vector<QuantileRanks> ranks;
  for (int n = 0; n <= kEvaluations; ++n) ranks.push_back(quantile_ranks(p, n, kAlpha / 2));
  base::Rng rng(seed);
  int wrong = 0;
  for (int run = 0; run < kRuns; ++run) {
    int64_t below = 0;  // values below the true quantile: uniform values, so it is p itself
    for (size_t n = 1; n <= kEvaluations; ++n) {
      below += rng.uniform() < p ? 1 : 0;
      const bool too_low = ranks[n].high && below >= *ranks[n].high;
      const bool too_high = ranks[n].low && below < *ranks[n].low;
      if (too_low || too_high) {
        ++wrong;
        break;
      }
    }
  }
  return wrong;
}

TEST(ContinuousLooking, QuantileBoundsAreEverWrongInFewerThanAlphaOfTheRuns) {
  const int median = runs_with_a_wrong_quantile_bound(0.5, 6);
  const int p99 = runs_with_a_wrong_quantile_bound(0.99, 7);
  EXPECT_LE(median, kAlpha * kRuns);
  EXPECT_LE(p99, kAlpha * kRuns);
  EXPECT_GT(median + p99, 0) << "bounds that are never wrong are wider than they need to be";
  EXPECT_EQ(median, documented("| P50 bounds ever wrong |"));
  EXPECT_EQ(p99, documented("| P99 bounds ever wrong |"));
}

}  // namespace
}  // namespace understudy::judge::statistics
