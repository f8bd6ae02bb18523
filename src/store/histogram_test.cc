#include "store/histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/rng.h"
#include "base/text.h"

namespace understudy::store {
namespace {

constexpr std::int64_t kBucketNs = 100;

struct Sample {
  std::int64_t time_ns;
  double value;
  std::int64_t weight;
};

/// Counts by looking for each value among the edges.
std::map<std::int64_t, std::vector<std::int64_t>> plainly(const std::vector<Sample>& samples,
                                                          const std::vector<double>& edges) {
  std::map<std::int64_t, std::vector<std::int64_t>> counts;
  for (const Sample& sample : samples) {
    auto start = sample.time_ns - sample.time_ns % kBucketNs;
    if (start > sample.time_ns) start -= kBucketNs;
    auto& row = counts[start];
    row.resize(edges.size() - 1);
    const auto above = std::upper_bound(edges.begin(), edges.end(), sample.value);
    const auto bin = std::min<std::ptrdiff_t>(above - edges.begin() - 1,
                                              static_cast<std::ptrdiff_t>(edges.size()) - 2);
    EXPECT_GE(bin, 0) << sample.value << " is below the first edge";
    EXPECT_LE(sample.value, edges.back());
    if (bin >= 0) row[static_cast<std::size_t>(bin)] += sample.weight;
  }
  return counts;
}

Histogram histogram_of(const std::vector<Sample>& samples) {
  Histogram histogram(kBucketNs, 0);
  for (const Sample& sample : samples) histogram.add(sample.time_ns, sample.value, sample.weight);
  return histogram;
}

void expect_exact(const std::vector<Sample>& samples, const std::string& what) {
  const Histogram histogram = histogram_of(samples);
  const BinLayout layout = histogram.choose_layout();
  ASSERT_GE(layout.edges.size(), 2u) << what;
  EXPECT_LE(layout.edges.size(), 62u) << what;
  for (std::size_t i = 1; i < layout.edges.size(); ++i) {
    ASSERT_LT(layout.edges[i - 1], layout.edges[i]) << what;
  }
  EXPECT_TRUE(std::isfinite(layout.edges.front()) && std::isfinite(layout.edges.back())) << what;
  EXPECT_EQ(histogram.counts(layout), plainly(samples, layout.edges)) << what;
}

std::vector<double> edges_of(const std::vector<double>& values) {
  Histogram histogram(kBucketNs, 0);
  for (const double value : values) histogram.add(0, value, 1);
  return histogram.choose_layout().edges;
}

using Edges = std::vector<double>;

TEST(HistogramTest, NumbersFromNoughtToAHundredGetStepsOfTwo) {
  const Edges edges = edges_of({0, 50, 100});
  ASSERT_EQ(edges.size(), 51u);
  EXPECT_EQ(edges[0], 0);
  EXPECT_EQ(edges[1], 2);
  EXPECT_EQ(edges[50], 100);
}

TEST(HistogramTest, ANumberAtTheLastEdgeIsInTheLastBin) {
  Histogram histogram(kBucketNs, 0);
  for (const double value : {0.0, 99.0, 100.0}) histogram.add(0, value, 1);
  const BinLayout layout = histogram.choose_layout();
  EXPECT_EQ(histogram.counts(layout).at(0).back(), 2);
}

TEST(HistogramTest, ManyPowersOfTenGetALogarithmicScale) {
  Histogram histogram(kBucketNs, 0);
  for (const double value : {0.1, 1.0, 10.0, 1000.0}) histogram.add(0, value, 1);
  const BinLayout layout = histogram.choose_layout();
  EXPECT_TRUE(layout.logarithmic);
  EXPECT_EQ(layout.edges.front(), 0.1);
  EXPECT_EQ(layout.edges[1], 0.125);
}

TEST(HistogramTest, NoughtAndNegativesAreInOneBinBelowALogarithmicScale) {
  Histogram histogram(kBucketNs, 0);
  for (int i = 0; i < 200; ++i) histogram.add(0, i % 2 == 0 ? 1.0 : 5000.0, 1);
  histogram.add(0, 0.0, 3);
  histogram.add(0, -37.0, 1);
  const BinLayout layout = histogram.choose_layout();
  ASSERT_TRUE(layout.logarithmic);
  EXPECT_EQ(layout.edges[0], -40);
  EXPECT_EQ(layout.edges[1], 1);
  EXPECT_EQ(histogram.counts(layout).at(0)[0], 4);
}

TEST(HistogramTest, ManyNegativesKeepTheScaleLinear) {
  EXPECT_FALSE([] {
    Histogram histogram(kBucketNs, 0);
    for (const double value : {-1.0, 0.001, 1000.0}) histogram.add(0, value, 1);
    return histogram.choose_layout().logarithmic;
  }());
}

TEST(HistogramTest, OneValueGetsOneBin) {
  EXPECT_EQ(edges_of({0}), (Edges{0, 0.1}));
  EXPECT_EQ(edges_of({3, 3}), (Edges{3, 3.1}));
  EXPECT_EQ(edges_of({-250}).size(), 2u);
  EXPECT_TRUE(edges_of({}).empty());
}

TEST(HistogramTest, WhatIsNotFiniteIsNotANumber) {
  Histogram histogram(kBucketNs, 0);
  histogram.add(0, std::nan(""), 2);
  histogram.add(0, std::numeric_limits<double>::infinity(), 3);
  EXPECT_EQ(histogram.total(), 0);
  EXPECT_EQ(histogram.not_numbers(), 5);
  EXPECT_TRUE(histogram.counts(histogram.choose_layout()).empty());
}

class RandomSamples {
 public:
  explicit RandomSamples(std::uint64_t seed) : rng_(seed), kind_(rng_.below(9)) {}

  std::vector<Sample> take(std::size_t count) {
    std::vector<Sample> samples;
    for (std::size_t i = 0; i < count; ++i) {
      samples.push_back({static_cast<std::int64_t>(rng_.below(1'000)) - 500, value(),
                         1 + static_cast<std::int64_t>(rng_.below(3))});
    }
    return samples;
  }

 private:
  double share() { return static_cast<double>(rng_.below(1'000'000'007)) / 1e9; }
  double value() {
    switch (kind_) {
      case 0:
        return static_cast<double>(rng_.below(1'000));  // all on edges
      case 1:
        return static_cast<double>(rng_.below(1'000)) / 10;
      case 2:
        return std::exp(share() * 20 - 10);
      case 3:
        return share() - 0.5;
      case 4:
        return 1e6 + share() / 1e3;
      case 5:
        return std::pow(10.0, static_cast<double>(rng_.below(12)) - 6);  // all on edges
      case 6:
        return rng_.below(100) == 0 ? -share() * 1e3 : std::exp(share() * 30);
      case 7:
        return std::ldexp(1 + share(), static_cast<int>(rng_.below(2'000)) - 1'000) *
               (rng_.below(2) == 0 ? 1 : -1);
      default:
        return static_cast<double>(rng_.below(20)) * 0.001 - 0.01;
    }
  }

  base::Rng rng_;
  std::uint64_t kind_;
};

TEST(HistogramTest, CountsAreThoseOfAPlainSearchAmongTheEdges) {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    RandomSamples random(seed);
    expect_exact(random.take(1 + seed % 200), base::cat("seed ", seed));
  }
}

TEST(HistogramTest, ManyAtOnceAreCountedLikeOneByOne) {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    RandomSamples random(seed);
    std::vector<Sample> samples = random.take(400);
    std::sort(samples.begin(), samples.end(), [](const Sample& a, const Sample& b) {
      return a.time_ns / 50 < b.time_ns / 50;  // mostly by time
    });
    samples[seed % samples.size()].value = std::nan("");
    std::vector<std::int64_t> times;
    std::vector<double> values;
    std::vector<std::int64_t> weights;
    for (const Sample& sample : samples) {
      times.push_back(sample.time_ns);
      values.push_back(sample.value);
      weights.push_back(sample.weight);
    }
    Histogram at_once(kBucketNs, 0);
    at_once.add_all(times, values.data(), weights.data());
    const Histogram one_by_one = histogram_of(samples);
    EXPECT_EQ(at_once.total(), one_by_one.total()) << "seed " << seed;
    EXPECT_EQ(at_once.not_numbers(), one_by_one.not_numbers()) << "seed " << seed;
    const BinLayout layout = at_once.choose_layout();
    EXPECT_EQ(layout.edges, one_by_one.choose_layout().edges) << "seed " << seed;
    EXPECT_EQ(at_once.counts(layout), one_by_one.counts(layout)) << "seed " << seed;
  }
}

TEST(HistogramTest, ATimeBucketWithoutNumbersIsNotThere) {
  const std::vector<std::int64_t> times = {0, kBucketNs, 2 * kBucketNs};
  const std::vector<double> values = {1, std::nan(""), 2};
  Histogram histogram(kBucketNs, 0);
  histogram.add_all(times, values.data(), nullptr);
  EXPECT_EQ(histogram.counts(histogram.choose_layout()).size(), 2u);
  EXPECT_EQ(histogram.total(), 2);
  EXPECT_EQ(histogram.not_numbers(), 1);
}

TEST(HistogramTest, WithoutWeightsEachCountsOnce) {
  RandomSamples random(1);
  std::vector<std::int64_t> times;
  std::vector<double> values;
  for (const Sample& sample : random.take(400)) {
    times.push_back(sample.time_ns);
    values.push_back(sample.value);
  }
  const std::vector<std::int64_t> ones(times.size(), 1);
  Histogram weighted(kBucketNs, 0);
  weighted.add_all(times, values.data(), ones.data());
  Histogram plain(kBucketNs, 0);
  plain.add_all(times, values.data(), nullptr);
  EXPECT_EQ(plain.to_bytes(), weighted.to_bytes());
}

TEST(HistogramTest, MergedInAnyPartsAndThroughBytesItIsTheSame) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    RandomSamples random(seed);
    std::vector<Sample> samples = random.take(150);
    const BinLayout layout = histogram_of(samples).choose_layout();
    Histogram merged(kBucketNs, 0);
    for (std::size_t i = 0; i < samples.size(); i += 30) {
      const std::vector<Sample> part(samples.begin() + static_cast<std::ptrdiff_t>(i),
                                     samples.begin() + static_cast<std::ptrdiff_t>(i) + 30);
      auto read = Histogram::from_bytes(histogram_of(part).to_bytes());
      ASSERT_TRUE(read.ok());
      merged.merge(*read);
      // A part's own counts in the layout of the whole add up to its numbers.
      std::int64_t sum = 0;
      for (const auto& [start, counts] : read->counts(layout)) {
        for (const std::int64_t count : counts) sum += count;
      }
      EXPECT_EQ(sum, read->total());
      EXPECT_EQ(read->counts(layout), plainly(part, layout.edges)) << "seed " << seed;
    }
    EXPECT_EQ(merged.choose_layout().edges, layout.edges) << "seed " << seed;
    EXPECT_EQ(merged.counts(layout), plainly(samples, layout.edges)) << "seed " << seed;
  }
}

TEST(HistogramTest, BrokenBytesAreRefused) {
  const std::string bytes = histogram_of({{0, 1, 1}, {200, 70, 1}}).to_bytes();
  ASSERT_TRUE(Histogram::from_bytes(bytes).ok());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    (void)Histogram::from_bytes(bytes.substr(0, size));
  }
  EXPECT_FALSE(Histogram::from_bytes("").ok());
  EXPECT_FALSE(Histogram::from_bytes(bytes.substr(0, bytes.size() - 1)).ok());
}

}  // namespace
}  // namespace understudy::store
