#pragma once

#include <string_view>

#include "query/query_spec.h"
#include "query/time_window.h"
#include "store/select.h"

namespace understudy::query {

/// The store's question for the groups of a specification: breakdowns, calculations, havings,
/// orders and limit over the whole window. Without orders the first calculation decides, largest
/// first, as Honeycomb shows it. Set `bucket_ns` on it to get the series of the same groups.
store::Select plan_groups(const QuerySpec& spec, std::string_view dataset,
                          const TimeWindow& window);

/// The same numbers over all events, without breakdowns.
store::Select plan_total(const QuerySpec& spec, std::string_view dataset, const TimeWindow& window);

/// Conditions joined by the combination; no condition matches everything.
store::Filter plan_filter(const std::vector<Filter>& filters, FilterCombination combination);

}  // namespace understudy::query
