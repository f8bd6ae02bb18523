#include "store/log/event_log.h"

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <set>
#include <thread>

#include "base/log.h"
#include "event/columns.h"
#include "store/log/crc32c.h"
#include "store/log/fake_folder.h"

namespace understudy::store {
namespace {

using event::Event;
using Fault = FakeDisk::Fault;

/// A log on a fake disk whose events carry a number and text derived from it, so that a wrong event
/// can be told from a right one.
class EventLogTest : public ::testing::Test {
 protected:
  EventLogTest() {
    base::set_log_sink([this](base::LogLevel level, std::string_view line) {
      if (level >= base::LogLevel::kWarn) lines_.emplace_back(line);
    });
  }
  ~EventLogTest() override { base::set_log_sink({}); }

  static std::string text_of(std::int64_t number) {
    return "payload " + std::to_string(number * 7919);
  }
  static event::EncodedBatch batch(std::int64_t first, int count) {
    event::BatchEncoder encoder;
    for (int i = 0; i < count; ++i) {
      Event event("evaluations", first + i);
      event.add(event::columns::kDifferenceCount, first + i);
      event.add(event::columns::kUrlPath, text_of(first + i));
      encoder.add(event);
    }
    return encoder.take();
  }

  base::Status open() {
    log_.reset();
    auto log = EventLog::open(options_, disk_->folder(), clock_,
                              [this](DurableBatch durable) { sunk_.push_back(durable.first_seq); });
    if (!log.ok()) return log.error();
    log_ = *std::move(log);
    return {};
  }
  /// Appends events first, first+1, ...; remembers them when they were acknowledged.
  bool append(std::int64_t first, int count = 1) {
    const bool ok = log_->append(batch(first, count)).ok();
    for (int i = 0; ok && i < count; ++i) acknowledged_.insert(first + i);
    return ok;
  }
  /// The numbers of all events in the log; fails the test when one is not as it was written.
  std::multiset<std::int64_t> found() {
    std::multiset<std::int64_t> numbers;
    std::uint64_t seq_before = 0;
    const auto status = log_->replay([&](std::uint64_t seq, const event::EventView& view) {
      EXPECT_TRUE(numbers.empty() || seq > seq_before) << "out of order";
      seq_before = seq;
      EXPECT_EQ(view.fields.size(), 2u);
      if (view.fields.size() != 2) return true;
      const std::int64_t number = view.time_unix_ns;
      EXPECT_EQ(view.dataset, "evaluations");
      EXPECT_EQ(view.fields[0].column, event::columns::kDifferenceCount);
      EXPECT_EQ(view.fields[0].value, event::ValueView(number));
      EXPECT_EQ(view.fields[1].column, event::columns::kUrlPath);
      EXPECT_EQ(view.fields[1].value, event::ValueView(text_of(number)));
      numbers.insert(number);
      return true;
    });
    EXPECT_TRUE(status.ok());
    return numbers;
  }
  void expect_no_acknowledged_event_lost() {
    const auto numbers = found();
    for (const std::int64_t number : acknowledged_) {
      EXPECT_EQ(numbers.count(number), 1u) << "event " << number;
    }
  }
  bool logged(std::string_view part) const {
    for (const std::string& line : lines_) {
      if (line.find(part) != std::string::npos) return true;
    }
    return false;
  }

  base::FakeClock clock_;
  std::shared_ptr<FakeDisk> disk_ = std::make_shared<FakeDisk>(clock_);
  EventLogOptions options_;
  std::unique_ptr<EventLog> log_;
  std::set<std::int64_t> acknowledged_;
  std::vector<std::uint64_t> sunk_;
  std::vector<std::string> lines_;
};

TEST(Crc32c, MatchesThePublishedVectors) {
  EXPECT_EQ(crc32c(0, "123456789"), 0xE3069283u);
  EXPECT_EQ(crc32c(0, std::string(32, '\0')), 0x8A9136AAu);
  EXPECT_EQ(crc32c(0, std::string(32, '\xFF')), 0x62A8AB43u);
  const std::string text = "some bytes of an odd length, split somewhere";
  for (std::size_t at = 0; at <= text.size(); ++at) {
    EXPECT_EQ(crc32c(crc32c(0, text.substr(0, at)), text.substr(at)), crc32c_portable(0, text));
  }
}

TEST_F(EventLogTest, AcknowledgedEventsAreThereAfterReopening) {
  ASSERT_TRUE(open().ok());
  ASSERT_TRUE(append(0, 10));
  ASSERT_TRUE(append(10, 1));
  ASSERT_TRUE(open().ok());
  EXPECT_EQ(found().size(), 11u);
  ASSERT_TRUE(append(11, 3));
  ASSERT_TRUE(open().ok());
  expect_no_acknowledged_event_lost();
  EXPECT_EQ(sunk_, (std::vector<std::uint64_t>{0, 10, 11}));
  EXPECT_TRUE(lines_.empty());
}

TEST_F(EventLogTest, OpeningAndClosingLeavesNoFiles) {
  ASSERT_TRUE(open().ok());
  ASSERT_TRUE(open().ok());
  EXPECT_TRUE(disk_->contents().empty());
}

TEST_F(EventLogTest, FilesAreBegunBySizeAndAge) {
  options_.file_bytes_max = 2'000;
  ASSERT_TRUE(open().ok());
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(append(i));
  EXPECT_GT(disk_->contents().size(), 2u);
  const std::size_t before = disk_->contents().size();
  clock_.advance_ns(options_.file_age_max.count());
  ASSERT_TRUE(append(100));
  EXPECT_EQ(disk_->contents().size(), before + 1);
  ASSERT_TRUE(open().ok());
  expect_no_acknowledged_event_lost();
}

TEST_F(EventLogTest, FilesWhoseEventsAreReleasedGo) {
  options_.file_bytes_max = 2'000;
  ASSERT_TRUE(open().ok());
  for (int i = 0; i < 400; ++i) ASSERT_TRUE(append(i));
  log_->release(150);
  EXPECT_GT(log_->stats().files_removed, 0u);
  std::uint64_t bytes = 0;
  for (const auto& [name, content] : disk_->contents()) bytes += content.size();
  EXPECT_EQ(log_->stats().bytes, bytes);
  ASSERT_TRUE(open().ok());
  const auto numbers = found();
  EXPECT_TRUE(numbers.contains(150));
  EXPECT_FALSE(numbers.contains(0));
  EXPECT_EQ(static_cast<std::int64_t>(numbers.size()), 400 - *numbers.begin()) << "no gap";
  log_->release(400);
  EXPECT_TRUE(disk_->contents().empty()) << "of what was found at opening, too";
  EXPECT_EQ(log_->stats().bytes, 0u);
}

TEST_F(EventLogTest, NumbersGoOnWhereSegmentsEndWhenNoFileIsLeft) {
  options_.next_seq_min = 1'000;
  ASSERT_TRUE(open().ok());
  EXPECT_EQ(log_->first_seq_since_open(), 1'000u);
  ASSERT_TRUE(append(0));
  options_.next_seq_min = 0;
  ASSERT_TRUE(open().ok());
  EXPECT_EQ(log_->first_seq_since_open(), 1'001u);
}

TEST_F(EventLogTest, AppendsAreRefusedAtTheSizeLimitUntilFilesAreReleased) {
  options_.file_bytes_max = 2'000;
  options_.log_bytes_max = 10'000;
  ASSERT_TRUE(open().ok());
  int taken = 0;
  while (taken < 1'000 && append(taken)) ++taken;
  ASSERT_LT(taken, 1'000);
  EXPECT_LE(log_->stats().bytes, options_.log_bytes_max + 200);
  EXPECT_NE(log_->stats().failing_with.find("log_bytes_max"), std::string::npos);
  log_->release(static_cast<std::uint64_t>(taken));
  EXPECT_TRUE(append(taken));
  EXPECT_EQ(log_->stats().failing_since_ns, 0);
}

TEST_F(EventLogTest, ManyProducersShareSyncs) {
  constexpr int kThreads = 8;
  constexpr int kBatches = 50;
  ASSERT_TRUE(open().ok());
  std::atomic<int> failures = 0;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&, t] {
        for (int i = 0; i < kBatches; ++i) {
          if (!log_->append(batch((t * kBatches + i) * 3, 3)).ok()) ++failures;
        }
      });
    }
  }
  EXPECT_EQ(failures, 0);
  EXPECT_LE(log_->stats().syncs, static_cast<std::uint64_t>(kThreads * kBatches));
  ASSERT_TRUE(open().ok());
  const auto numbers = found();
  EXPECT_EQ(numbers.size(), static_cast<std::size_t>(kThreads * kBatches * 3));
  EXPECT_EQ(std::set<std::int64_t>(numbers.begin(), numbers.end()).size(), numbers.size());
}

TEST_F(EventLogTest, ColumnsOfAnotherProcessComeBackByName) {
  const event::Column custom = *event::Column::intern("event_log_test.custom");
  Event event("clients", 1);
  event.add(custom, "value");
  event::BatchEncoder encoder;
  encoder.add(event);
  ASSERT_TRUE(open().ok());
  ASSERT_TRUE(log_->append(encoder.take()).ok());
  EXPECT_NE(disk_->contents().begin()->second.find("event_log_test.custom"), std::string::npos);
  ASSERT_TRUE(open().ok());
  int seen = 0;
  const auto status = log_->replay([&](std::uint64_t, const event::EventView& view) {
    EXPECT_EQ(view.dataset, "clients");
    EXPECT_EQ(view.fields.at(0).column.name(), "event_log_test.custom");
    ++seen;
    return true;
  });
  EXPECT_TRUE(status.ok());
  EXPECT_EQ(seen, 1);
}

TEST_F(EventLogTest, BatchOverTheRecordLimitIsRefusedAndTheNextIsTaken) {
  ASSERT_TRUE(open().ok());
  event::EncodedBatch huge = batch(0, 1);
  huge.bytes.resize(kRecordBytesMax + 1);
  const auto status = log_->append(std::move(huge));
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().kind, base::ErrorKind::kLimit);
  EXPECT_TRUE(append(1));
}

// --- torn and damaged files ---

TEST_F(EventLogTest, EveryTruncationOfTheNewestFileIsCutWithOneLine) {
  ASSERT_TRUE(open().ok());
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(append(i));
  log_.reset();
  const auto [name, whole] = *disk_->contents().begin();
  std::size_t most = 0;
  for (std::size_t size = 0; size <= whole.size(); ++size) {
    SCOPED_TRACE(size);
    lines_.clear();
    disk_->store(name, whole.substr(0, size));
    ASSERT_TRUE(open().ok());
    const auto numbers = found();
    EXPECT_GE(numbers.size(), most) << "a longer file holds no fewer events";
    most = std::max(most, numbers.size());
    EXPECT_LE(lines_.size(), 1u);
    EXPECT_EQ(log_->stats().ranges_damaged, 0u);
    if (log_->stats().bytes_cut > 0) {
      EXPECT_TRUE(logged(std::to_string(log_->stats().bytes_cut) + " bytes"));
    }
    ASSERT_TRUE(log_->append(batch(100, 1)).ok()) << "the log goes on";
    log_.reset();
    for (const auto& [other, content] : disk_->contents()) {
      if (other != name) disk_->folder()->remove(other).ok();
    }
  }
  EXPECT_EQ(most, 5u);
}

TEST_F(EventLogTest, EveryFlippedByteIsNoticedAndNoWrongEventComesOut) {
  ASSERT_TRUE(open().ok());
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(append(i, 2));
  log_.reset();
  const auto [name, whole] = *disk_->contents().begin();
  const std::multiset<std::int64_t> all = {0, 1, 1, 2, 2, 3, 3, 4, 4, 5};
  for (std::size_t at = 0; at < whole.size(); ++at) {
    for (const int mask : {0x01, 0x80, 0xFF}) {
      SCOPED_TRACE(at);
      std::string damaged = whole;
      damaged[at] = static_cast<char>(damaged[at] ^ mask);
      disk_->store(name, damaged);
      ASSERT_TRUE(open().ok());
      const auto numbers = found();
      EXPECT_TRUE(std::includes(all.begin(), all.end(), numbers.begin(), numbers.end()));
      if (at < kRecordsStart) {
        EXPECT_EQ(numbers, all) << "one of the two file headers is enough";
        continue;
      }
      EXPECT_LT(numbers.size(), all.size());
      const EventLogStats stats = log_->stats();
      EXPECT_GT(stats.bytes_damaged + stats.bytes_cut, 0u) << "not silent";
    }
  }
}

TEST_F(EventLogTest, BadRecordInTheMiddleLosesItselfOnlyAndIsCounted) {
  ASSERT_TRUE(open().ok());
  for (int i = 0; i < 30; i += 10) ASSERT_TRUE(append(i, 10));
  log_.reset();
  auto [name, bytes] = *disk_->contents().begin();
  const std::size_t at = bytes.find(text_of(15));
  ASSERT_NE(at, std::string::npos);
  bytes[at] ^= 1;
  disk_->store(name, bytes);
  ASSERT_TRUE(open().ok());
  const auto numbers = found();
  EXPECT_EQ(numbers.size(), 20u);
  EXPECT_FALSE(numbers.contains(15));
  EXPECT_TRUE(numbers.contains(25));
  EXPECT_EQ(log_->stats().ranges_damaged, 1u);
  EXPECT_EQ(log_->stats().events_damaged, 10u);
  EXPECT_TRUE(logged("is damaged"));
  EXPECT_EQ(disk_->contents().at(name), bytes) << "left in place";
}

TEST_F(EventLogTest, BytesOfAClientNeverPassForARecord) {
  // A whole, valid record, hidden in the text of an event, must not surface behind damage.
  ASSERT_TRUE(open().ok());
  ASSERT_TRUE(append(1));
  log_.reset();
  const std::string inner = disk_->contents().begin()->second.substr(kRecordsStart);
  disk_ = std::make_shared<FakeDisk>(clock_);
  ASSERT_TRUE(open().ok());
  event::BatchEncoder encoder;
  Event event("evaluations", 2);
  event.add(event::columns::kDifferenceCount, 2);
  event.add(event::columns::kUrlPath, inner);
  encoder.add(event);
  ASSERT_TRUE(log_->append(encoder.take()).ok());
  ASSERT_TRUE(append(3));
  log_.reset();
  auto [name, bytes] = *disk_->contents().begin();
  for (std::size_t i = kRecordsStart; i < kRecordsStart + 8; ++i) bytes[i] ^= 0x55;
  disk_->store(name, bytes);
  ASSERT_TRUE(open().ok());
  EXPECT_FALSE(found().contains(1));
}

TEST_F(EventLogTest, UnreadableFileIsCountedKeptAndItsNumbersAreNotUsedAgain) {
  ASSERT_TRUE(open().ok());
  ASSERT_TRUE(append(0, 50));
  log_.reset();
  auto [name, bytes] = *disk_->contents().begin();
  std::fill_n(bytes.begin(), kRecordsStart, '\0');
  disk_->store(name, bytes);
  ASSERT_TRUE(open().ok());
  EXPECT_TRUE(found().empty());
  EXPECT_EQ(log_->stats().bytes_damaged, bytes.size());
  sunk_.clear();
  ASSERT_TRUE(append(100));
  EXPECT_GE(sunk_.at(0), 50u);
  EXPECT_EQ(disk_->contents().at(name), bytes);
}

// --- failing disks ---

TEST_F(EventLogTest, FullDiskRefusesLosesNothingAndGoesOnWhenThereIsRoom) {
  ASSERT_TRUE(open().ok());
  ASSERT_TRUE(append(0, 5));
  disk_->set_capacity(disk_->contents().begin()->second.size() + 50);
  for (int i = 0; i < 3; ++i) {
    const auto status = log_->append(batch(100, 20));
    ASSERT_FALSE(status.ok());
    EXPECT_EQ(status.error().kind, base::ErrorKind::kLimit);
  }
  EXPECT_TRUE(logged("No space left"));
  disk_->set_capacity(~std::uint64_t{0});
  EXPECT_TRUE(append(5, 5));
  ASSERT_TRUE(open().ok());
  EXPECT_EQ(found().size(), 10u) << "nothing of the refused batches";
  EXPECT_EQ(log_->stats().ranges_damaged, 0u);
}

TEST_F(EventLogTest, FailingIsSaidOnceAMinuteAndItsEndToo) {
  ASSERT_TRUE(open().ok());
  ASSERT_TRUE(append(0, 5));
  disk_->set_read_only();
  const std::int64_t begun_ns = clock_.unix_ns();
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(append(100));
  EXPECT_EQ(log_->stats().failing_since_ns, begun_ns);
  EXPECT_EQ(log_->stats().failing_with, "create: Read-only file system");
  const std::size_t lines = lines_.size();
  EXPECT_LE(lines, 4u) << "not one for each batch";
  clock_.advance_ns(61'000'000'000);
  EXPECT_FALSE(append(100));
  EXPECT_EQ(lines_.size(), lines + 1);
  EXPECT_TRUE(logged("101 batches were refused so far"));
  EXPECT_EQ(log_->stats().failing_since_ns, begun_ns);
  disk_->set_writable();
  EXPECT_TRUE(append(5, 5));
  EXPECT_EQ(log_->stats().failing_since_ns, 0);
  EXPECT_TRUE(logged("written again after 101 batches were refused"));
  ASSERT_TRUE(open().ok());
  EXPECT_EQ(found().size(), 10u);
  expect_no_acknowledged_event_lost();
}

TEST_F(EventLogTest, FileIsNeverSyncedAgainAfterAFailedSync) {
  ASSERT_TRUE(open().ok());
  ASSERT_TRUE(append(0));
  disk_->fail_step(1, Fault::kError);  // write, then this sync
  EXPECT_FALSE(append(1));
  EXPECT_EQ(log_->stats().files_abandoned, 1u);
  ASSERT_TRUE(append(2));
  EXPECT_EQ(disk_->contents().size(), 2u) << "a new file";
  ASSERT_TRUE(open().ok());
  expect_no_acknowledged_event_lost();
}

/// Every step of a run of appends, rotations and a reopening fails once, in every way.
TEST_F(EventLogTest, NoStepThatFailsLosesAnAcknowledgedEvent) {
  options_.file_bytes_max = 600;
  const auto run = [&] {
    if (!open().ok()) return;
    for (int i = 0; i < 12; ++i) append(i * 2, 2);
    log_.reset();
    if (!open().ok()) return;
    for (int i = 12; i < 16; ++i) append(i * 2, 2);
  };
  run();
  const std::uint64_t steps = disk_->steps();
  ASSERT_GT(steps, 30u);
  for (const Fault fault : {Fault::kError, Fault::kHalf, Fault::kPowerCut, Fault::kHalfAndCut}) {
    for (std::uint64_t step = 0; step < steps; ++step) {
      SCOPED_TRACE("fault " + std::to_string(static_cast<int>(fault)) + " at step " +
                   std::to_string(step));
      log_.reset();
      acknowledged_.clear();
      disk_ = std::make_shared<FakeDisk>(clock_);
      disk_->fail_step(step, fault);
      run();
      log_.reset();
      base::Rng rng(step);
      disk_->restart(rng);
      ASSERT_TRUE(open().ok());
      expect_no_acknowledged_event_lost();
      ASSERT_TRUE(append(1'000)) << "intake resumes; " << (lines_.empty() ? "" : lines_.back());
    }
  }
}

TEST_F(EventLogTest, PowerCutAtRandomLosesNothingAcknowledged) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE(seed);
    base::Rng rng(seed);
    log_.reset();
    disk_ = std::make_shared<FakeDisk>(clock_);
    acknowledged_.clear();
    options_.file_bytes_max = 300 + rng.below(3'000);
    std::int64_t next = 0;
    for (int life = 0; life < 4; ++life) {
      disk_->fail_step(rng.below(60), rng.below(2) == 0 ? Fault::kPowerCut : Fault::kHalfAndCut);
      if (open().ok()) {
        for (int i = 0; i < 20; ++i) {
          const int count = 1 + static_cast<int>(rng.below(4));
          append(next, count);
          next += count;
        }
      }
      log_.reset();
      disk_->restart(rng);
    }
    ASSERT_TRUE(open().ok());
    expect_no_acknowledged_event_lost();
  }
}

// --- real folders ---

class RealFolderTest : public ::testing::Test {
 protected:
  RealFolderTest() {
    std::string path = ::testing::TempDir() + "/event_log_XXXXXX";
    path_ = ::mkdtemp(path.data());
  }
  ~RealFolderTest() override { std::filesystem::remove_all(path_); }

  std::string path_;
};

TEST_F(RealFolderTest, FolderIsMadeAndHeldByOneAtATime) {
  const std::string inner = path_ + "/a/b";
  auto first = open_log_folder(inner);
  ASSERT_TRUE(first.ok());
  const auto second = open_log_folder(inner);
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().kind, base::ErrorKind::kConflict);
  EXPECT_NE(second.error().context.find(inner), std::string::npos);
  first->reset();
  EXPECT_TRUE(open_log_folder(inner).ok());
}

TEST_F(RealFolderTest, WritesListsCutsAndRemoves) {
  auto folder = open_log_folder(path_);
  ASSERT_TRUE(folder.ok());
  const std::string name = log_file_name(17);
  auto file = (*folder)->create(name);
  ASSERT_TRUE(file.ok());
  EXPECT_FALSE((*folder)->create(name).ok());
  std::vector<std::string_view> parts(3'000, "ab");  // more than one writev takes
  ASSERT_TRUE((*file)->write(parts).ok());
  ASSERT_TRUE((*file)->truncate(10).ok());
  const std::string_view more[] = {"c", "", "d"};
  ASSERT_TRUE((*file)->write(more).ok());
  ASSERT_TRUE((*file)->sync().ok());
  EXPECT_EQ(*(*folder)->read(name),
            "ababababab"
            "cd");
  ASSERT_TRUE((*folder)->cut(name, 4).ok());
  const auto entries = (*folder)->list();
  ASSERT_EQ(entries->size(), 1u) << "and not the LOCK file";
  EXPECT_EQ((*entries)[0].bytes, 4u);
  ASSERT_TRUE((*folder)->remove(name).ok());
  EXPECT_EQ((*folder)->read(name).error().kind, base::ErrorKind::kNotFound);
}

TEST_F(RealFolderTest, FolderThatCannotBeMadeIsOneClearLine) {
  const auto folder = open_log_folder("/proc/no/such/place");
  ASSERT_FALSE(folder.ok());
  EXPECT_NE(folder.error().context.find("/proc/no/such/place"), std::string::npos);
}

TEST_F(RealFolderTest, LogSyncsByItselfInIntervalMode) {
  EventLogOptions options;
  options.sync = EventLogOptions::Sync::kInterval;
  options.sync_interval = std::chrono::milliseconds(1);
  auto folder = open_log_folder(path_);
  auto log = EventLog::open(options, *std::move(folder), base::system_clock(), {});
  ASSERT_TRUE(log.ok());
  event::BatchEncoder encoder;
  encoder.add(Event("evaluations", 1));
  ASSERT_TRUE((*log)->append(encoder.take()).ok());
  for (int i = 0; i < 10'000 && (*log)->stats().syncs == 0; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  EXPECT_GT((*log)->stats().syncs, 0u);
}

}  // namespace
}  // namespace understudy::store
