#include "compare/noise.h"

#include "compare/comparator_fixture.h"

namespace understudy::compare {
namespace {

using NoiseTest = ComparatorTest;

TEST_F(NoiseTest, APlaceWhereControlDiffersFromItselfIsNoise) {
  NoiseFields noise;
  for (int i = 0; i < 20; ++i) {
    bodies("{\"at\":" + std::to_string(i) + ",\"v\":1}",
           "{\"at\":" + std::to_string(i + 100) + ",\"v\":1}");
    noise.add("query", compare());
  }
  EXPECT_TRUE(noise.is_noisy("query", "$.at"));
  EXPECT_FALSE(noise.is_noisy("query", "$.v"));
  EXPECT_FALSE(noise.is_noisy("other", "$.at"));
  ASSERT_EQ(noise.fields().size(), 1U);
  EXPECT_EQ(noise.fields()[0].differed, 20U);
  EXPECT_GT(noise.fields()[0].rate_low, 0.8);
}

TEST_F(NoiseTest, OneDifferenceIsNoProof) {
  NoiseFields noise;
  bodies("[1]", "[2]");
  noise.add("query", compare());
  EXPECT_FALSE(noise.is_noisy("query", "$[*]"));
}

TEST_F(NoiseTest, PlacesAreBounded) {
  NoiseFields noise({.fields_max = 1, .rate_min = 0});
  bodies(R"({"a":1,"b":1})", R"({"a":2,"b":2})");
  noise.add("query", compare());
  EXPECT_EQ(noise.fields().size(), 1U);
  EXPECT_EQ(noise.uncounted(), 1U);
}

}  // namespace
}  // namespace understudy::compare
