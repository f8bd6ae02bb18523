#include "api/query_runs.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace understudy::api {
namespace {

void wait_until_ended(const QueryRuns& runs, std::string_view id) {
  while (runs.state(id) == QueryRuns::State::kUnderWay) std::this_thread::yield();
}

TEST(QueryRuns, OneThatWaitsIsUnderWayAndOneThatEndedIsForgotten) {
  QueryRuns runs({.threads = 1});
  const store::Cancellation gate;
  ASSERT_TRUE(runs.start("a",
                         [gate](const store::Cancellation&) -> base::Status {
                           gate.wait();
                           return {};
                         })
                  .ok());
  EXPECT_EQ(runs.state("a"), QueryRuns::State::kUnderWay);
  gate.cancel();
  wait_until_ended(runs, "a");
  EXPECT_EQ(runs.state("a"), QueryRuns::State::kUnknown);
}

TEST(QueryRuns, AFailureIsRememberedAmongTheNewest) {
  QueryRuns runs({.threads = 1, .failures_max = 1});
  const auto fail = [](const store::Cancellation&) -> base::Status { return base::invalid("no"); };
  ASSERT_TRUE(runs.start("a", fail).ok());
  wait_until_ended(runs, "a");
  EXPECT_EQ(runs.state("a"), QueryRuns::State::kFailed);
  EXPECT_EQ(runs.failure("a")->context, "no");
  ASSERT_TRUE(runs.start("b", fail).ok());
  wait_until_ended(runs, "b");
  EXPECT_EQ(runs.state("b"), QueryRuns::State::kFailed);
  EXPECT_FALSE(runs.failure("a").has_value());
}

TEST(QueryRuns, BeyondItsBoundOneIsRefusedAndTheEndCancelsAll) {
  std::atomic<int> begun{0};
  std::atomic<int> cancelled{0};
  const auto endless = [&](const store::Cancellation& cancellation) -> base::Status {
    begun.fetch_add(1);
    begun.notify_all();
    cancellation.wait();
    cancelled.fetch_add(1);
    return {};
  };
  {
    QueryRuns runs({.threads = 1, .waiting_max = 1});
    ASSERT_TRUE(runs.start("runs", endless).ok());
    begun.wait(0);
    ASSERT_TRUE(runs.start("waits", endless).ok());
    const base::Status refused = runs.start("refused", endless);
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().kind, base::ErrorKind::kUnavailable);
    EXPECT_EQ(runs.state("refused"), QueryRuns::State::kUnknown);
  }
  EXPECT_EQ(cancelled.load(), 1);
}

}  // namespace
}  // namespace understudy::api
