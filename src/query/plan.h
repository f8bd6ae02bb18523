#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "query/query_result.h"
#include "query/query_spec.h"
#include "query/time_window.h"
#include "store/select.h"

namespace understudy::query {

/// What is asked of the store for the groups of a specification, and how its numbers become cells.
struct GroupPlan {
  /// Breakdowns, aggregates, formulas, havings, orders and limit over the whole window. Without
  /// orders the first calculation that is one number per group decides, largest first, as Honeycomb
  /// shows it. Set `bucket_ns` on it to get the series of the same groups, `rest` for the others.
  store::Select groups{};
  /// For each column of an answer after the breakdowns: which of the store's numbers (aggregates,
  /// then formulas) it is.
  std::vector<size_t> numbers{};
  /// Of those columns, the ones that are differences between buckets.
  std::vector<bool> rates{};

  /// The same numbers over all events, without breakdowns.
  store::Select total() const;
};

GroupPlan plan_groups(const QuerySpec& spec, std::string_view dataset, const TimeWindow& window);
/// The same with the histogram of the one HEATMAP of the specification, when there is exactly one,
/// so that few groups and their heatmaps take one pass; its place among the aggregates.
struct HeatmapPlan {
  GroupPlan plan;
  size_t histogram = 0;
};
std::optional<HeatmapPlan> plan_groups_with_heatmap(const QuerySpec& spec, std::string_view dataset,
                                                    const TimeWindow& window);
/// What counts a HEATMAP.
store::Aggregate plan_histogram(const Calculation& calculation, const TimeWindow& window);

/// The events of a specification: dataset, window and filters, nothing asked of them yet.
store::Select plan_events(const QuerySpec& spec, std::string_view dataset,
                          const TimeWindow& window);

/// Only events of the groups in `rows` (breakdowns first). Groups of an equal number of the other
/// type slip in, so that a question about them needs room for more: only_groups_limit.
/// Failure: kLimit when they are too many for one filter.
base::Result<store::Filter> plan_only_groups(const QuerySpec& spec, const std::vector<Row>& rows);
size_t only_groups_limit(size_t groups);

/// Conditions joined by the combination; no condition matches everything.
store::Filter plan_filter(const std::vector<Filter>& filters, FilterCombination combination);

}  // namespace understudy::query
