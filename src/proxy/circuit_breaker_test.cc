#include "proxy/circuit_breaker.h"

#include <gtest/gtest.h>

#include <vector>

#include "proxy/accounting.h"

namespace understudy::proxy {
namespace {

using namespace std::chrono_literals;

/// Opens after three silent calls, for a second.
class CircuitBreakerTest : public ::testing::Test {
 protected:
  using Pass = CircuitBreaker::Pass;

  bool admits() { return breaker_.admit(now_ns_).has_value(); }
  Pass begin() {
    const auto pass = breaker_.admit(now_ns_);
    EXPECT_TRUE(pass.has_value());
    return pass.value_or(Pass());
  }
  bool end(Pass pass, Sign sign) {
    return breaker_.report(pass, sign, now_ns_) == CircuitChange::kOpened;
  }
  bool call(Sign sign) { return end(begin(), sign); }
  void open() {
    for (int i = 0; i < 3; ++i) call(Sign::kSilent);
    EXPECT_FALSE(admits());
  }
  void pass(std::chrono::nanoseconds time) { now_ns_ += time.count(); }

  CircuitBreaker breaker_{3, 1s};
  int64_t now_ns_ = 1'000'000'000;
};

TEST_F(CircuitBreakerTest, OpensAfterSilentCallsInARow) {
  call(Sign::kSilent);
  call(Sign::kSilent);
  call(Sign::kAlive);
  call(Sign::kSilent);
  EXPECT_FALSE(call(Sign::kSilent));
  EXPECT_TRUE(call(Sign::kSilent));
  EXPECT_FALSE(admits());
}

TEST_F(CircuitBreakerTest, ACallThatWasGivenUpCountsNeitherWay) {
  call(Sign::kSilent);
  call(Sign::kSilent);
  call(Sign::kUnknown);
  call(Sign::kSilent);
  EXPECT_FALSE(admits());
}

TEST_F(CircuitBreakerTest, StaysOpenForItsTimeAndThenAdmitsOne) {
  open();
  pass(1s - 1ns);
  EXPECT_FALSE(admits());
  pass(1ns);
  EXPECT_TRUE(admits());
  EXPECT_FALSE(admits());
  pass(1h);
  EXPECT_FALSE(admits()) << "the probe is still under way";
}

TEST_F(CircuitBreakerTest, AnAnswerToTheProbeCloses) {
  open();
  pass(1s);
  call(Sign::kAlive);
  EXPECT_TRUE(admits());
  EXPECT_TRUE(admits());
}

TEST_F(CircuitBreakerTest, AClosedOneCountsFromTheStart) {
  open();
  pass(1s);
  call(Sign::kAlive);
  call(Sign::kSilent);
  call(Sign::kSilent);
  EXPECT_TRUE(admits());
}

TEST_F(CircuitBreakerTest, ASilentProbeOpensForItsTimeAgain) {
  open();
  pass(1s);
  const Pass probe = begin();
  pass(500ms);
  EXPECT_FALSE(end(probe, Sign::kSilent)) << "it was open before";
  pass(1s - 1ns);
  EXPECT_FALSE(admits());
  pass(1ns);
  EXPECT_TRUE(admits());
}

TEST_F(CircuitBreakerTest, TellsWhatEachEndChanged) {
  const auto change = [&](Sign sign) { return breaker_.report(begin(), sign, now_ns_); };
  EXPECT_EQ(change(Sign::kSilent), CircuitChange::kNone);
  EXPECT_EQ(change(Sign::kAlive), CircuitChange::kNone);
  change(Sign::kSilent);
  change(Sign::kSilent);
  EXPECT_EQ(change(Sign::kSilent), CircuitChange::kOpened);
  pass(1s);
  EXPECT_EQ(change(Sign::kSilent), CircuitChange::kStillOpen);
  pass(1s);
  EXPECT_EQ(change(Sign::kUnknown), CircuitChange::kNone);
  EXPECT_EQ(change(Sign::kAlive), CircuitChange::kClosed);
  EXPECT_EQ(change(Sign::kAlive), CircuitChange::kNone);
}

TEST_F(CircuitBreakerTest, AnUndecidedProbeMakesRoomForTheNextOne) {
  open();
  pass(1s);
  call(Sign::kUnknown);
  EXPECT_TRUE(admits());
  EXPECT_FALSE(admits());
}

TEST_F(CircuitBreakerTest, AnOpenOneIsToldOnceInAWhileWhicheverWorkerAsks) {
  Accounting books;
  EXPECT_TRUE(books.may_tell_of_circuit(now_ns_));
  EXPECT_FALSE(books.may_tell_of_circuit(now_ns_));
  pass(5s - 1ns);
  EXPECT_FALSE(books.may_tell_of_circuit(now_ns_));
  pass(1ns);
  EXPECT_TRUE(books.may_tell_of_circuit(now_ns_));
  EXPECT_FALSE(books.may_tell_of_circuit(now_ns_));
}

// Calls that were under way when it opened.

TEST_F(CircuitBreakerTest, TheEndOfAnOldCallDoesNotLetASecondProbePass) {
  for (const Sign sign : {Sign::kAlive, Sign::kSilent, Sign::kUnknown}) {
    CircuitBreaker breaker(1, 1s);
    const auto old = breaker.admit(now_ns_);
    breaker.report(*breaker.admit(now_ns_), Sign::kSilent, now_ns_);
    pass(1s);
    const auto probe = breaker.admit(now_ns_);
    ASSERT_TRUE(probe.has_value());
    breaker.report(*old, sign, now_ns_);
    EXPECT_FALSE(breaker.admit(now_ns_).has_value());
    breaker.report(*probe, Sign::kAlive, now_ns_);
    EXPECT_TRUE(breaker.admit(now_ns_).has_value());
  }
}

TEST_F(CircuitBreakerTest, TheLateAnswerOfAnOldCallDoesNotClose) {
  const Pass old = begin();
  open();
  end(old, Sign::kAlive);
  EXPECT_FALSE(admits());
}

TEST_F(CircuitBreakerTest, TheLateSilenceOfAnOldCallDoesNotPutTheProbeOff) {
  const Pass old = begin();
  open();
  pass(900ms);
  end(old, Sign::kSilent);
  pass(100ms);
  EXPECT_TRUE(admits());
}

TEST_F(CircuitBreakerTest, OldCallsDoNotCountOnceItIsClosedAgain) {
  const std::vector<Pass> old = {begin(), begin(), begin()};
  open();
  pass(1s);
  call(Sign::kAlive);
  for (const Pass& one : old) end(one, Sign::kSilent);
  EXPECT_TRUE(admits());
}

}  // namespace
}  // namespace understudy::proxy
