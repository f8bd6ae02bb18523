#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/config_node.h"
#include "store/event_store.h"
#include "store/log/event_log.h"
#include "store/sql_console.h"

namespace understudy::store {

struct DuckDbStoreOptions {
  EventLogOptions log = {};              // log.folder is where the event log lives
  std::string segments_folder = {};      // empty: `segments` in log.folder
  std::size_t segment_events = 122'880;  // then a segment is written
  std::chrono::nanoseconds segment_age = std::chrono::seconds(60);  // or after so long
  std::chrono::nanoseconds retention_age = std::chrono::hours(60 * 24);
  std::uint64_t retention_bytes = 4ull << 30;   // of the segments of one dataset
  std::uint64_t tail_bytes_max = 256ull << 20;  // memory of events that are not in segments yet
  std::uint64_t memory_bytes_max = 1ull << 30;  // DuckDB's memory_limit
  int threads = 2;                              // DuckDB's threads
  std::chrono::nanoseconds query_timeout = std::chrono::seconds(10);
  std::size_t queries_at_once_max = 4;  // further ones wait, within the same timeout
  /// Our own executable, which runs each SQL statement of a person in a process of its own
  /// (duckdb/sql_worker.h). Empty: in this one, which is for tests of the language only.
  std::string sql_executable = {};
  std::uint64_t waiting_bytes_max = 64ull << 20;  // events kept in memory until they are indexed;
                                                  // what comes after is read back from the log

  /// The `store` section: sync (each_group, interval, none), sync_interval, log_file_bytes_max,
  /// log_bytes_max, segment_events, segment_age, retention_age, retention_bytes, tail_bytes_max,
  /// memory_bytes_max, threads, query_timeout, queries_at_once_max. The folders are the caller's to
  /// set.
  static base::Result<DuckDbStoreOptions> parse(const base::ConfigNode& node);
};

/// The embedded engine: an append-only log (store/log) as the durable truth, a columnar tail in
/// memory filled from it by one thread, and segments, Parquet files that the tail becomes
/// (docs/formats/segments.md). DuckDB reads tail and segments to answer questions and holds
/// nothing. Nothing a user types reaches it as SQL text but the quoted names of columns; it may
/// load no extension and open no file outside the segments folder. An event is in the log, then in
/// log and tail, then in a segment; log files go when all their events are in segments, and a start
/// replays only what is in none. Opening does that in the background. `append` works at once and
/// never waits for it or for the indexing thread: what has no room among waiting_bytes_max is read
/// back from the log when its turn comes. `select` waits for the replay when that will end within
/// query_timeout, and otherwise says at once how far it is (kUnavailable). Segments that are too
/// old, or make their dataset larger than retention_bytes, are removed, oldest first. Failure: a
/// full disk or a failed write makes `append` return an error, and the store goes on; see EventLog.
/// When segments cannot be written and the tail has reached its bound, `append` is refused (kLimit)
/// until they can; nothing accepted is lost. A segment whose bytes have changed is set aside with
/// an error in the log, and answers come from the rest (DatasetInfo::segments_damaged). Threads: as
/// EventStore.
class DuckDbStore final : public EventStore, public SqlConsole {
 public:
  static base::Result<std::unique_ptr<DuckDbStore>> open(
      DuckDbStoreOptions options, const base::Clock& clock = base::system_clock());
  /// With a folder of the caller's choice, for tests that fail the disk.
  static base::Result<std::unique_ptr<DuckDbStore>> open(DuckDbStoreOptions options,
                                                         std::unique_ptr<LogFolder> folder,
                                                         const base::Clock& clock);
  ~DuckDbStore() override;

  base::Status append(std::span<const event::Event> events) override;
  base::Status append_encoded(event::EncodedBatch batch) override;
  using EventStore::select;
  base::Result<ResultTable> select(const Select& select, const Cancellation& cancellation) override;
  std::vector<DatasetInfo> datasets() override;
  base::Result<std::vector<DatasetColumn>> columns(std::string_view dataset) override;
  StoreStats stats() override;
  base::Result<SqlAnswer> run(const SqlQuestion& question,
                              const Cancellation& cancellation) override;

  /// Waits until every event acknowledged so far, and the replay, can be queried; kTimeout if that
  /// takes longer.
  base::Status wait_until_queryable(std::chrono::nanoseconds timeout);
  /// Waits until every event acknowledged so far is in a segment; kTimeout, or why segments cannot
  /// be written.
  base::Status write_segments(std::chrono::nanoseconds timeout);

 private:
  class Impl;
  explicit DuckDbStore(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace understudy::store
