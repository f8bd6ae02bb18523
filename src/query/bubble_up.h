#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "event/value.h"
#include "query/query_spec.h"

namespace understudy::store {
class EventStore;
}

namespace understudy::query {

/// Which events of a query stand out: a rectangle of a heatmap, or some filters, or both.
struct Selection {
  std::optional<double> start_time_s{};  // Unix seconds, inclusive
  std::optional<double> end_time_s{};    // exclusive
  std::string column{};                  // of `min` and `max`; empty: none
  std::optional<double> min{};           // inclusive
  std::optional<double> max{};           // inclusive
  std::vector<Filter> filters{};
  FilterCombination filter_combination = FilterCombination::kAnd;
};

struct BubbleUpRequest {
  static constexpr size_t kColumnsMax = 2'000;
  static constexpr int64_t kLimitMax = 200;

  std::string dataset{};
  QuerySpec query{};  // time fields, filters and calculated fields; the rest has no meaning here
  Selection selection{};
  std::vector<std::string> columns{};  // empty: all but those the selection is made of
  int64_t limit = 20;

  /// {"dataset", "query": {...}, "selection": {"start_time", "end_time", "column", "min", "max",
  /// "filters", "filter_combination"}, "columns", "limit"}. Every error names its field.
  static base::Result<BubbleUpRequest> parse(std::string_view json);
};

/// A value of a dimension and how many events have it, by sample rate.
struct ValueShares {
  event::Value value{};
  double selection = 0;  // share of the selected events
  double baseline = 0;
  int64_t selection_count = 0;
  int64_t baseline_count = 0;
};

/// How one column differs between the selection and the rest.
struct ColumnDifference {
  std::string column{};
  bool measure = false;  // numbers in bins; else a dimension, value by value
  double score = 0;      // 0 to 1; 0 is what chance alone may give
  double distance = 0;   // 0 to 1; the same before what chance may give is taken off
  double missing_selection = 0;
  double missing_baseline = 0;

  std::vector<ValueShares> values{};  // the largest first
  double other_selection = 0;
  double other_baseline = 0;

  std::vector<double> edges{};  // as in a heatmap
  std::vector<double> selection{};
  std::vector<double> baseline{};
};

struct BubbleUp {
  int64_t selected = 0;   // events, by sample rate, exactly
  int64_t baseline = 0;   // all others of the query
  int64_t looked_at = 0;  // stored events whose columns were read
  bool sampled = false;   // not all were: shares and counts of values are estimates
  std::vector<ColumnDifference> columns{};  // the most different first
};

/// Compares every column between the selected events and the rest (docs/query.md says how). Two
/// counts give their numbers; then one pass reads the columns of all events, or of some chosen at
/// random where there are more than kBubbleUpRowsMax of either. Memory is bounded by those rows and
/// kBubbleUpColumnsAtOnce columns; more columns take more passes.
/// Failure: the store's errors; kInvalid for a bad window. Threads: as `store`.
base::Result<BubbleUp> bubble_up(store::EventStore& store, const BubbleUpRequest& request,
                                 const base::Clock& clock);

inline constexpr int64_t kBubbleUpRowsMax = 20'000;  // of the selection, and of the rest
inline constexpr size_t kBubbleUpColumnsAtOnce = 60;

/// As docs/api.md has it.
std::string render_json(const BubbleUp& found);

}  // namespace understudy::query
