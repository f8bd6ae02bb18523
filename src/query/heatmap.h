#pragma once

#include <map>
#include <string_view>

#include "base/result.h"
#include "query/query_result.h"
#include "query/row_order.h"
#include "store/histogram.h"

namespace understudy::store {
class EventStore;
}

namespace understudy::query {

/// Groups a heatmap is drawn for, the first of `results`.
inline constexpr size_t kHeatmapGroupsMax = 20;

/// What was counted, by group.
using Histograms = std::map<Row, store::Histogram, RowBefore>;

/// Fills `result.heatmaps` for every HEATMAP calculation of `result.spec` and the groups in
/// `result.results`. One pass over the events for each calculation: the bins are chosen after
/// counting (store/histogram.h), and are the same for all groups of a calculation.
/// `counted` has the histograms of the one HEATMAP there is when they are counted already.
/// Failure: the store's errors.
base::Status add_heatmaps(store::EventStore& store, std::string_view dataset,
                          const Histograms* counted, QueryResult& result);

}  // namespace understudy::query
