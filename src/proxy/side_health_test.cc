#include "proxy/side_health.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/log.h"

namespace understudy::proxy {
namespace {

using State = SideHealth::State;

/// Unhealthy after three failed checks, healthy after two that passed.
class SideHealthTest : public ::testing::Test {
 protected:
  SideHealthTest() {
    base::set_log_sink([this](base::LogLevel, std::string_view line) { log_.emplace_back(line); });
  }
  ~SideHealthTest() override { base::set_log_sink({}); }
  void pass(int times = 1) {
    for (int i = 0; i < times; ++i) health_.report("", ++now_);
  }
  void fail(int times = 1) {
    for (int i = 0; i < times; ++i) health_.report("connect_refused", ++now_);
  }
  State state() const { return health_.now().state; }

  std::vector<std::string> log_;
  int64_t now_ = 0;
  SideHealth health_{"migration shop: candidate", {.path = "/healthz"}};
};

TEST_F(SideHealthTest, NothingIsKnownAtFirstAndThatCountsAsHealthy) {
  EXPECT_EQ(state(), State::kUnknown);
  EXPECT_FALSE(health_.unhealthy());
  fail(2);
  EXPECT_EQ(state(), State::kUnknown);
  pass();
  EXPECT_EQ(state(), State::kHealthy);
}

TEST_F(SideHealthTest, ItTakesFailuresInARow) {
  pass();
  fail(2);
  pass();
  fail(2);
  EXPECT_FALSE(health_.unhealthy());
  fail();
  EXPECT_TRUE(health_.unhealthy());
  EXPECT_EQ(health_.now().since_unix_ns, now_);
}

TEST_F(SideHealthTest, AServiceThatWasNeverUpIsUnhealthyToo) {
  fail(3);
  EXPECT_TRUE(health_.unhealthy());
}

TEST_F(SideHealthTest, ItTakesSuccessesInARowToComeBack) {
  fail(3);
  pass();
  fail();
  pass();
  EXPECT_TRUE(health_.unhealthy());
  pass();
  EXPECT_EQ(state(), State::kHealthy);
  EXPECT_FALSE(health_.unhealthy());
}

TEST_F(SideHealthTest, EveryChangeIsALineAndNothingElseIs) {
  pass(5);
  fail(7);
  pass(7);
  EXPECT_EQ(log_,
            (std::vector<std::string>{
                "migration shop: candidate is healthy: a check of /healthz passed",
                "migration shop: candidate is unhealthy: 3 checks of /healthz failed, the last "
                "with connect_refused",
                "migration shop: candidate is healthy again: 2 checks of /healthz passed"}));
  const SideHealth::Now now = health_.now();
  EXPECT_EQ(now.passed, 12u);
  EXPECT_EQ(now.failed, 7u);
  EXPECT_EQ(now.last_failure, "connect_refused");
}

}  // namespace
}  // namespace understudy::proxy
