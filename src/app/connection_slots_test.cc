#include "app/connection_slots.h"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "base/log.h"

namespace understudy::app {
namespace {

using Phase = ConnectionSlots::Phase;

class Held final : public ConnectionSlots::Slot {
 public:
  using Slot::Slot;
  bool evicted = false;

 private:
  void on_evicted() override { evicted = true; }
};

class ConnectionSlotsTest : public ::testing::Test {
 protected:
  ConnectionSlotsTest() {
    base::set_log_sink(
        [this](base::LogLevel, std::string_view line) { lines_.emplace_back(line); });
  }
  ~ConnectionSlotsTest() override { base::set_log_sink({}); }

  /// Null when there was no room.
  std::unique_ptr<Held> connect(const std::string& address, Phase phase = Phase::kAwaitsRequest) {
    if (!slots_.make_room(address, now_ns_)) return nullptr;
    auto held = std::make_unique<Held>(slots_, address);
    held->enter(phase);
    return held;
  }

  ConnectionSlots slots_{{.connections_max = 4, .per_address_max = 3, .log_every_ns = 10}};
  int64_t now_ns_ = 0;
  std::vector<std::string> lines_;
};

TEST_F(ConnectionSlotsTest, TheLongestIdleOneMakesRoomForTheNewest) {
  const auto first = connect("a"), second = connect("a"), third = connect("b"), last = connect("b");
  first->enter(Phase::kAtWork);
  first->enter(Phase::kAwaitsRequest);  // was of use since
  const auto newest = connect("c");
  ASSERT_NE(newest, nullptr);
  EXPECT_TRUE(second->evicted);
  EXPECT_FALSE(first->evicted || third->evicted || last->evicted);
  EXPECT_EQ(slots_.size(), 4U);
  EXPECT_EQ(lines_,
            std::vector<std::string>{"admin: 4 connections are open: closed the longest idle "
                                     "one, of a, for one more of c"});
}

TEST_F(ConnectionSlotsTest, AnAddressAtItsBoundPaysWithItsOwn) {
  const auto other = connect("b");
  const auto first = connect("a"), second = connect("a"), third = connect("a");
  EXPECT_NE(connect("a"), nullptr);
  EXPECT_TRUE(first->evicted);
  EXPECT_FALSE(other->evicted || second->evicted || third->evicted);
}

TEST_F(ConnectionSlotsTest, BodiesGoAfterIdleOnesAndAnswersAfterBodies) {
  const auto answer = connect("a", Phase::kTakesAnswer), body = connect("a", Phase::kSendsBody);
  const auto idle = connect("b"), work = connect("b", Phase::kAtWork);
  const auto one = connect("c", Phase::kAtWork);
  EXPECT_TRUE(idle->evicted);
  EXPECT_FALSE(body->evicted);
  const auto two = connect("c", Phase::kAtWork);
  EXPECT_TRUE(body->evicted);
  const auto three = connect("c", Phase::kAtWork);
  EXPECT_TRUE(answer->evicted);
  EXPECT_FALSE(work->evicted);
}

TEST_F(ConnectionSlotsTest, WorkIsNeverTakenAway) {
  std::vector<std::unique_ptr<Held>> at_work;
  for (const char* address : {"a", "a", "b", "b"}) {
    at_work.push_back(connect(address, Phase::kAtWork));
  }
  EXPECT_EQ(connect("c"), nullptr);
  at_work.pop_back();
  EXPECT_NE(connect("c"), nullptr);
  EXPECT_EQ(slots_.refused(), 1U);
}

TEST_F(ConnectionSlotsTest, AFloodIsOneLineWithItsNumber) {
  std::vector<std::unique_ptr<Held>> flood;
  for (int i = 0; i < 13; ++i) flood.push_back(connect("a"));
  EXPECT_EQ(lines_.size(), 1U);
  now_ns_ = 10;
  flood.push_back(connect("a"));
  ASSERT_EQ(lines_.size(), 2U);
  EXPECT_EQ(lines_[1],
            "admin: a has 3 connections open: closed the longest idle one, of a, for one "
            "more of a (and 9 more since the last such line)");
}

}  // namespace
}  // namespace understudy::app
