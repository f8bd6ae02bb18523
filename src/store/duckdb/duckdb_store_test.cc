#include "store/duckdb/duckdb_store.h"

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <future>
#include <mutex>
#include <thread>

#include "base/config_yaml.h"
#include "base/log.h"
#include "base/rng.h"
#include "event/columns.h"
#include "store/log/fake_folder.h"

namespace understudy::store {
namespace {

using event::Column;
using event::Event;
using event::Value;

constexpr std::chrono::minutes kLong(1);

/// Holds reads of files back: a log that takes long to read.
class Gate {
 public:
  /// Lets `reads` more through and then none.
  void allow(std::int64_t reads) {
    const std::lock_guard lock(mutex_);
    left_ = reads;
    moved_.notify_all();
  }
  void open() { allow(std::numeric_limits<std::int64_t>::max()); }
  void pass() {
    std::unique_lock lock(mutex_);
    moved_.wait(lock, [&] { return left_ > 0; });
    --left_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable moved_;
  std::int64_t left_ = std::numeric_limits<std::int64_t>::max();
};

class GatedFolder final : public LogFolder {
 public:
  GatedFolder(std::unique_ptr<LogFolder> folder, Gate& gate)
      : folder_(std::move(folder)), gate_(gate) {}
  base::Result<std::vector<Entry>> list() override { return folder_->list(); }
  base::Result<std::string> read(std::string_view name) override {
    gate_.pass();
    return folder_->read(name);
  }
  base::Result<std::unique_ptr<AppendFile>> create(std::string_view name) override {
    return folder_->create(name);
  }
  base::Status cut(std::string_view name, std::uint64_t bytes) override {
    return folder_->cut(name, bytes);
  }
  base::Status remove(std::string_view name) override { return folder_->remove(name); }

 private:
  const std::unique_ptr<LogFolder> folder_;
  Gate& gate_;
};

class DuckDbStoreTest : public ::testing::Test {
 protected:
  DuckDbStoreTest() {
    EXPECT_NE(::mkdtemp(folder_.data()), nullptr);
    options_.segments_folder = folder_;
  }
  ~DuckDbStoreTest() override {
    base::set_log_sink({});
    store_.reset();
    std::filesystem::remove_all(folder_);
  }

  base::Status open() {
    store_.reset();
    auto opened =
        DuckDbStore::open(options_, std::make_unique<GatedFolder>(disk_->folder(), gate_), clock_);
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

  /// The values of column "x" in the order in which they were appended.
  std::vector<std::int64_t> values() {
    EXPECT_TRUE(store_->wait_until_queryable(kLong).ok());
    const auto table =
        store_->select({.dataset = "events", .limit = 100'000, .row_columns = {"x"}});
    EXPECT_TRUE(table.ok()) << (table.ok() ? "" : table.error().context);
    std::vector<std::int64_t> found;
    if (!table.ok()) return found;
    for (const auto& row : table->rows) found.push_back(row.at(2).as_int());
    std::reverse(found.begin(), found.end());  // newest first; equal times: last appended first
    return found;
  }
  static std::vector<std::int64_t> numbers_to(std::int64_t end) {
    std::vector<std::int64_t> numbers(static_cast<std::size_t>(end));
    for (std::int64_t i = 0; i < end; ++i) numbers[static_cast<std::size_t>(i)] = i;
    return numbers;
  }

  void write_segments() {
    const auto written = store_->write_segments(kLong);
    ASSERT_TRUE(written.ok()) << written.error().context;
  }

  std::string folder_ = ::testing::TempDir() + "/duckdb_store_XXXXXX";
  Gate gate_;
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
  const std::string hostile = "x\"; DROP TABLE events; --";
  ASSERT_TRUE(event(1, hostile, Value("'); DROP TABLE events; --")));
  EXPECT_EQ(count(test(hostile, FilterOp::kEqual, {"'); DROP TABLE events; --"})), 1);
  EXPECT_EQ(count(test("nobody' OR true --", FilterOp::kEqual, {"x"})), 0);
  const auto table = store_->select(
      {.dataset = "events", .group_by = {hostile}, .aggregates = {{.name = "n\"; DROP"}}});
  ASSERT_TRUE(table.ok());
  EXPECT_EQ(table->columns[0].name, hostile);
  EXPECT_EQ(count(), 1);
}

TEST_F(DuckDbStoreTest, QueriesRunWhileEventsArriveAndSeeWholeBatches) {
  options_.segment_events = 200;  // so that blocks become segments and are merged meanwhile
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

// --- a log that takes long to read ---

/// Opening reads the newest file itself; what the replay reads after that has to wait.
class SlowReplay : public DuckDbStoreTest {
 protected:
  ~SlowReplay() override { gate_.open(); }

  void open_with(int events) {
    ASSERT_TRUE(open().ok());
    for (int i = 0; i < events; ++i) ASSERT_TRUE(event(5, "x", i));
    store_.reset();
    gate_.allow(1);
    ASSERT_TRUE(open().ok());
  }
  /// Appends events while nothing can be indexed; whether that waited for nothing.
  bool append(int from, int to) {
    auto appended = std::async(std::launch::async, [&] {
      for (int i = from; i < to; ++i) {
        if (!event(5, "x", i)) return false;
      }
      return true;
    });
    const bool in_time = appended.wait_for(std::chrono::seconds(20)) == std::future_status::ready;
    if (!in_time) gate_.open();
    return appended.get() && in_time;
  }
};

TEST_F(SlowReplay, DoesNotHoldUpIntakeAndNothingIsLostOrRepeated) {
  options_.waiting_bytes_max = 4'000;
  options_.log.file_bytes_max = 16'000;  // what has no room lies in several files
  open_with(100);
  ASSERT_TRUE(append(100, 5'000));
  EXPECT_LE(store_->stats().waiting_bytes, options_.waiting_bytes_max);
  EXPECT_EQ(store_->stats().events_waiting, 4'900u);
  gate_.open();
  EXPECT_EQ(values(), numbers_to(5'000));
  EXPECT_EQ(store_->stats().events_waiting, 0u);
  EXPECT_EQ(store_->stats().events_aged_out, 0u);
}

TEST_F(SlowReplay, IsCaughtUpWithWhileMoreArrives) {
  options_.waiting_bytes_max = 500;
  options_.log.file_bytes_max = 3'000;
  open_with(50);
  ASSERT_TRUE(append(50, 400));
  gate_.allow(3);  // the replay and a part of the way back
  ASSERT_TRUE(append(400, 800));
  gate_.allow(2);
  ASSERT_TRUE(append(800, 1'200));
  gate_.open();
  ASSERT_TRUE(append(1'200, 2'000));
  EXPECT_EQ(values(), numbers_to(2'000));
  EXPECT_EQ(store_->stats().events_aged_out, 0u);
}

TEST_F(SlowReplay, TheFirstAnswerIsAboutWhatArrivedMeanwhileToo) {
  options_.waiting_bytes_max = 500;
  open_with(100);
  ASSERT_TRUE(append(100, 2'000));
  gate_.open();
  auto table = store_->select({.dataset = "events", .aggregates = {{}}});
  while (!table.ok()) table = store_->select({.dataset = "events", .aggregates = {{}}});
  EXPECT_EQ(table->rows[0][0], Value(2'000));
}

TEST_F(SlowReplay, WhatWasRefusedMeanwhileIsNotIndexed) {
  base::set_log_sink([](base::LogLevel, std::string_view) {});
  options_.waiting_bytes_max = 500;
  open_with(10);
  base::Rng rng(20'261'125);
  std::vector<std::int64_t> taken = numbers_to(10);
  for (int i = 10; i < 1'000; ++i) {
    const auto fault = rng.below(2) == 0 ? FakeDisk::Fault::kError : FakeDisk::Fault::kHalf;
    if (rng.below(5) == 0) disk_->fail_step(rng.below(3), fault);
    if (rng.below(20) == 0) {  // written, not synced, and not cut back: it stays in its file
      disk_->fail_step(1, FakeDisk::Fault::kError);
      disk_->fail_step(2, FakeDisk::Fault::kError);
    }
    if (event(5, "x", i)) taken.push_back(i);
  }
  EXPECT_LT(taken.size(), 1'000u);
  EXPECT_GT(taken.size(), 500u);
  gate_.open();
  EXPECT_EQ(values(), taken);
}

TEST_F(SlowReplay, AQueryThatWouldNotBeAnsweredInTimeSaysSoAtOnce) {
  open_with(100);
  const auto begun = std::chrono::steady_clock::now();
  const auto table = store_->select({.dataset = "events", .aggregates = {{}}});
  ASSERT_FALSE(table.ok());
  EXPECT_LT(std::chrono::steady_clock::now() - begun, options_.query_timeout);
  EXPECT_EQ(table.error().kind, base::ErrorKind::kUnavailable);
  EXPECT_EQ(table.error().context, "the event log is still being read after the start");
  gate_.open();
  EXPECT_EQ(count(), 100);
}

TEST_F(SlowReplay, AQueryThatIsCancelledDoesNotWait) {
  open_with(100);
  const Cancellation cancellation;
  cancellation.cancel();
  const auto table = store_->select({.dataset = "events", .aggregates = {{}}}, cancellation);
  ASSERT_FALSE(table.ok());
  EXPECT_EQ(table.error().kind, base::ErrorKind::kCancelled);
  gate_.open();
}

TEST_F(SlowReplay, AQuerySaysHowFarItIs) {
  options_.log.file_bytes_max = 1'000;
  options_.query_timeout = std::chrono::milliseconds(1);
  ASSERT_TRUE(open().ok());
  for (int i = 0; i < 1'000; ++i) ASSERT_TRUE(event(5, "x", i));
  store_.reset();
  gate_.allow(3);
  ASSERT_TRUE(open().ok());
  while (store_->stats().replay_events_done == 0) std::this_thread::yield();
  const auto table = store_->select({.dataset = "events", .aggregates = {{}}});
  ASSERT_FALSE(table.ok());
  EXPECT_NE(table.error().context.find(" of 1000 events so far, ready in about "),
            std::string::npos)
      << table.error().context;
  gate_.open();
  ASSERT_TRUE(store_->wait_until_queryable(kLong).ok());
  EXPECT_EQ(store_->stats().replay_events_done, store_->stats().replay_events);
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

TEST_F(DuckDbStoreTest, ReadOnlyDiskRefusesAndAnswersGoOnUntilItCanBeWrittenAgain) {
  base::set_log_sink([](base::LogLevel, std::string_view) {});
  ASSERT_TRUE(open().ok());
  ASSERT_TRUE(event(1));
  disk_->set_read_only();
  EXPECT_FALSE(event(2));
  EXPECT_FALSE(event(3));
  EXPECT_EQ(count(), 1);
  EXPECT_EQ(store_->stats().append_failures, 2u);
  EXPECT_EQ(store_->stats().failing_since_ns, clock_.unix_ns());
  EXPECT_NE(store_->stats().failing_with.find("Read-only file system"), std::string::npos);
  disk_->set_writable();
  EXPECT_TRUE(event(4));
  EXPECT_EQ(count(), 2);
  EXPECT_EQ(store_->stats().failing_since_ns, 0);
  ASSERT_TRUE(open().ok());
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

// Whole files are removed, so the file that is written must be a small part of the bound.
TEST(DuckDbStoreOptionsTest, AFileIsAtMostAQuarterOfTheLog) {
  const auto parsed = [](const char* text) {
    const auto node = base::parse_yaml(text, "f.yaml");
    const auto options = DuckDbStoreOptions::parse(*node);
    EXPECT_TRUE(options.ok()) << text;
    return options->log.file_bytes_max;
  };
  EXPECT_EQ(parsed("{threads: 2}"), 64u << 20);
  EXPECT_EQ(parsed("{log_bytes_max: 100MiB}"), 25u << 20);
  EXPECT_EQ(parsed("{log_bytes_max: 1MiB, log_file_bytes_max: 2MiB}"), 256u << 10);
  EXPECT_EQ(parsed("{log_bytes_max: 1MiB, log_file_bytes_max: 64KiB}"), 64u << 10);
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
