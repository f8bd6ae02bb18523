#include "app/compare_rules.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "proxy/migration_options.h"
#include "store/memory/memory_store.h"

namespace understudy::app {
namespace {

class CompareRulesTest : public ::testing::Test {
 protected:
  /// A request of this migration whose comparison comes now; the account it went into.
  proxy::Account compare(const std::string& migration) {
    auto options = std::make_shared<proxy::MigrationOptions>();
    options->name = migration;
    auto accounting = std::make_shared<proxy::Accounting>();
    auto exchange = std::make_unique<proxy::Exchange>();
    exchange->migration = options;
    exchange->accounting = accounting;
    exchange->mode = flags::Mode::kFullEvaluation;
    exchange->shadow_wanted = exchange->comparison_wanted = true;
    exchange->account = proxy::Account::kCompared;
    for (proxy::SideResult* side : {&exchange->control, &exchange->candidate}) {
      side->called = side->complete = true;
      side->status = 200;
      side->body = "the same";
    }
    EXPECT_TRUE(recorder_.emit(exchange));
    recorder_.flush();
    return accounting->of(proxy::Account::kCompared) == 1 ? proxy::Account::kCompared
                                                          : proxy::Account::kNotComparable;
  }

  flags::SnapshotHolder flags_;
  store::MemoryStore store_;
  ExchangeRecorder recorder_{store_, {}};
  CompareRules rules_{flags_, recorder_};
};

TEST_F(CompareRulesTest, ARequestIsComparedThoughItsMigrationWentAwaySeveralReloadsAgo) {
  for (const char* name : {"shop", "store", "market", "bazaar"}) rules_.set_migrations({name});
  for (const char* name : {"shop", "store", "market", "bazaar"}) {
    EXPECT_EQ(compare(name), proxy::Account::kCompared) << name;
  }
}

TEST_F(CompareRulesTest, HowManyFormerMigrationsAreKeptIsBounded) {
  for (int i = 0; i < 100; ++i) rules_.set_migrations({"shop-" + std::to_string(i)});
  EXPECT_EQ(compare("shop-0"), proxy::Account::kNotComparable);
  EXPECT_EQ(compare("shop-50"), proxy::Account::kCompared);
}

}  // namespace
}  // namespace understudy::app
