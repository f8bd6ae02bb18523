#include "proxy/shadow_gate.h"

#include <gtest/gtest.h>

namespace understudy::proxy {
namespace {

class ShadowGateTest : public ::testing::Test {
 protected:
  ShadowGate gate(uint32_t in_flight_max, uint64_t memory_bytes_max) {
    return ShadowGate({.in_flight_max = in_flight_max, .memory_bytes_max = memory_bytes_max}, 1,
                      use_);
  }
  const std::shared_ptr<ShadowUse> use_ = std::make_shared<ShadowUse>();
};

TEST_F(ShadowGateTest, CallsThatAFormerGateLetInCount) {
  ShadowGate former = gate(4, 100);
  const auto first = former.try_enter(0);
  const auto second = former.try_enter(0);
  ShadowGate smaller = gate(2, 100);
  EXPECT_EQ(smaller.try_enter(0).refusal, "in_flight_max");
  former.leave(first.pass, Sign::kAlive, 0);
  EXPECT_EQ(smaller.try_enter(0).refusal, "");
  EXPECT_EQ(smaller.try_enter(0).refusal, "in_flight_max");
  former.leave(second.pass, Sign::kAlive, 0);
  EXPECT_EQ(smaller.in_flight(), 1u);
}

TEST_F(ShadowGateTest, MemoryThatIsHeldUnderFormerSettingsCounts) {
  ShadowGate former = gate(4, 100);
  EXPECT_TRUE(former.charge(90));
  ShadowGate larger = gate(4, 150);
  EXPECT_FALSE(larger.charge(61));
  EXPECT_TRUE(larger.charge(60));
  former.refund(90);
  EXPECT_TRUE(larger.charge(90));
}

TEST_F(ShadowGateTest, SecondCallsToControlCountLikewise) {
  ShadowGate former = gate(8, 100);
  EXPECT_EQ(former.try_enter_noise(), "");
  EXPECT_EQ(former.try_enter_noise(), "");
  ShadowGate now = gate(8, 100);
  EXPECT_EQ(now.try_enter_noise(), "in_flight_max");
  former.leave_noise();
  EXPECT_EQ(now.try_enter_noise(), "");
}

}  // namespace
}  // namespace understudy::proxy
