#include "proxy/descriptor_budget.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace understudy::proxy {
namespace {

class DescriptorBudgetTest : public ::testing::Test {
 protected:
  MigrationOptions& add(uint32_t connections_max) {
    auto options = std::make_shared<MigrationOptions>();
    options->name = "m" + std::to_string(migrations_.size());
    options->listen = "127.0.0.1:0";
    options->control.url.host = options->candidate.url.host = "127.0.0.1";
    options->connections_max = connections_max;
    MigrationOptions& added = *options;
    migrations_.push_back(std::move(options));
    return added;
  }
  base::Result<DescriptorBudget> share(uint64_t descriptors, uint32_t workers = 1) const {
    return share_descriptors(descriptors, migrations_, workers);
  }
  /// The most that can be open at once.
  uint64_t worst_case(const DescriptorBudget& budget) const {
    uint64_t sum = 0;
    for (size_t i = 0; i < migrations_.size(); ++i) {
      const DescriptorShare& share = budget.shares[i];
      sum += share.clients_max + 2ull * share.shadow_connections_max +
             std::min(share.clients_max, migrations_[i]->control.connections_max) +
             std::min(share.clients_max, migrations_[i]->candidate.connections_max);
    }
    return sum;
  }

  std::vector<std::shared_ptr<const MigrationOptions>> migrations_;
};

TEST_F(DescriptorBudgetTest, EnoughForAllLowersNothing) {
  add(10'000);
  const auto budget = share(100'000);
  ASSERT_TRUE(budget.ok());
  EXPECT_FALSE(budget->lowered);
  EXPECT_EQ(budget->shares[0].clients_max, 10'000u);
  EXPECT_EQ(budget->shares[0].shadow_connections_max, 256u);
}

TEST_F(DescriptorBudgetTest, WhatIsLetInNeverNeedsMoreThanThereIs) {
  add(10'000);
  add(100).control.connections_max = 10;
  add(1).shadow.in_flight_max = 100'000;
  for (const uint32_t workers : {1u, 4u}) {
    for (uint64_t descriptors = 300; descriptors < 40'000; descriptors += 97) {
      const auto budget = share(descriptors, workers);
      ASSERT_TRUE(budget.ok()) << descriptors;
      EXPECT_LE(worst_case(*budget), descriptors);
      for (const DescriptorShare& one : budget->shares) {
        EXPECT_GE(one.clients_max, 1u) << descriptors;
        EXPECT_GE(one.shadow_connections_max, 1u) << descriptors;
      }
    }
  }
}

TEST_F(DescriptorBudgetTest, ShadowCallsDoNotTakeTheRoomOfClients) {
  add(10'000).shadow.in_flight_max = 1'000'000;
  const auto budget = share(1000);
  ASSERT_TRUE(budget.ok());
  EXPECT_TRUE(budget->lowered);
  EXPECT_GT(budget->shares[0].clients_max, 200u);
}

TEST_F(DescriptorBudgetTest, AMigrationWithoutAListenerNeedsNone) {
  add(10'000).listen.clear();
  const auto budget = share(20);
  ASSERT_TRUE(budget.ok());
  EXPECT_FALSE(budget->lowered);
}

TEST_F(DescriptorBudgetTest, TooFewForOneClientEachIsAnErrorThatSaysHowManyMore) {
  for (int i = 0; i < 100; ++i) add(10);
  const auto budget = share(200);
  ASSERT_FALSE(budget.ok());
  EXPECT_NE(budget.error().context.find("100 migrations on 1 worker need at least 1211 more"),
            std::string::npos)
      << budget.error().context;
}

}  // namespace
}  // namespace understudy::proxy
