#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "event/batch.h"
#include "event/event.h"
#include "store/cancellation.h"
#include "store/select.h"

namespace understudy::store {

/// Columns one dataset can have; an event's further fields are dropped and counted.
inline constexpr std::size_t kColumnsPerDatasetMax = 2'000;
/// Datasets one store can have; events for further ones are refused.
inline constexpr std::size_t kDatasetsMax = 1'000;

struct DatasetInfo {
  std::string name;
  std::uint64_t events = 0;  // that can be queried now
  std::size_t columns = 0;
  std::int64_t time_min_ns = 0;  // of the events that can be queried
  std::int64_t time_max_ns = 0;
  /// Of events that left the queryable set, the newest: an answer about a time from then or before
  /// is not complete. Absent while nothing has left.
  std::optional<std::int64_t> aged_out_until_ns = {};
  /// Files of events that were damaged and set aside: answers are from the rest.
  std::uint64_t segments_damaged = 0;
};

struct DatasetColumn {
  std::string name;
  std::vector<event::Type> types;  // every type it was seen with, without null
};

/// Counters since the store was opened, for operators. None of these losses is silent.
struct StoreStats {
  std::uint64_t events_appended = 0;   // acknowledged
  std::uint64_t events_queryable = 0;  // of all datasets
  std::uint64_t events_waiting = 0;    // acknowledged, not queryable yet
  std::uint64_t waiting_bytes = 0;     // memory that holds such events; the rest of them is on disk
  std::uint64_t replay_events = 0;     // found in the log at open
  std::uint64_t replay_events_done = 0;  // of them, read so far
  std::uint64_t events_aged_out = 0;     // removed by retention, or never queryable
  std::uint64_t fields_dropped = 0;      // beyond kColumnsPerDatasetMax
  std::uint64_t append_failures = 0;     // appends that returned an error
  std::int64_t failing_since_ns = 0;     // unix time since when nothing can be stored; 0: it can
  std::string failing_with = {};         // why
  std::uint64_t log_bytes = 0;           // on disk
  std::uint64_t log_files = 0;
  std::uint64_t log_bytes_cut = 0;       // torn tail cut off at open
  std::uint64_t log_bytes_damaged = 0;   // bytes no record could be read from
  std::uint64_t log_ranges_damaged = 0;  // how many such stretches
  std::uint64_t tail_bytes = 0;          // memory of events that are not in segments yet
  std::uint64_t segments = 0;            // files of events
  std::uint64_t segment_bytes = 0;
  std::uint64_t segments_written = 0;
  std::uint64_t segments_merged = 0;   // into others
  std::uint64_t segments_damaged = 0;  // set aside
};

/// Keeps events and answers questions about them. The one seam between what makes events and what
/// reads them.
/// Failure: every call returns its error; no call throws. Ownership: copies what it is given.
/// Threads: every function may be called at once from any number of threads.
class EventStore {
 public:
  virtual ~EventStore() = default;

  /// Takes all of `events` or none. Returns when they are durable (as far as the engine and its
  /// sync option are), which may take milliseconds: never call it from a data thread. They can be
  /// queried at once (memory) or within 2 seconds (duckdb). After an error none of them counts as
  /// taken, and a later call may succeed.
  virtual base::Status append(std::span<const event::Event> events) = 0;
  /// The same of events that are bytes already, by this process's column numbers: for who has many.
  /// Unless an engine knows better, they are decoded first.
  virtual base::Status append_encoded(event::EncodedBatch batch);

  /// Answers one question. A dataset or column nobody wrote to is not an error: it has no events.
  /// kInvalid when `validate` refuses, kTimeout and kLimit at the engine's bounds, kUnavailable as
  /// long as the engine is still reading what it holds: an answer is about all of it or is refused.
  /// kCancelled soon after `cancellation` is cancelled, also while it waits for its turn.
  virtual base::Result<ResultTable> select(const Select& select,
                                           const Cancellation& cancellation) = 0;
  /// For who waits for the answer whatever happens.
  base::Result<ResultTable> select(const Select& select) { return this->select(select, {}); }

  /// The datasets by name.
  virtual std::vector<DatasetInfo> datasets() = 0;

  /// The columns of a dataset by name; kNotFound for an unknown dataset.
  virtual base::Result<std::vector<DatasetColumn>> columns(std::string_view dataset) = 0;

  virtual StoreStats stats() = 0;
};

/// What a cancelled question is answered with.
base::Error cancelled_query();

/// Since when the store has every event of a dataset that falls into a time starting at `start_ns`:
/// nullopt when all of them can be queried, else the moment from which on they can.
std::optional<std::int64_t> complete_since(EventStore& store, std::string_view dataset,
                                           std::int64_t start_ns);

}  // namespace understudy::store
