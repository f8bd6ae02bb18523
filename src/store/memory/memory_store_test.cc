#include "store/memory/memory_store.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace understudy::store {
namespace {

using event::Column;
using event::Event;
using event::Value;

class MemoryStoreTest : public ::testing::Test {
 protected:
  using Fields = std::vector<std::pair<std::string, Value>>;

  void event(const Fields& fields, std::int64_t time_ns = 0, std::uint32_t rate = 1) {
    Event made("events", time_ns, rate);
    for (const auto& [name, value] : fields) made.add(*Column::intern(name), value.view());
    ASSERT_TRUE(store_.append({&made, 1}).ok());
  }
  std::vector<std::vector<Value>> rows(const Select& select) {
    auto table = store_.select(select);
    EXPECT_TRUE(table.ok());
    return table.ok() ? table->rows : std::vector<std::vector<Value>>{};
  }
  Value one(Aggregate aggregate) {
    return rows({.dataset = "events", .aggregates = {std::move(aggregate)}}).at(0).at(0);
  }
  Value count_where(Filter filter) {
    return one({.kind = AggregateKind::kCount, .filter = std::move(filter)});
  }
  base::ErrorKind refusal(const Select& select) {
    const auto table = store_.select(select);
    EXPECT_FALSE(table.ok());
    return table.ok() ? base::ErrorKind::kInternal : table.error().kind;
  }

  MemoryStore store_;
};

TEST_F(MemoryStoreTest, NothingWrittenCountsZeroAndHasNoAverage) {
  EXPECT_EQ(
      rows({.dataset = "events", .aggregates = {{}, {.kind = AggregateKind::kAvg, .column = "x"}}}),
      (std::vector<std::vector<Value>>{{0, Value()}}));
}

TEST_F(MemoryStoreTest, SampleRatesWeighCountSumAverageAndQuantile) {
  event({{"x", 10}}, 0, 9);
  event({{"x", 100.0}}, 0, 1);
  EXPECT_EQ(one({}), Value(10));
  EXPECT_EQ(one({.kind = AggregateKind::kSum, .column = "x"}), Value(190.0));
  EXPECT_EQ(one({.kind = AggregateKind::kAvg, .column = "x"}), Value(19.0));
  EXPECT_EQ(one({.kind = AggregateKind::kQuantile, .column = "x", .quantile = 0.9}), Value(10.0));
  EXPECT_EQ(one({.kind = AggregateKind::kQuantile, .column = "x", .quantile = 0.91}), Value(100.0));
  EXPECT_EQ(one({.kind = AggregateKind::kMin, .column = "x"}), Value(10));
  EXPECT_EQ(one({.kind = AggregateKind::kMax, .column = "x"}), Value(100.0));
}

TEST_F(MemoryStoreTest, QuantileIsAValueThatOccurred) {
  for (int x = 1; x <= 100; ++x) event({{"x", x}});
  const auto quantile = [&](double p) {
    return one({.kind = AggregateKind::kQuantile, .column = "x", .quantile = p}).as_double();
  };
  EXPECT_EQ(quantile(0), 1);
  EXPECT_EQ(quantile(0.07), 7);  // 0.07 * 100 is a little over 7 in doubles
  EXPECT_EQ(quantile(0.5), 50);
  EXPECT_EQ(quantile(0.501), 51);
  EXPECT_EQ(quantile(0.99), 99);
  EXPECT_EQ(quantile(1), 100);
}

TEST_F(MemoryStoreTest, TextNeverEqualsANumber) {
  event({{"x", 5}});
  event({{"x", "5"}});
  event({{"x", 5.0}});
  EXPECT_EQ(count_where(test("x", FilterOp::kEqual, {"5"})), Value(1));
  EXPECT_EQ(count_where(test("x", FilterOp::kEqual, {5})), Value(2));
  EXPECT_EQ(count_where(test("x", FilterOp::kIn, {"5", 5})), Value(3));
  EXPECT_EQ(one({.kind = AggregateKind::kCountDistinct, .column = "x"}), Value(3));
}

TEST_F(MemoryStoreTest, NegatedTestsAreTrueWhereTheColumnDoesNotExist) {
  event({{"x", "abc"}});
  event({{"x", Value()}});
  event({});
  EXPECT_EQ(count_where(test("x", FilterOp::kExists)), Value(1));
  EXPECT_EQ(count_where(test("x", FilterOp::kDoesNotExist)), Value(2));
  EXPECT_EQ(count_where(test("x", FilterOp::kNotEqual, {"abc"})), Value(2));
  EXPECT_EQ(count_where(test("x", FilterOp::kNotIn, {"abc"})), Value(2));
  EXPECT_EQ(count_where(test("x", FilterOp::kDoesNotContain, {"b"})), Value(2));
  EXPECT_EQ(count_where(test("x", FilterOp::kLess, {"zzz"})), Value(1));
}

TEST_F(MemoryStoreTest, NanIsSkippedByNumbersAndNeitherLessNorGreater) {
  event({{"x", std::nan("")}});
  event({{"x", 1.0}});
  EXPECT_EQ(one({.kind = AggregateKind::kSum, .column = "x"}), Value(1.0));
  EXPECT_EQ(one({.kind = AggregateKind::kCountDistinct, .column = "x"}), Value(2));
  EXPECT_EQ(count_where(test("x", FilterOp::kLessOrEqual, {1e300})), Value(1));
  EXPECT_EQ(count_where(test("x", FilterOp::kGreater, {0})), Value(1));
  EXPECT_EQ(count_where(test("x", FilterOp::kEqual, {std::nan("")})), Value(1));
}

TEST_F(MemoryStoreTest, GroupsTellTypesApartAndAbsenceIsAGroup) {
  event({{"x", 5}});
  event({{"x", 5.0}});
  event({{"x", "5"}});
  event({});
  event({{"x", -0.0}});
  event({{"x", 0.0}});
  EXPECT_EQ(rows({.dataset = "events", .group_by = {"x"}, .aggregates = {{}}}),
            (std::vector<std::vector<Value>>{{Value(), 1}, {0.0, 2}, {5, 1}, {5.0, 1}, {"5", 1}}));
}

TEST_F(MemoryStoreTest, LimitChoosesGroupsAndEveryBucketOfThemIsThere) {
  for (int i = 0; i < 3; ++i) event({{"route", "busy"}}, i * 10);
  event({{"route", "quiet"}}, 5);
  event({{"route", "busy"}}, -1);
  auto table = store_.select({.dataset = "events",
                              .group_by = {"route"},
                              .aggregates = {{}},
                              .bucket_ns = 10,
                              .order = {{.by = Order::By::kAggregate, .descending = true}},
                              .limit = 1});
  ASSERT_TRUE(table.ok());
  EXPECT_TRUE(table->truncated);
  EXPECT_EQ(table->rows, (std::vector<std::vector<Value>>{
                             {-10, "busy", 1}, {0, "busy", 1}, {10, "busy", 1}, {20, "busy", 1}}));
}

TEST_F(MemoryStoreTest, HavingKeepsGroupsByTheirAggregate) {
  event({{"route", "a"}, {"x", 1}});
  event({{"route", "b"}, {"x", 5}});
  event({{"route", "c"}});
  const auto kept = [&](FilterOp op, double value) {
    return rows({.dataset = "events",
                 .group_by = {"route"},
                 .aggregates = {{.kind = AggregateKind::kMax, .column = "x"}},
                 .having = {{.op = op, .value = value}}})
        .size();
  };
  EXPECT_EQ(kept(FilterOp::kGreater, 1), 1u);
  EXPECT_EQ(kept(FilterOp::kGreaterOrEqual, 1), 2u);
  EXPECT_EQ(kept(FilterOp::kNotEqual, 1), 2u) << "null passes only !=";
}

TEST_F(MemoryStoreTest, RawRowsComeNewestFirst) {
  event({{"x", 1}}, 10);
  event({{"x", 2}}, 20, 4);
  event({{"x", 3}, {"y", "z"}}, 20);
  EXPECT_EQ(
      rows({.dataset = "events"}),
      (std::vector<std::vector<Value>>{{20, 1, 3, "z"}, {20, 4, 2, Value()}, {10, 1, 1, Value()}}));
  EXPECT_EQ(rows({.dataset = "events",
                  .start_ns = 10,
                  .end_ns = 20,
                  .order = {{.by = Order::By::kTime}},
                  .row_columns = {"y", "x"}}),
            (std::vector<std::vector<Value>>{{10, 1, Value(), 1}}));
}

TEST_F(MemoryStoreTest, ColumnsListEveryTypeSeen) {
  event({{"x", 1}, {"y", Value()}});
  event({{"x", "1"}});
  const auto columns = store_.columns("events");
  ASSERT_TRUE(columns.ok());
  ASSERT_EQ(columns->size(), 1u);
  EXPECT_EQ((*columns)[0].name, "x");
  EXPECT_EQ((*columns)[0].types,
            (std::vector<event::Type>{event::Type::kInt, event::Type::kString}));
  EXPECT_FALSE(store_.columns("nobody").ok());
}

// --- limits and refusals ---

TEST(MemoryStoreLimits, OldestEventsLeaveAndAreCounted) {
  MemoryStore store({.events_in_memory_max = 2});
  for (int i = 0; i < 5; ++i) {
    const Event event("events", i);
    ASSERT_TRUE(store.append({&event, 1}).ok());
  }
  EXPECT_EQ(store.stats().events_aged_out, 3u);
  EXPECT_EQ(store.stats().events_queryable, 2u);
  EXPECT_EQ(store.datasets().at(0).time_min_ns, 3);
}

TEST(MemoryStoreLimits, EventIsKeptWhenItsColumnsAreTooMany) {
  MemoryStore store;
  for (std::size_t i = 0; i < kColumnsPerDatasetMax + 10; ++i) {
    Event event("events");
    event.add(*Column::intern("limit." + std::to_string(i)), 1);
    ASSERT_TRUE(store.append({&event, 1}).ok());
  }
  EXPECT_EQ(store.stats().fields_dropped, 10u);
  EXPECT_EQ(store.datasets().at(0).columns, kColumnsPerDatasetMax);
  EXPECT_EQ(store.datasets().at(0).events, kColumnsPerDatasetMax + 10);
}

TEST(MemoryStoreLimits, BatchWithOneDatasetTooManyIsRefusedWhole) {
  MemoryStore store;
  for (std::size_t i = 0; i < kDatasetsMax; ++i) {
    const Event event("dataset" + std::to_string(i));
    ASSERT_TRUE(store.append({&event, 1}).ok());
  }
  const std::vector<Event> batch = {Event("dataset0"), Event("one too many")};
  EXPECT_FALSE(store.append(batch).ok());
  EXPECT_EQ(store.stats().events_queryable, kDatasetsMax);
  EXPECT_EQ(store.stats().append_failures, 1u);
}

TEST_F(MemoryStoreTest, WrongQuestionsAreRefused) {
  const Aggregate count;
  EXPECT_EQ(refusal({}), base::ErrorKind::kInvalid);
  EXPECT_EQ(refusal({.dataset = "events", .limit = 0}), base::ErrorKind::kInvalid);
  EXPECT_EQ(refusal({.dataset = "events", .limit = kResultRowsMax + 1}), base::ErrorKind::kLimit);
  EXPECT_EQ(refusal({.dataset = "events", .aggregates = {{.kind = AggregateKind::kSum}}}),
            base::ErrorKind::kInvalid);
  EXPECT_EQ(refusal({.dataset = "events",
                     .aggregates = {{.kind = AggregateKind::kQuantile,
                                     .column = "x",
                                     .quantile = std::nan("")}}}),
            base::ErrorKind::kInvalid);
  EXPECT_EQ(refusal({.dataset = "events", .aggregates = {count}, .having = {{.aggregate = 1}}}),
            base::ErrorKind::kInvalid);
  EXPECT_EQ(refusal({.dataset = "events", .group_by = {"x"}}), base::ErrorKind::kInvalid);
  EXPECT_EQ(refusal({.dataset = "events", .filter = test("x", FilterOp::kContains, {5})}),
            base::ErrorKind::kInvalid);
  EXPECT_EQ(refusal({.dataset = "events",
                     .start_ns = 0,
                     .end_ns = 1'000'000'000,
                     .aggregates = {count},
                     .bucket_ns = 1}),
            base::ErrorKind::kLimit);
  Filter deep = test("x", FilterOp::kExists);
  for (std::size_t i = 0; i <= kFilterDepthMax; ++i) deep = negate(std::move(deep));
  EXPECT_EQ(refusal({.dataset = "events", .filter = deep}), base::ErrorKind::kLimit);
}

TEST(ResultName, IsTheCalculationAsAPersonWritesIt) {
  const auto quantile = [](double p) {
    return result_name({.kind = AggregateKind::kQuantile, .column = "d", .quantile = p});
  };
  EXPECT_EQ(result_name({}), "COUNT");
  EXPECT_EQ(quantile(0.5), "P50(d)");
  EXPECT_EQ(quantile(0.05), "P05(d)");
  EXPECT_EQ(quantile(0.999), "P999(d)");
  EXPECT_EQ(quantile(0.001), "P001(d)");
  EXPECT_EQ(result_name({.kind = AggregateKind::kMax, .column = "d"}), "MAX(d)");
  EXPECT_EQ(result_name({.kind = AggregateKind::kMax, .column = "d", .name = "worst"}), "worst");
}

}  // namespace
}  // namespace understudy::store
