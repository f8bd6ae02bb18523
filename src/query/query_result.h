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

/// The same question about an earlier window of the same length. Times are shifted onto the main
/// one. The groups are those of the main answer that had events then; when that has all its groups,
/// those that only were there then follow.
struct Comparison {
  int64_t offset_s = 0;
  std::vector<Row> results{};
  std::vector<SeriesPoint> series{};
  Row total{};  // empty when it was not asked for
  std::optional<int64_t> complete_since_ns{};
};

/// Time x value of one HEATMAP calculation and one group. Bin i of a time holds the events, by
/// sample rate, whose value is in [edges[i], edges[i + 1]), in the last bin up to and with its end.
struct Heatmap {
  std::string key{};
  std::string column{};
  Row group{};                  // one cell per breakdown
  bool logarithmic = false;     // how the edges were chosen, and how an axis should show them
  std::vector<double> edges{};  // the same for all groups of a calculation; empty without numbers
  std::vector<int64_t> times_s{};              // the buckets that have events, ascending
  std::vector<std::vector<int64_t>> counts{};  // per time, per bin
  int64_t total = 0;                           // events in the bins
  int64_t not_numbers = 0;  // events whose value is text, a bool, NaN or infinite
};

/// What a query found. Immutable; owns its data.
struct QueryResult {
  QuerySpec spec{};  // as run
  TimeWindow window{};
  std::vector<std::string> columns{};  // breakdowns first, then calculation keys
  size_t breakdowns = 0;               // how many of the columns are breakdowns
  std::vector<Row> results{};          // one row per group, ordered and limited
  std::vector<SeriesPoint> series{};   // (bucket x group) for the groups in `results`, by time
  Row total{};  // over all events, breakdown cells are null; empty when it was not asked for
  std::vector<SeriesPoint> total_series{};  // the same by time bucket
  /// Over all events whose groups are not in `results`; absent when there are no such groups.
  std::optional<Row> other{};
  std::vector<Heatmap> heatmaps{};
  bool heatmaps_cut = false;  // of some groups there is none
  std::optional<Comparison> comparison{};
  bool groups_cut = false;  // more groups existed than `limit`
  bool series_cut = false;  // more (bucket x group) points existed than the store gives
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
