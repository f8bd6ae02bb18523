#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "event/batch.h"
#include "store/log/log_folder.h"
#include "store/log/log_scan.h"

namespace understudy::store {

struct EventLogOptions {
  enum class Sync {
    kEachGroup,  // an acknowledged event survives a power cut
    kInterval,   // it survives kill -9; a power cut may lose the last sync_interval
    kNone,       // it survives kill -9; a power cut loses what the kernel had not written
  };
  std::string folder = {};
  Sync sync = Sync::kEachGroup;
  std::chrono::nanoseconds sync_interval = std::chrono::seconds(1);  // kInterval only
  std::uint64_t file_bytes_max = 64u << 20;                          // then a new file begins
  std::chrono::nanoseconds file_age_max = std::chrono::hours(1);
  std::uint64_t log_bytes_max = 4ull << 30;  // appends are refused beyond it
  std::uint64_t next_seq_min = 0;            // events appended get this number or a later one
  std::uint64_t group_bytes_max = 8u << 20;  // written with one sync
};

/// Counters since the log was opened.
struct EventLogStats {
  std::uint64_t bytes = 0;  // on disk now
  std::uint64_t files = 0;
  std::uint64_t bytes_cut = 0;       // unfinished write cut off at open
  std::uint64_t bytes_damaged = 0;   // found by replay; no record could be read from them
  std::uint64_t ranges_damaged = 0;  // how many such stretches
  std::uint64_t events_damaged = 0;  // lost in them, as far as a header told
  std::uint64_t files_removed = 0;   // after `release`
  std::uint64_t syncs = 0;
  std::uint64_t files_abandoned = 0;  // after a failed sync or a failed cut
  std::int64_t failing_since_ns = 0;  // unix time of the first failed write of those that have not
                                      // been followed by a good one; 0 when the last was good
  std::string failing_with = {};      // what the last of them said
};

/// Events that are durable, as they were appended.
struct DurableBatch {
  std::uint64_t first_seq = 0;
  std::uint32_t events = 0;
  std::string bytes;  // event/batch.h, with this process's column numbers
};

/// The durable truth about events: an append-only, checksummed log in files of one folder
/// (docs/formats/event_log.md).
///
/// Appending: batches of callers that wait at the same time are written together and synced once
/// (group commit). `append` returns when its batch is durable as far as `sync` says. A failed or
/// short write (full disk) is cut back, all its callers get the error, and the next append tries
/// again. After a failed sync the file is given up, never synced again, and a new one is begun:
/// what a kernel does with pages it could not write is not to be trusted.
/// Opening: the unfinished write at the end of the newest file is cut off, with one log line. Every
/// open begins a new file, so what was found is never appended to.
/// Damage elsewhere is skipped while reading, counted and logged, and left in place.
/// Threads: append from any number; replay and read from one at a time. One process per folder.
class EventLog {
 public:
  /// Told of each durable batch, in order, by the thread that wrote it; may wait (backpressure).
  using Sink = std::function<void(DurableBatch)>;

  static base::Result<std::unique_ptr<EventLog>> open(EventLogOptions options,
                                                      std::unique_ptr<LogFolder> folder,
                                                      const base::Clock& clock, Sink sink);
  ~EventLog();
  EventLog(const EventLog&) = delete;
  EventLog& operator=(const EventLog&) = delete;

  /// kLimit for a batch over kRecordBytesMax and for a full disk, kIo for any other failure.
  base::Status append(event::EncodedBatch batch);

  /// Visits every event that was in the log when it was opened, oldest first, until `visit` returns
  /// false. Files that are removed meanwhile are passed over.
  using Visit = std::function<bool(std::uint64_t seq, const event::EventView& event)>;
  base::Status replay(const Visit& visit);

  /// Nobody needs events with numbers below `seq` from here any more: files that hold no others are
  /// removed, but for the one being written.
  void release(std::uint64_t seq);

  /// The number of the first event appended since the log was opened, or of a later one.
  std::uint64_t first_seq_since_open() const { return first_seq_since_open_; }

  /// Visits the acknowledged events with numbers in [from, to), oldest first, until `visit` returns
  /// false. `to` must not be beyond what the sink was told of. Events in files that were
  /// released are passed over. Cost: reads whole files, at most twice file_bytes_max at once.
  void read(std::uint64_t from, std::uint64_t to, const Visit& visit);

  EventLogStats stats() const;

 private:
  struct Waiter {
    event::EncodedBatch* batch;
    bool done = false;
    base::Status status = {};
  };
  using Group = std::vector<Waiter*>;

  EventLog(EventLogOptions options, std::unique_ptr<LogFolder> folder, const base::Clock& clock,
           Sink sink);

  base::Status recover();
  base::Status recover_newest(const LogFolder::Entry& newest);
  Group next_group();
  base::Status write_group(const Group& group);
  base::Status store_group(const Group& group, std::uint64_t& first_seq);
  void note_failure(const base::Error& error, std::size_t batches);
  void note_success();
  base::Status write_records(const Group& group);
  base::Status begin_file();
  base::Status use_writable_file();
  void close_file();
  void keep_closed();
  void abandon_file(const base::Error& reason);
  void remove_released();
  void sync_every_interval(const std::stop_token& stop);
  std::vector<LogFolder::Entry> acknowledged_files();
  bool read_file(const LogFolder::Entry& file, const Visit& visit);
  void report_damage(std::string_view file, const DamagedRange& range);
  std::string columns_payload(const Group& group, std::vector<std::uint32_t>& added) const;

  const EventLogOptions options_;
  const std::unique_ptr<LogFolder> folder_;
  const base::Clock& clock_;
  const Sink sink_;
  std::vector<LogFolder::Entry> found_at_open_;
  std::uint64_t first_seq_since_open_ = 0;

  std::mutex queue_mutex_;
  std::condition_variable queue_moved_;
  std::deque<Waiter*> queue_;
  bool writing_ = false;

  // The file being written; guarded by file_mutex_.
  std::mutex file_mutex_;
  std::unique_ptr<AppendFile> file_;
  std::string file_name_;
  std::uint32_t seed_ = 0;
  std::uint64_t file_bytes_ = 0;
  std::int64_t file_begun_ns_ = 0;
  std::string file_header_;  // not written yet; goes out with the first group
  bool unsynced_ = false;
  std::vector<bool> column_written_;
  std::uint64_t columns_repeat_at_ = 0;
  std::uint64_t next_seq_ = 0;
  std::vector<LogFolder::Entry> written_;  // closed since open, `bytes` of each acknowledged
  std::uint64_t released_to_ = 0;

  mutable std::mutex stats_mutex_;
  EventLogStats stats_;
  std::set<std::pair<std::string, std::uint64_t>> damage_seen_;  // file and offset
  std::uint64_t batches_refused_ = 0;                            // since failing_since_ns
  std::int64_t failure_logged_ns_ = 0;
  std::uint64_t closed_bytes_ = 0;
  std::uint64_t closed_files_ = 0;

  std::condition_variable_any interval_over_;
  std::jthread interval_thread_;
};

}  // namespace understudy::store
