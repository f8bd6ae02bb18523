#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "event/value.h"
#include "query/query_spec.h"
#include "query/time_window.h"

namespace understudy::query {

/// One group's numbers, in the order of QueryResult::columns. A number without any event behind it
/// (AVG of nothing) is null.
using Row = std::vector<event::Value>;

/// The numbers of one group in one time bucket.
struct SeriesPoint {
  int64_t time_s = 0;  // start of the bucket, Unix seconds
  Row cells{};
};

/// What a query found. Immutable; owns its data.
struct QueryResult {
  QuerySpec spec{};  // as run
  TimeWindow window{};
  std::vector<std::string> columns{};  // breakdowns first, then calculation keys
  size_t breakdowns = 0;               // how many of the columns are breakdowns
  std::vector<Row> results{};          // one row per group, ordered and limited
  std::vector<SeriesPoint> series{};   // (bucket x group) for the groups in `results`, by time
  Row total{};                         // calculations over all groups; breakdown cells are null
  bool groups_cut = false;             // more groups existed than `limit`
  bool series_cut = false;             // more (bucket x group) points existed than the store gives
  /// Set when the window begins before the oldest events the store still has: only from this
  /// moment on are all of them there. Unix ns.
  std::optional<int64_t> complete_since_ns{};
  int64_t elapsed_us = 0;
  std::vector<std::string> warnings{};  // sentences a person should see beside the numbers
};

/// Raw events, newest first.
struct RawEvents {
  std::vector<std::string> columns{};
  std::vector<int64_t> times_ns{};  // one per row
  std::vector<Row> rows{};          // cells in the order of `columns`; absent fields are null
  bool more = false;                // older events matched too
  std::optional<int64_t> complete_since_ns{};  // as above, of what was looked through
  std::vector<std::string> warnings{};         // as above
};

}  // namespace understudy::query
