// A heatmap is counted together with its groups when they are few; a user sees no difference.
#include "query/heatmap.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "base/text.h"
#include "query/run_query.h"
#include "store/duckdb/duckdb_store.h"
#include "store/memory/memory_store.h"

namespace understudy::query {
namespace {

constexpr int64_t kNowS = 1'700'000'000;
constexpr int64_t kNsPerS = 1'000'000'000;

/// Events of as many routes: route i has i + 1 events, `route 0` the least.
std::vector<event::Event> events_of_routes(int routes) {
  const event::Column route = *event::Column::intern("route");
  const event::Column ms = *event::Column::intern("ms");
  std::vector<event::Event> events;
  for (int i = 0; i < routes; ++i) {
    for (int n = 0; n <= i; ++n) {
      event::Event& event = events.emplace_back("d", (kNowS - 60) * kNsPerS + n);
      event.add(route, base::cat("route ", i));
      event.add(ms, static_cast<double>(n));
    }
  }
  return events;
}

class HeatmapTest : public testing::Test {
 protected:
  ~HeatmapTest() override {
    duckdb_.reset();
    std::filesystem::remove_all(folder_);
  }

  void open(int routes) {
    ASSERT_NE(::mkdtemp(folder_.data()), nullptr);
    store::DuckDbStoreOptions options;
    options.log.folder = folder_;
    auto opened = store::DuckDbStore::open(options);
    ASSERT_TRUE(opened.ok());
    duckdb_ = *std::move(opened);
    for (store::EventStore* store : {static_cast<store::EventStore*>(duckdb_.get()),
                                     static_cast<store::EventStore*>(&memory_)}) {
      ASSERT_TRUE(store->append(events_of_routes(routes)).ok());
    }
    ASSERT_TRUE(duckdb_->wait_until_queryable(std::chrono::minutes(1)).ok());
  }

  void expect_the_largest(store::EventStore& store, int routes, size_t heatmaps) {
    const auto spec = QuerySpec::parse(
        R"({"breakdowns":["route"],"calculations":[{"op":"HEATMAP","column":"ms"}]})");
    ASSERT_TRUE(spec.ok());
    const base::FakeClock clock(kNowS * kNsPerS);
    const auto result = run_query(store, "d", *spec, clock);
    ASSERT_TRUE(result.ok()) << result.error().context;
    EXPECT_EQ(result->results.size(), static_cast<size_t>(std::min(routes, 100)));
    EXPECT_EQ(result->heatmaps_cut, heatmaps < static_cast<size_t>(routes));
    ASSERT_EQ(result->heatmaps.size(), heatmaps);
    for (size_t i = 0; i < heatmaps; ++i) {
      const int route = routes - 1 - static_cast<int>(i);
      EXPECT_EQ(result->heatmaps[i].group[0], event::Value(base::cat("route ", route)));
      EXPECT_EQ(result->heatmaps[i].total, route + 1);
    }
  }

  std::string folder_ = "/tmp/heatmap_test_XXXXXX";
  std::unique_ptr<store::DuckDbStore> duckdb_;
  store::MemoryStore memory_;
};

TEST_F(HeatmapTest, OfManyGroupsTheLargestHaveOne) {
  open(300);
  for (int again = 0; again < 3; ++again) expect_the_largest(*duckdb_, 300, kHeatmapGroupsMax);
  expect_the_largest(memory_, 300, kHeatmapGroupsMax);
}

TEST_F(HeatmapTest, OfFewGroupsAllHaveOne) {
  open(3);
  expect_the_largest(*duckdb_, 3, 3);
  expect_the_largest(memory_, 3, 3);
}

/// What a refused question held is free again, or the next ones would be refused too.
TEST_F(HeatmapTest, ManyGroupsAreRefusedInOnePassAndFewAreNot) {
  open(300);
  store::Select select{.dataset = "d"};
  select.group_by = {"route"};
  select.aggregates = {
      {.kind = store::AggregateKind::kHistogram, .column = "ms", .histogram_bucket_ns = kNsPerS}};
  select.few_groups = true;
  store::Select few = select;
  few.filter = store::test("route", store::FilterOp::kIn, {"route 1", "route 2", "route 3"});
  for (store::EventStore* store : {static_cast<store::EventStore*>(duckdb_.get()),
                                   static_cast<store::EventStore*>(&memory_)}) {
    for (int again = 0; again < 20; ++again) {
      const auto refused = store->select(select);
      ASSERT_FALSE(refused.ok());
      EXPECT_EQ(refused.error().kind, base::ErrorKind::kLimit);
      const auto found = store->select(few);
      ASSERT_TRUE(found.ok()) << found.error().context;
      EXPECT_EQ(found->rows.size(), 3u);
    }
  }
}

}  // namespace
}  // namespace understudy::query
