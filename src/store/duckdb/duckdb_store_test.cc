#include "store/duckdb/duckdb_store.h"

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <thread>

#include "base/config_yaml.h"
#include "base/log.h"
#include "event/columns.h"
#include "store/log/fake_folder.h"

namespace understudy::store {
namespace {

using event::Column;
using event::Event;
using event::Value;

constexpr std::chrono::minutes kLong(1);

class DuckDbStoreTest : public ::testing::Test {
 protected:
  ~DuckDbStoreTest() override { base::set_log_sink({}); }

  base::Status open() {
    store_.reset();
    auto opened = DuckDbStore::open(options_, disk_->folder(), clock_);
    if (!opened.ok()) return opened.error();
    store_ = *std::move(opened);
    return {};
  }
  bool event(std::int64_t time_ns, const std::string& column = "x", Value value = 1) {
    Event made("events", time_ns);
    made.add(*Column::intern(column), value.view());
    return store_->append({&made, 1}).ok();
  }
  std::int64_t count(Filter filter = {}) {
    EXPECT_TRUE(store_->wait_until_queryable(kLong).ok());
    const auto table =
        store_->select({.dataset = "events", .filter = std::move(filter), .aggregates = {{}}});
    EXPECT_TRUE(table.ok()) << (table.ok() ? "" : table.error().context);
    return table.ok() ? table->rows.at(0).at(0).as_int() : -1;
  }

  base::FakeClock clock_;
  std::shared_ptr<FakeDisk> disk_ = std::make_shared<FakeDisk>(clock_);
  DuckDbStoreOptions options_;
  std::unique_ptr<DuckDbStore> store_;
};

TEST_F(DuckDbStoreTest, EventsAreThereAgainAfterReopening) {
  ASSERT_TRUE(open().ok());
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(event(i));
  EXPECT_EQ(count(), 10);
  ASSERT_TRUE(open().ok());
  ASSERT_TRUE(event(10));
  EXPECT_EQ(count(), 11);
  const auto datasets = store_->datasets();
  ASSERT_EQ(datasets.size(), 1u);
  EXPECT_EQ(datasets[0].events, 11u);
  EXPECT_EQ(datasets[0].time_max_ns, 10);
}

TEST_F(DuckDbStoreTest, QueryRightAfterOpeningWaitsForTheReplay) {
  ASSERT_TRUE(open().ok());
  std::vector<Event> events(20'000, Event("events", 5));
  ASSERT_TRUE(store_->append(events).ok());
  ASSERT_TRUE(open().ok());
  const auto table = store_->select({.dataset = "events", .aggregates = {{}}});
  ASSERT_TRUE(table.ok());
  EXPECT_EQ(table->rows[0][0], Value(20'000));
}

TEST_F(DuckDbStoreTest, WhateverIsTypedIsAValueAndNeverSql) {
  ASSERT_TRUE(open().ok());
  const std::string hostile = "x\"; DROP TABLE t0_0; --";
  ASSERT_TRUE(event(1, hostile, Value("'); DROP TABLE t0_0; --")));
  EXPECT_EQ(count(test(hostile, FilterOp::kEqual, {"'); DROP TABLE t0_0; --"})), 1);
  EXPECT_EQ(count(test("nobody' OR true --", FilterOp::kEqual, {"x"})), 0);
  const auto table = store_->select(
      {.dataset = "events", .group_by = {hostile}, .aggregates = {{.name = "n\"; DROP"}}});
  ASSERT_TRUE(table.ok());
  EXPECT_EQ(table->columns[0].name, hostile);
  EXPECT_EQ(count(), 1);
}

TEST_F(DuckDbStoreTest, OldestEventsLeaveAtTheLimitAndAreCounted) {
  options_.events_in_memory_max = 80;
  ASSERT_TRUE(open().ok());
  for (int i = 0; i < 200; ++i) ASSERT_TRUE(event(i));
  const std::int64_t left = count();
  EXPECT_LE(left, 80);
  EXPECT_GE(left, 60);
  EXPECT_EQ(store_->stats().events_aged_out, 200u - static_cast<std::uint64_t>(left));
  EXPECT_EQ(store_->datasets().at(0).time_min_ns, 200 - left) << "the newest stay";
}

TEST_F(DuckDbStoreTest, QueriesRunWhileEventsArriveAndSeeWholeBatches) {
  options_.events_in_memory_max = 4'000;
  ASSERT_TRUE(open().ok());
  std::atomic<bool> done = false;
  std::atomic<int> odd = 0;
  std::vector<std::jthread> readers;
  for (int r = 0; r < 2; ++r) {
    readers.emplace_back([&] {
      while (!done) {
        const auto table = store_->select({.dataset = "events", .aggregates = {{}}});
        if (!table.ok() || table->rows[0][0].as_int() % 10 != 0) ++odd;
      }
    });
  }
  for (int i = 0; i < 300; ++i) {
    std::vector<Event> batch(10, Event("events", i));
    batch[0].add(*Column::intern("column." + std::to_string(i % 60)), i);  // the table changes
    ASSERT_TRUE(store_->append(batch).ok());
  }
  EXPECT_EQ(count(), 3'000);
  done = true;
  readers.clear();
  EXPECT_EQ(odd, 0);
}

TEST_F(DuckDbStoreTest, EventIsKeptWhenItsColumnsAreTooMany) {
  ASSERT_TRUE(open().ok());
  for (std::size_t batch = 0; batch < 3; ++batch) {
    Event made("events", 1);
    for (std::size_t i = 0; i < 800; ++i) {
      made.add(*Column::intern("many." + std::to_string(batch * 800 + i)), 1);
    }
    ASSERT_TRUE(store_->append({&made, 1}).ok());
  }
  EXPECT_EQ(count(), 3);
  EXPECT_EQ(store_->datasets().at(0).columns, kColumnsPerDatasetMax);
  EXPECT_EQ(store_->stats().fields_dropped, 400u);
}

TEST_F(DuckDbStoreTest, ColumnsListEveryTypeSeen) {
  ASSERT_TRUE(open().ok());
  ASSERT_TRUE(event(1, "x", 5));
  ASSERT_TRUE(event(1, "x", "5"));
  EXPECT_EQ(count(), 2);
  const auto columns = store_->columns("events");
  ASSERT_TRUE(columns.ok());
  ASSERT_EQ(columns->size(), 1u);
  EXPECT_EQ(columns->at(0).types,
            (std::vector<event::Type>{event::Type::kInt, event::Type::kString}));
  EXPECT_EQ(store_->columns("nobody").error().kind, base::ErrorKind::kNotFound);
}

// --- faults ---

TEST_F(DuckDbStoreTest, FullDiskRefusesAndAnswersGoOn) {
  std::vector<std::string> lines;
  base::set_log_sink([&](base::LogLevel, std::string_view line) { lines.emplace_back(line); });
  ASSERT_TRUE(open().ok());
  ASSERT_TRUE(event(1));
  disk_->set_capacity(0);
  EXPECT_FALSE(event(2));
  EXPECT_EQ(count(), 1);
  EXPECT_EQ(store_->stats().append_failures, 1u);
  EXPECT_FALSE(lines.empty());
  disk_->set_capacity(~std::uint64_t{0});
  EXPECT_TRUE(event(3));
  EXPECT_EQ(count(), 2);
}

TEST_F(DuckDbStoreTest, QueryThatTakesTooLongIsStopped) {
  ASSERT_TRUE(open().ok());
  std::vector<Event> events(50'000, Event("events", 5));
  for (std::size_t i = 0; i < events.size(); ++i) {
    events[i].add(*Column::intern("x"), "text " + std::to_string(i));
  }
  ASSERT_TRUE(store_->append(events).ok());
  options_.query_timeout = std::chrono::nanoseconds(1);
  ASSERT_TRUE(open().ok());
  ASSERT_TRUE(store_->wait_until_queryable(kLong).ok());
  const auto table =
      store_->select({.dataset = "events",
                      .group_by = {"x"},
                      .aggregates = {{.kind = AggregateKind::kCountDistinct, .column = "x"}}});
  ASSERT_FALSE(table.ok());
  EXPECT_EQ(table.error().kind, base::ErrorKind::kTimeout);
}

TEST_F(DuckDbStoreTest, MemoryLimitDropsTheOldestInsteadOfFailing) {
  base::set_log_sink([](base::LogLevel, std::string_view) {});
  options_.memory_bytes_max = 64u << 20;
  options_.events_in_memory_max = 400'000;
  ASSERT_TRUE(open().ok());
  const std::string text(300, 'x');
  for (int batch = 0; batch < 40; ++batch) {
    std::vector<Event> events(10'000, Event("events", batch));
    for (std::size_t i = 0; i < events.size(); ++i) {
      events[i].add(*Column::intern("x"),
                    text + std::to_string(batch * 10'000 + static_cast<int>(i)));
    }
    ASSERT_TRUE(store_->append(events).ok());
  }
  const std::int64_t left = count();
  EXPECT_GT(left, 0);
  EXPECT_LT(left, 400'000);
  EXPECT_EQ(store_->stats().events_aged_out, 400'000u - static_cast<std::uint64_t>(left));
  EXPECT_EQ(count(test("x", FilterOp::kExists)), left);
}

// --- opening ---

TEST(DuckDbStoreFolder, IsHeldByOneStoreAtATime) {
  std::string path = ::testing::TempDir() + "/duckdb_store_XXXXXX";
  ASSERT_NE(::mkdtemp(path.data()), nullptr);
  {
    DuckDbStoreOptions options;
    options.log.folder = path;
    const auto first = DuckDbStore::open(options);
    ASSERT_TRUE(first.ok());
    const auto second = DuckDbStore::open(options);
    ASSERT_FALSE(second.ok());
    EXPECT_EQ(second.error().kind, base::ErrorKind::kConflict);
  }
  std::filesystem::remove_all(path);
}

TEST(DuckDbStoreOptionsTest, AreReadFromTheConfig) {
  const auto node = base::parse_yaml(
      "{sync: interval, sync_interval: 50ms, log_bytes_max: 1MiB, threads: 3, query_timeout: 3s}",
      "f.yaml");
  ASSERT_TRUE(node.ok());
  const auto options = DuckDbStoreOptions::parse(*node);
  ASSERT_TRUE(options.ok()) << options.error().context;
  EXPECT_EQ(options->log.sync, EventLogOptions::Sync::kInterval);
  EXPECT_EQ(options->log.sync_interval, std::chrono::milliseconds(50));
  EXPECT_EQ(options->log.log_bytes_max, 1u << 20);
  EXPECT_EQ(options->threads, 3);
}

TEST(DuckDbStoreOptionsTest, MistakesNameTheirPlace) {
  for (const auto& [text, part] :
       std::vector<std::pair<std::string, std::string>>{{"{sync: sometimes}", "sometimes"},
                                                        {"{thread: 3}", "threads"},
                                                        {"{threads: 0}", "threads"},
                                                        {"{log_bytes_max: 1}", "log_bytes_max"},
                                                        {"{query_timeout: 0s}", "query_timeout"}}) {
    const auto node = base::parse_yaml(text, "f.yaml");
    ASSERT_TRUE(node.ok());
    const auto options = DuckDbStoreOptions::parse(*node);
    ASSERT_FALSE(options.ok()) << text;
    EXPECT_NE(options.error().context.find(part), std::string::npos) << options.error().context;
    EXPECT_NE(options.error().context.find("f.yaml"), std::string::npos);
  }
}

}  // namespace
}  // namespace understudy::store
