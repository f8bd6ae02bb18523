#include "compare/noise.h"

#include "compare/comparator_fixture.h"

namespace understudy::compare {
namespace {

class NoiseTest : public ComparatorTest {
 protected:
  bool is_noisy(std::string_view route, std::string_view path,
                Dimension dimension = Dimension::kValue) const {
    const auto field = noise_.find(route, path, dimension);
    return field && field->noisy();
  }
  /// One pair of answers of control to a request on the route `query`.
  void pair(const std::string& first, const std::string& second) {
    bodies(first, second);
    noise_.add("query", compare());
  }

  NoiseFields noise_;
};

TEST_F(NoiseTest, APlaceWhereControlDiffersFromItselfIsNoise) {
  for (int i = 0; i < 20; ++i) {
    pair("{\"at\":" + std::to_string(i) + ",\"v\":1}",
         "{\"at\":" + std::to_string(i + 100) + ",\"v\":1}");
  }
  EXPECT_TRUE(is_noisy("query", "$.at"));
  EXPECT_FALSE(is_noisy("query", "$.v"));
  EXPECT_FALSE(is_noisy("other", "$.at"));
  ASSERT_EQ(noise_.fields().size(), 1U);
  EXPECT_EQ(noise_.fields()[0].differed, 20U);
  EXPECT_GT(noise_.fields()[0].rate_low, 0.8);
}

TEST_F(NoiseTest, OneDifferenceIsNoProof) {
  pair("[1]", "[2]");
  EXPECT_FALSE(is_noisy("query", "$[*]"));
}

TEST_F(NoiseTest, WhatHappensOnceInAGreatWhileIsNoProof) {
  pair("[1]", "[2]");
  pair("[1]", "[2]");
  EXPECT_TRUE(is_noisy("query", "$[*]"));
  for (int i = 0; i < 2000; ++i) pair("[1]", "[1]");
  EXPECT_FALSE(is_noisy("query", "$[*]"));
}

// A value that changes is no excuse for a member that is missing.
TEST_F(NoiseTest, APlaceIsNoisyOnlyInTheWayItDiffers) {
  for (int i = 0; i < 20; ++i) pair(R"({"id":"a"})", R"({"id":"b"})");
  EXPECT_TRUE(is_noisy("query", "$.id"));
  EXPECT_FALSE(is_noisy("query", "$.id", Dimension::kMissing));
  EXPECT_FALSE(is_noisy("query", "$.id", Dimension::kType));
}

// The bounds of Wilson's interval for 8 of 10, from the formula by hand.
TEST_F(NoiseTest, TheRateHasBounds) {
  NoisyField field{.path_pattern = "$.id", .samples = 10, .differed = 8};
  field.set_rates();
  EXPECT_NEAR(field.rate_low, 0.4902, 0.0001);
  EXPECT_NEAR(field.rate_high, 0.9433, 0.0001);
  EXPECT_EQ(field.describe(), "control differs from itself here in 8 of 10 (49.0% to 94.3%)");
}

TEST_F(NoiseTest, ThePlaceComesWithTheRuleThatIgnoresIt) {
  NoisyField field{.path_pattern = "$.rows[*]['odd name']"};
  const auto rule = Rule::parse(field.ignore_rule());
  ASSERT_TRUE(rule.ok()) << rule.error().context;
  EXPECT_TRUE(rule->ignore);
  EXPECT_EQ(rule->path.text(), "$.rows[*]['odd name']");
  field.path_pattern = "$.rows[";  // cut
  EXPECT_EQ(field.ignore_rule(), "");
}

TEST_F(NoiseTest, PairsWithMoreDifferencesThanAreRecordedAreCounted) {
  std::string first = "[0";
  std::string second = "[1";
  for (int i = 0; i < 100; ++i) {
    first += ",0";
    second += ",1";
  }
  pair(first + "]", second + "]");
  pair("[1]", "[2]");
  EXPECT_EQ(noise_.samples(), 2U);
  EXPECT_EQ(noise_.cut_short(), 1U);
}

TEST_F(NoiseTest, PlacesAreBounded) {
  noise_ = NoiseFields({.fields_max = 1});
  pair(R"({"a":1,"b":1})", R"({"a":2,"b":2})");
  EXPECT_EQ(noise_.fields().size(), 1U);
  EXPECT_EQ(noise_.uncounted(), 1U);
}

}  // namespace
}  // namespace understudy::compare
