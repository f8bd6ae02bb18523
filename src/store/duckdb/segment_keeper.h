#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "store/duckdb/compaction.h"
#include "store/duckdb/database.h"
#include "store/duckdb/datasets.h"
#include "store/segment/segment_folder.h"

namespace understudy::store {

struct KeeperOptions {
  std::size_t segment_events = 122'880;
  std::chrono::nanoseconds retention_age = std::chrono::hours(60 * 24);
  std::uint64_t retention_bytes = 4ull << 30;  // per dataset
};

struct KeeperStats {
  std::uint64_t segments_written = 0;
  std::uint64_t segments_merged = 0;
  std::uint64_t events_removed = 0;  // by retention
  std::uint64_t checked = 0;         // segments whose checksum was looked at
  std::int64_t failing_since_ns = 0;
  std::string failing_with = {};
};

/// The thread that looks after segments: writes sealed blocks (first, always), keeps to retention,
/// merges small segments, and reads those found at opening once to compare their checksums.
/// Failure: a segment that cannot be written is tried again every second; its block stays in
/// memory. Threads: `wake`, `check` and `stats` from any.
class SegmentKeeper {
 public:
  /// `written` is called after blocks became segments.
  SegmentKeeper(KeeperOptions options, Datasets& datasets, SegmentFolder& folder,
                Database& database, const base::Clock& clock, std::function<void()> written);
  ~SegmentKeeper();
  SegmentKeeper(const SegmentKeeper&) = delete;
  SegmentKeeper& operator=(const SegmentKeeper&) = delete;

  /// From here on it works; every segment there is now will be checked.
  void start();
  /// Ends its work; nothing is half done.
  void stop();
  /// There may be something to write.
  void wake();
  /// Compares checksums now; segments whose checksum does not hold are set aside. Whether any was.
  bool check(const std::string& dataset, const SegmentRun& segments);
  KeeperStats stats() const;

 private:
  void run();
  bool write_sealed();
  base::Status write(Dataset& dataset, const TailBlock& block);
  void apply_retention();
  void apply_retention(Dataset& dataset);
  bool compact_one();
  bool check_one();
  bool check(Dataset& dataset, const Segment& segment);
  void note(const base::Status& status);
  bool stopping() const;

  const KeeperOptions options_;
  Datasets& datasets_;
  SegmentFolder& folder_;
  Database& database_;
  const base::Clock& clock_;
  const std::function<void()> written_;

  struct Unchecked {
    Dataset* dataset = nullptr;
    std::weak_ptr<const Segment> segment;
  };
  std::vector<Unchecked> unchecked_;
  std::mutex check_mutex_;
  std::chrono::steady_clock::time_point retention_due_ = {};
  std::chrono::steady_clock::time_point compaction_due_ = {};

  mutable std::mutex mutex_;
  std::condition_variable moved_;
  bool stopping_ = false;
  bool woken_ = false;
  KeeperStats stats_;
  std::thread thread_;
};

}  // namespace understudy::store
