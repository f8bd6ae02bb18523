// Calls of the same moment are slow together: one stall makes dozens of them slow. Two services
// whose latencies have the same distribution, stalls included, are looked at again and again. The
// share of runs in which the candidate is ever found slower must stay below alpha. Seeded.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>
#include <vector>

#include "base/rng.h"
#include "judge/statistics/design_effect.h"
#include "judge/statistics/quantile_ranks.h"
#include "judge/testing/documented_numbers.h"

namespace understudy::judge::statistics {
namespace {

constexpr double kAlpha = 0.05;
constexpr double kLevel = 0.99;
constexpr double kRatioMax = 1.2;
constexpr int kCallsPerSecond = 200;
constexpr std::array kLooksS = {20, 30, 45, 60, 90, 120, 180, 240, 300};

/// How a service stalls: how often, how many calls it makes slow, and by how much they are slower.
struct Stalls {
  double per_second = 0;
  int calls = 0;
  double slower_ms = 0;
};

/// The latencies of one service, call after call at a steady rate: 4 to 5 ms, and stalls.
class Service {
 public:
  Service(uint64_t seed, Stalls stalls, double factor = 1)
      : rng_(seed), stalls_(stalls), factor_(factor) {}

  void run_until(int seconds) {
    while (latencies_.size() < static_cast<size_t>(seconds) * kCallsPerSecond) {
      if (left_ == 0 && rng_.uniform() < stalls_.per_second / kCallsPerSecond) {
        left_ = stalls_.calls;
        slower_ms_ = stalls_.slower_ms * (0.5 + rng_.uniform());
      }
      double latency_ms = 4 + rng_.uniform();
      if (left_ > 0) {
        latency_ms += slower_ms_ * rng_.uniform();
        --left_;
      }
      latencies_.push_back(latency_ms * factor_);
    }
    sorted_ = latencies_;
    std::sort(sorted_.begin(), sorted_.end());
  }

  double at_rank(int64_t rank) const { return sorted_[static_cast<size_t>(rank - 1)]; }

  double effect() const {
    std::vector<double> effects;
    for (const double level : levels_from(kLevel)) {
      effects.push_back(effect_at(at_rank(sample_quantile_rank(level, size()))));
    }
    return effect_down_to_bound(kLevel, size(), kAlpha / 2, effects);
  }

  QuantileRanks ranks(double effect) const {
    return quantile_ranks(kLevel, size(), kAlpha / 2, effect);
  }
  int64_t size() const { return static_cast<int64_t>(latencies_.size()); }

 private:
  double effect_at(double latency_ms) const {
    std::vector<Block> blocks;
    for (size_t i = 0; i < latencies_.size(); ++i) {
      if (i % block_calls() == 0) blocks.push_back({});
      ++blocks.back().calls;
      blocks.back().beyond += latencies_[i] > latency_ms ? 1 : 0;
    }
    return design_effect(blocks);
  }

  // As the evidence is cut: a second each, or more where that would be more than 200 blocks.
  size_t block_calls() const {
    return std::max<size_t>(kCallsPerSecond, (latencies_.size() + 199) / 200);
  }

  base::Rng rng_;
  Stalls stalls_;
  double factor_;
  int left_ = 0;
  double slower_ms_ = 0;
  std::vector<double> latencies_;
  std::vector<double> sorted_;
};

struct Found {
  int wrong = 0;     // runs in which the candidate was ever found slower than the limit
  int as_alone = 0;  // the same when every call counts as independent
};

Found look(Stalls stalls, double factor, int runs, uint64_t seed) {
  Found found;
  for (int run = 0; run < runs; ++run) {
    const auto number = static_cast<uint64_t>(run);
    Service candidate(seed + 2 * number, stalls, factor);
    Service control(seed + 2 * number + 1, stalls);
    bool slower[2] = {false, false};
    for (const int seconds : kLooksS) {
      candidate.run_until(seconds);
      control.run_until(seconds);
      const double effect = std::max(candidate.effect(), control.effect());
      for (const bool corrected : {false, true}) {
        const auto low = candidate.ranks(corrected ? effect : 1).low;
        const auto high = control.ranks(corrected ? effect : 1).high;
        if (low && high && candidate.at_rank(*low) > kRatioMax * control.at_rank(*high)) {
          slower[corrected ? 1 : 0] = true;
        }
      }
    }
    found.as_alone += slower[0] ? 1 : 0;
    found.wrong += slower[1] ? 1 : 0;
  }
  return found;
}

constexpr int kRuns = 100;

int documented(std::string_view begin, size_t column) {
  const auto numbers = testing::documented_numbers(TEST_DATA_DIR "/../../docs/judging.md", begin);
  return numbers.size() > column ? static_cast<int>(numbers[column]) : -1;
}

void expect_as_documented(const Found& found, std::string_view line) {
  EXPECT_LE(found.wrong, kAlpha * kRuns);
  EXPECT_GT(found.as_alone, kAlpha * kRuns) << "the scenario no longer misleads anyone";
  EXPECT_EQ(found.wrong, documented(line, 1));
  EXPECT_EQ(found.as_alone, documented(line, 0));
}

TEST(ClusteredLatency, EqualServicesThatStallOftenAreNotFoundSlower) {
  expect_as_documented(look({.per_second = 0.1, .calls = 20, .slower_ms = 8}, 1, kRuns, 1),
                       "| a stall of 20 calls every 10 s |");
}

TEST(ClusteredLatency, EqualServicesThatStallRarelyAndLongAreNotFoundSlower) {
  expect_as_documented(look({.per_second = 0.02, .calls = 150, .slower_ms = 20}, 1, kRuns, 1'001),
                       "| a stall of 150 calls every 50 s |");
  expect_as_documented(look({.per_second = 0.005, .calls = 400, .slower_ms = 20}, 1, kRuns, 2'001),
                       "| a stall of 400 calls every 200 s |");
}

TEST(ClusteredLatency, StallsThatAreLongerThanAStretchOfTimeAreNotFoundSlower) {
  expect_as_documented(look({.per_second = 0.01, .calls = 1'000, .slower_ms = 20}, 1, kRuns, 3'001),
                       "| a stall of 1,000 calls every 100 s |");
}

TEST(ClusteredLatency, ACandidateWhoseTailIsHalfAsSlowAgainIsFound) {
  EXPECT_EQ(look({}, 1.5, 20, 4'001).wrong, 20);
  EXPECT_EQ(look({.per_second = 1, .calls = 20, .slower_ms = 8}, 1.5, 20, 5'001).wrong, 20);
}

TEST(DesignEffect, OfCallsThatDoNotGoTogetherIsAboutOne) {
  base::Rng rng(7);
  std::vector<Block> blocks(200);
  for (Block& one : blocks) {
    one.calls = 100;
    for (int i = 0; i < 100; ++i) one.beyond += rng.uniform() < 0.05 ? 1 : 0;
  }
  EXPECT_LT(design_effect(blocks), 1.4);
}

TEST(DesignEffect, OfCallsThatAllGoTogetherIsAtLeastTheirNumber) {
  std::vector<Block> blocks;
  for (int i = 0; i < 200; ++i) blocks.push_back({.calls = 50, .beyond = i % 20 == 0 ? 50.0 : 0});
  EXPECT_GT(design_effect(blocks), 50);
  EXPECT_LT(design_effect(blocks), 65);
}

TEST(DesignEffect, PromisesLessFromFewerBlocks) {
  std::vector<Block> blocks;
  for (int i = 0; i < 20; ++i) blocks.push_back({.calls = 50, .beyond = i % 10 == 0 ? 50.0 : 0});
  EXPECT_GT(design_effect(blocks), 90);
}

TEST(DesignEffect, OfNothingBeyondIsOne) {
  EXPECT_EQ(design_effect({}), 1);
  const std::array<Block, 2> none = {Block{.calls = 5}, Block{.calls = 7}};
  EXPECT_EQ(design_effect(none), 1);
}

TEST(DesignEffect, LeavesTheRanksOfIndependentCallsAsTheyAre) {
  for (const int64_t count : {0, 1, 100, 580, 10'000}) {
    EXPECT_EQ(quantile_ranks(0.99, count, 0.025, 1).low, quantile_ranks(0.99, count, 0.025).low);
    EXPECT_EQ(quantile_ranks(0.99, count, 0.025, 1).high, quantile_ranks(0.99, count, 0.025).high);
  }
  EXPECT_FALSE(quantile_ranks(0.99, 1'000, 0.025, 1'500).low);
  EXPECT_FALSE(quantile_ranks(0.99, 1'000, 0.025, 5).high);
  EXPECT_LT(quantile_ranks(0.99, 10'000, 0.025, 4).low, quantile_ranks(0.99, 10'000, 0.025).low);
}

}  // namespace
}  // namespace understudy::judge::statistics
