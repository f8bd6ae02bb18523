#include "app/candidate_calls.h"

#include <gtest/gtest.h>

namespace understudy::app {
namespace {

using judge::Population;

constexpr int64_t kSecond = 1'000'000'000;
constexpr int64_t kMinute = 60 * kSecond;

TEST(CandidateCalls, TheFirstCallSinceAMomentIsKnownToTheMinute) {
  CandidateCalls calls;
  for (int64_t second = 90; second < 600; ++second) {
    calls.note("shop", Population::kPaired, second * kSecond);
  }
  EXPECT_EQ(calls.first_since("shop", Population::kPaired, 0), 90 * kSecond);
  EXPECT_EQ(calls.first_since("shop", Population::kPaired, 200 * kSecond), 240 * kSecond);
  EXPECT_FALSE(calls.first_since("shop", Population::kPaired, 600 * kSecond));
  EXPECT_FALSE(calls.first_since("shop", Population::kCutover, 0));
  EXPECT_FALSE(calls.first_since("other", Population::kPaired, 0));
}

TEST(CandidateCalls, BeyondItsBoundTheOldestMinutesGo) {
  CandidateCalls calls;
  const auto minutes = static_cast<int64_t>(CandidateCalls::kMinutesMax) + 5;
  for (int64_t minute = 1; minute <= minutes; ++minute) {
    calls.note("shop", Population::kCutover, minute * kMinute);
  }
  EXPECT_EQ(calls.first_since("shop", Population::kCutover, 0), 6 * kMinute);
}

}  // namespace
}  // namespace understudy::app
