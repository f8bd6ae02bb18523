#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/config_node.h"
#include "store/event_store.h"
#include "store/log/event_log.h"

namespace understudy::store {

struct DuckDbStoreOptions {
  EventLogOptions log = {};                      // log.folder is where everything lives
  std::size_t events_in_memory_max = 2'000'000;  // per dataset; then the oldest eighth goes
  std::uint64_t memory_bytes_max = 2ull << 30;   // DuckDB's memory_limit; near it the oldest goes
  int threads = 2;                               // DuckDB's threads
  std::chrono::nanoseconds query_timeout = std::chrono::seconds(10);
  std::size_t queries_at_once_max = 4;            // further ones wait, within the same timeout
  std::uint64_t waiting_bytes_max = 64ull << 20;  // events kept in memory until they are indexed;
                                                  // what comes after is read back from the log

  /// The `store` section: sync (each_group, interval, none), sync_interval, log_file_bytes_max,
  /// log_bytes_max, log_age_max, events_in_memory_max, memory_bytes_max, threads, query_timeout,
  /// queries_at_once_max. The folder is the caller's to set.
  static base::Result<DuckDbStoreOptions> parse(const base::ConfigNode& node);
};

/// The embedded engine: an append-only log (store/log) as the durable truth, and an in-memory
/// DuckDB database, filled from the log by one thread, that answers questions. DuckDB's own file is
/// not used; nothing a user types reaches it as SQL text; it may load no extension and open no
/// file.
/// Opening replays the log in the background. `append` works at once and never waits for the
/// indexing thread: what has no room among waiting_bytes_max is read back from the log when its
/// turn comes. `select` waits for the replay when that will end within query_timeout, and otherwise
/// says at once how far it is (kUnavailable). Only the newest events of a dataset can be queried,
/// at most events_in_memory_max and no more than fit memory_bytes_max; older ones stay in the log
/// and are counted in `events_aged_out`. Failure: a full disk or a failed write makes `append`
/// return an error, and the store goes on; see EventLog. Threads: as EventStore.
class DuckDbStore final : public EventStore {
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

  /// Waits until every event acknowledged so far, and the replay, can be queried; kTimeout if that
  /// takes longer.
  base::Status wait_until_queryable(std::chrono::nanoseconds timeout);

 private:
  class Impl;
  explicit DuckDbStore(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace understudy::store
