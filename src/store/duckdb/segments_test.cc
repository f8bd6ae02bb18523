// What a store does with its segments: writes, reads, merges and removes them, and what it does
// when they are not as they were.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <mutex>
#include <thread>

#include "base/log.h"
#include "base/text.h"
#include "store/duckdb/database.h"
#include "store/duckdb/duckdb_store.h"
#include "store/duckdb/segment_recovery.h"
#include "store/log/fake_folder.h"

namespace understudy::store {
namespace {

namespace fs = std::filesystem;
using event::Column;
using event::Event;
using event::Value;

constexpr std::chrono::minutes kLong(1);

class SegmentsTest : public ::testing::Test {
 protected:
  SegmentsTest() {
    EXPECT_NE(::mkdtemp(folder_.data()), nullptr);
    options_.segments_folder = folder_ + "/segments";
    base::set_log_sink([this](base::LogLevel, std::string_view line) {
      const std::lock_guard lock(lines_mutex_);
      lines_.emplace_back(line);
    });
  }
  ~SegmentsTest() override {
    store_.reset();
    base::set_log_sink({});
    fs::remove_all(folder_);
  }

  void open() {
    store_.reset();
    auto opened = DuckDbStore::open(options_, disk_->folder(), clock_);
    ASSERT_TRUE(opened.ok()) << opened.error().context;
    store_ = *std::move(opened);
  }
  bool add(std::int64_t from, std::int64_t to) {
    std::vector<Event> events;
    for (std::int64_t n = from; n < to; ++n) {
      Event& event = events.emplace_back("events", n);
      event.add(*Column::intern("n"), n);
      event.add(*Column::intern("text"), base::cat("text ", n % 10));
    }
    return store_->append(events).ok();
  }
  void add_and_write(std::int64_t from, std::int64_t to) {
    ASSERT_TRUE(add(from, to));
    write();
  }
  void write() {
    const auto written = store_->write_segments(kLong);
    ASSERT_TRUE(written.ok()) << written.error().context;
  }
  std::int64_t ask(Aggregate aggregate, Filter filter = {}) {
    EXPECT_TRUE(store_->wait_until_queryable(kLong).ok());
    const auto table = store_->select(
        {.dataset = "events", .filter = std::move(filter), .aggregates = {std::move(aggregate)}});
    EXPECT_TRUE(table.ok()) << (table.ok() ? "" : table.error().context);
    if (!table.ok() || table->rows[0][0].is_null()) return -1;
    return static_cast<std::int64_t>(table->rows[0][0].as_number());
  }
  std::int64_t count(Filter filter = {}) { return ask({}, std::move(filter)); }
  std::int64_t different() { return ask({.kind = AggregateKind::kCountDistinct, .column = "n"}); }
  /// That each of the numbers below `end` is there once.
  void expect_all(std::int64_t end) {
    EXPECT_EQ(count(), end);
    EXPECT_EQ(different(), end);
  }
  std::vector<fs::path> files(const std::string& ending = ".parquet") const {
    std::vector<fs::path> found;
    for (const auto& entry : fs::recursive_directory_iterator(options_.segments_folder)) {
      if (entry.path().string().ends_with(ending)) found.push_back(entry.path());
    }
    std::sort(found.begin(), found.end());
    return found;
  }
  static void flip(const fs::path& path, std::streamoff offset) {
    std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
    file.seekg(offset);
    const char byte = static_cast<char>(file.get());
    file.seekp(offset);
    file.put(static_cast<char>(~byte));
  }
  bool logged(std::string_view part) {
    const std::lock_guard lock(lines_mutex_);
    return std::any_of(lines_.begin(), lines_.end(), [&](const std::string& line) {
      return line.find(part) != std::string::npos;
    });
  }
  template <class Condition>
  void until(const Condition& condition) {
    const auto deadline = std::chrono::steady_clock::now() + kLong;
    bool holds = false;
    while (!(holds = condition()) && std::chrono::steady_clock::now() < deadline) {
      std::this_thread::yield();
    }
    ASSERT_TRUE(holds);
  }

  std::string folder_ = ::testing::TempDir() + "/segments_XXXXXX";
  base::FakeClock clock_;
  std::shared_ptr<FakeDisk> disk_ = std::make_shared<FakeDisk>(clock_);
  DuckDbStoreOptions options_;
  std::mutex lines_mutex_;
  std::vector<std::string> lines_;
  std::unique_ptr<DuckDbStore> store_;
};

TEST_F(SegmentsTest, AreQueriedTogetherWithWhatIsInMemory) {
  open();
  add_and_write(0, 100);
  ASSERT_TRUE(add(100, 150));
  expect_all(150);
  EXPECT_EQ(store_->stats().segments, 1u);
  EXPECT_EQ(store_->stats().events_queryable, 150u);
  EXPECT_EQ(count(test("text", FilterOp::kEqual, {"text 3"})), 15);
  EXPECT_EQ(count(test("n", FilterOp::kGreaterOrEqual, {90})), 60);
  const auto info = store_->datasets().at(0);
  EXPECT_EQ(info.events, 150u);
  EXPECT_EQ(info.time_min_ns, 0);
  EXPECT_EQ(info.time_max_ns, 149);
}

TEST_F(SegmentsTest, AStartReadsOnlyWhatIsInNone) {
  options_.log.file_bytes_max = 2'000;
  open();
  add_and_write(0, 1'000);
  until([&] { return store_->stats().log_files <= 1; });
  ASSERT_TRUE(add(1'000, 1'010));
  open();
  expect_all(1'010);
  EXPECT_LE(store_->stats().replay_events, 1'010u);
  ASSERT_TRUE(add(1'010, 1'020));
  write();
  open();
  expect_all(1'020);
}

TEST_F(SegmentsTest, NumbersGoOnWhenNothingIsLeftOfTheLog) {
  open();
  add_and_write(0, 100);
  store_.reset();
  disk_ = std::make_shared<FakeDisk>(clock_);  // as after an interval sync and a power cut
  open();
  ASSERT_TRUE(add(100, 200));
  expect_all(200);
  open();
  expect_all(200);
}

TEST_F(SegmentsTest, RowsLieInTheOrderOfTheirTimes) {
  open();
  std::vector<Event> events;
  for (int i = 0; i < 5'000; ++i) {
    Event& event = events.emplace_back("events", i * 7'919 % 5'000);
    event.add(*Column::intern("n"), i);
    if (i % 3 == 0) event.add(*Column::intern("third"), base::cat("x", i));
    if (i % 5 == 0) event.add(*Column::intern("fifth"), i % 2 == 0);
  }
  ASSERT_TRUE(store_->append(events).ok());
  write();
  auto database = Database::open({.memory_bytes_max = 256u << 20, .folder = folder_});
  ASSERT_TRUE(database.ok());
  auto connection = (*database)->connect();
  auto rows = (*connection)
                  ->stream(base::cat("SELECT epoch_ns(time), n, third, fifth FROM read_parquet('",
                                     files().at(0).string(), "')"));
  ASSERT_TRUE(rows.ok()) << rows.error().context;
  std::int64_t last = -1;
  int seen = 0;
  while (rows->next()) {
    const std::int64_t n = rows->bigint(1);
    ASSERT_GT(rows->bigint(0), last);
    last = rows->bigint(0);
    ASSERT_EQ(last, n * 7'919 % 5'000);
    ASSERT_EQ(rows->is_null(2), n % 3 != 0);
    if (n % 3 == 0) {
      ASSERT_EQ(rows->text(2), base::cat("x", n));
    }
    ASSERT_EQ(rows->is_null(3), n % 5 != 0);
    if (n % 5 == 0) {
      ASSERT_EQ(rows->boolean(3), n % 2 == 0);
    }
    ++seen;
  }
  EXPECT_EQ(seen, 5'000);
  EXPECT_EQ(different(), 5'000);
}

TEST_F(SegmentsTest, ColumnsMayBeCalledAnything) {
  open();
  const std::vector<std::string> names = {"A",
                                          "a",
                                          "time",
                                          "seq",
                                          "SAMPLE_RATE",
                                          "\"",
                                          "x\" FROM events; --",
                                          "'",
                                          "a.text",
                                          "a.int",
                                          std::string("zero\0byte", 9),
                                          "line\nbreak",
                                          "ünïcode",
                                          "ÜNÏCODE",
                                          std::string(255, 'l')};
  Event event("events", 5);
  for (std::size_t i = 0; i < names.size(); ++i) event.add(*Column::intern(names[i]), i);
  ASSERT_TRUE(store_->append({&event, 1}).ok());
  write();
  Event other("events", 6);
  for (const std::string& name : names) other.add(*Column::intern(name), "text of " + name);
  ASSERT_TRUE(store_->append({&other, 1}).ok());
  write();
  for (int life = 0; life < 2; ++life) {
    EXPECT_EQ(store_->stats().segments, 2u);
    for (std::size_t i = 0; i < names.size(); ++i) {
      EXPECT_EQ(count(test(names[i], FilterOp::kEqual, {i})), 1) << names[i];
      EXPECT_EQ(count(test(names[i], FilterOp::kEqual, {"text of " + names[i]})), 1) << names[i];
    }
    open();
    EXPECT_EQ(count(), 2);
  }
}

TEST_F(SegmentsTest, AreReadByOthersWhileTheStoreRuns) {
  open();
  add_and_write(0, 50);
  add_and_write(50, 100);
  auto database = Database::open({.memory_bytes_max = 256u << 20, .folder = folder_});
  ASSERT_TRUE(database.ok());
  auto connection = (*database)->connect();
  auto rows = (*connection)
                  ->stream(base::cat(
                      "SELECT count(*), sum(n)::BIGINT, max(text) FROM read_parquet('",
                      options_.segments_folder, "/events/*.parquet', union_by_name = true)"));
  ASSERT_TRUE(rows.ok()) << rows.error().context;
  ASSERT_TRUE(rows->next());
  EXPECT_EQ(rows->bigint(0), 100);
  EXPECT_EQ(rows->bigint(1), 99 * 100 / 2);
  EXPECT_EQ(rows->text(2), "text 9");
}

// --- merging ---

TEST_F(SegmentsTest, SmallOnesAreMergedAndNothingIsLostOrRepeated) {
  open();
  for (int i = 0; i < 40; ++i) add_and_write(i * 25, (i + 1) * 25);
  until([&] { return store_->stats().segments <= 8 && files().size() <= 8; });
  EXPECT_GT(store_->stats().segments_merged, 8u);
  expect_all(1'000);
  open();
  expect_all(1'000);
}

TEST_F(SegmentsTest, PartsOfAMergeThatWasKilledBeforeItRemovedThemCountOnce) {
  open();
  for (int i = 0; i < 7; ++i) add_and_write(i * 10, (i + 1) * 10);
  fs::copy(options_.segments_folder, folder_ + "/before", fs::copy_options::recursive);
  add_and_write(70, 80);
  until([&] { return files().size() == 1; });
  store_.reset();
  for (const auto& entry : fs::directory_iterator(folder_ + "/before/events")) {
    fs::copy(entry.path(), options_.segments_folder + "/events");
  }
  std::ofstream(options_.segments_folder + "/events/unfinished-3") << "half a file";
  EXPECT_EQ(files().size(), 8u);
  open();
  expect_all(80);
  EXPECT_EQ(files().size(), 1u);
  EXPECT_FALSE(fs::exists(options_.segments_folder + "/events/unfinished-3"));
}

TEST_F(SegmentsTest, PartsOfAMergeStayWhenWhatTheyWereMergedToIsDamaged) {
  open();
  for (int i = 0; i < 7; ++i) add_and_write(i * 10, (i + 1) * 10);
  fs::copy(options_.segments_folder, folder_ + "/before", fs::copy_options::recursive);
  add_and_write(70, 80);
  until([&] { return files().size() == 1; });
  store_.reset();
  flip(files().at(0), 100);
  for (const auto& entry : fs::directory_iterator(folder_ + "/before/events")) {
    fs::copy(entry.path(), options_.segments_folder + "/events");
  }
  open();
  expect_all(80);  // the last ten from the log
  EXPECT_EQ(files(".damaged").size(), 1u);
}

// --- retention ---

TEST_F(SegmentsTest, OldestGoWhenADatasetIsTooLargeAndDoNotComeBackFromTheLog) {
  open();
  add_and_write(0, 2'000);
  const auto bytes = store_->stats().segment_bytes;
  options_.retention_bytes = bytes * 5 / 2;
  open();
  for (int i = 1; i < 6; ++i) add_and_write(i * 2'000, (i + 1) * 2'000);
  until([&] { return store_->stats().segments == 2; });
  EXPECT_EQ(count(), 4'000);
  EXPECT_EQ(store_->datasets().at(0).time_min_ns, 8'000);
  EXPECT_EQ(store_->datasets().at(0).aged_out_until_ns, 7'999);
  EXPECT_EQ(complete_since(*store_, "events", 0), 8'000);
  EXPECT_FALSE(complete_since(*store_, "events", 8'000));
  EXPECT_EQ(store_->stats().events_aged_out, 8'000u);
  until([&] { return files().size() == 2; });
  ASSERT_FALSE(disk_->contents().empty()) << "the log still has the newest file";
  open();
  EXPECT_EQ(count(), 4'000);
  EXPECT_EQ(complete_since(*store_, "events", 0), 8'000);
  EXPECT_EQ(files("").size() - files().size(), 2u) << "the dataset's folder and one marker";
}

TEST_F(SegmentsTest, OneGoesWhenItsEventsCameTooLongAgo) {
  open();
  add_and_write(0, 10);
  clock_.advance_ns(options_.retention_age.count() / 2);
  add_and_write(10, 20);
  clock_.advance_ns(options_.retention_age.count() / 2 + 1);
  until([&] { return store_->stats().segments == 1; });
  EXPECT_EQ(count(), 10);
  EXPECT_EQ(store_->datasets().at(0).time_min_ns, 10);
}

TEST_F(SegmentsTest, OneIsWrittenAfterAWhile) {
  options_.segment_age = std::chrono::seconds(60);
  open();
  ASSERT_TRUE(add(0, 10));
  ASSERT_TRUE(store_->wait_until_queryable(kLong).ok());
  EXPECT_EQ(store_->stats().segments, 0u);
  clock_.advance_ns(options_.segment_age.count() + 1);
  until([&] { return store_->stats().segments == 1; });
  EXPECT_EQ(store_->stats().tail_bytes, 0u);
  expect_all(10);
}

// --- damage ---

TEST_F(SegmentsTest, OneWithoutAFooterIsSetAsideAndTheLogStillHasItsEvents) {
  open();
  add_and_write(0, 100);
  store_.reset();
  fs::resize_file(files().at(0), fs::file_size(files().at(0)) / 2);
  open();
  expect_all(100);
  EXPECT_TRUE(logged("is set aside"));
  EXPECT_EQ(store_->stats().segments_damaged, 1u);
  write();
  open();
  expect_all(100);
}

TEST_F(SegmentsTest, AChangedByteAnywhereIsFoundAndTheRestAnswers) {
  options_.log.file_bytes_max = 1;  // so that the log has nothing left
  open();
  add_and_write(0, 60);
  store_.reset();
  const fs::path file = files().at(0);
  const auto size = static_cast<std::streamoff>(fs::file_size(file));
  fs::copy(options_.segments_folder, folder_ + "/whole", fs::copy_options::recursive);
  for (std::streamoff offset = 0; offset < size; offset += 97) {
    SCOPED_TRACE(base::cat("byte ", offset));
    fs::remove_all(options_.segments_folder);
    fs::copy(folder_ + "/whole", options_.segments_folder, fs::copy_options::recursive);
    flip(file, offset);
    disk_ = std::make_shared<FakeDisk>(clock_);
    open();
    ASSERT_TRUE(add(60, 100));
    until([&] { return store_->stats().segments_damaged == 1; });
    EXPECT_EQ(count(), 40);
    EXPECT_EQ(store_->datasets().at(0).segments_damaged, 1u);
    EXPECT_TRUE(fs::exists(file.string() + ".damaged"));
  }
}

TEST_F(SegmentsTest, OneThatCannotBeReadByAQueryIsSetAsideAndTheQueryAnswers) {
  open();
  add_and_write(0, 60);
  ASSERT_TRUE(add(60, 100));
  EXPECT_EQ(count(), 100);
  fs::resize_file(files().at(0), 40);
  EXPECT_EQ(count(), 40);
  EXPECT_EQ(store_->stats().segments_damaged, 1u);
  EXPECT_TRUE(logged("is damaged and set aside"));
}

TEST_F(SegmentsTest, OneThatIsALinkOrAFolderIsToldOfAndTheRestAnswers) {
  open();
  add_and_write(0, 100);
  const fs::path file = files()[0];
  store_.reset();
  disk_ = std::make_shared<FakeDisk>(clock_);  // nothing is left of the log
  fs::rename(file, folder_ + "/elsewhere");
  fs::create_symlink(folder_ + "/elsewhere", file);
  open();
  EXPECT_TRUE(logged("is no file, its events cannot be queried"));
  ASSERT_TRUE(add(0, 7));
  expect_all(7);
}

TEST_F(SegmentsTest, OneThatIsNotItsDatasetsIsSetAside) {
  open();
  add_and_write(0, 10);
  store_.reset();
  fs::create_directory(options_.segments_folder + "/other");
  fs::copy(files().at(0), options_.segments_folder + "/other");
  open();
  expect_all(10);
  EXPECT_EQ(files(".damaged").size(), 1u);
}

// --- a disk that is full for segments ---

TEST_F(SegmentsTest, WhatCannotBeWrittenStopsIntakeBeforeMemoryIsGoneAndNothingIsLost) {
  options_.tail_bytes_max = 4 << 20;
  fs::create_directory(options_.segments_folder);
  std::ofstream(options_.segments_folder + "/events") << "in the way of the dataset's folder";
  open();
  std::int64_t taken = 0;
  base::Status refused;
  while (taken < 1'000'000) {
    std::vector<Event> events;
    for (std::int64_t n = taken; n < taken + 500; ++n) {
      events.emplace_back("events", n).add(*Column::intern("n"), n);
    }
    refused = store_->append(events);
    if (!refused.ok()) break;
    taken += 500;
  }
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().kind, base::ErrorKind::kLimit);
  EXPECT_NE(refused.error().context.find("until segments can be written"), std::string::npos);
  EXPECT_LT(store_->stats().tail_bytes, options_.tail_bytes_max * 2);
  EXPECT_NE(store_->stats().failing_since_ns, 0);
  EXPECT_FALSE(store_->stats().failing_with.empty());
  fs::remove(options_.segments_folder + "/events");
  until([&] { return store_->append({}).ok() && add(taken, taken + 1); });
  expect_all(taken + 1);
  EXPECT_EQ(store_->stats().failing_since_ns, 0);
}

}  // namespace
}  // namespace understudy::store
