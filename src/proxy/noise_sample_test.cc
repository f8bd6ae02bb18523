#include "proxy/noise_sample.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/rng.h"

namespace understudy::proxy {
namespace {

TEST(NoiseSample, NoneAndAllAreExact) {
  EXPECT_FALSE(takes_noise_sample(0, 0));
  EXPECT_TRUE(takes_noise_sample(0, 1));
  EXPECT_TRUE(takes_noise_sample(UINT64_MAX, 1));
  EXPECT_FALSE(takes_noise_sample(UINT64_MAX, 0.999));
}

TEST(NoiseSample, TakesTheShareThatWasAskedFor) {
  constexpr int kEvaluations = 100'000;
  for (const double share : {0.001, 0.01, 0.5}) {
    base::Rng ids(7);
    int taken = 0;
    for (int i = 0; i < kEvaluations; ++i) taken += takes_noise_sample(ids.next_u64(), share);
    const double deviation = std::sqrt(kEvaluations * share * (1 - share));
    EXPECT_NEAR(taken, kEvaluations * share, 4 * deviation) << share;
  }
}

// A larger share keeps what a smaller one took: figures before and after are of the same kind.
TEST(NoiseSample, ALargerShareOnlyAdds) {
  base::Rng ids(11);
  for (int i = 0; i < 10'000; ++i) {
    const uint64_t id = ids.next_u64();
    if (takes_noise_sample(id, 0.1)) {
      EXPECT_TRUE(takes_noise_sample(id, 0.2));
    }
  }
}

}  // namespace
}  // namespace understudy::proxy
