#pragma once

#include <cstdint>

#include "base/result.h"
#include "query/query_spec.h"

namespace understudy::query {

/// The moments a query covers, [start, end) in Unix seconds, and the width of its time buckets.
struct TimeWindow {
  int64_t start_s = 0;
  int64_t end_s = 0;
  int64_t granularity_s = 1;

  int64_t duration_s() const { return end_s - start_s; }
  /// The buckets the series has; they start at multiples of the granularity, so the first and last
  /// may be partly outside the window.
  int64_t bucket_count() const;
};

/// Applies the rules of Honeycomb's time fields: time_range (default 7,200 s) ends now, or
/// reaches from start_time forward, or back from end_time; start_time and end_time together need no
/// range, and all three together are an error. The granularity g of a window of T seconds lies
/// within T/1000 <= g <= T; absent or 0 is the smallest step of the user interface (1, 5, 10, 15,
/// 30, 60, ... 604800 s) that gives at most 120 buckets.
base::Result<TimeWindow> resolve_time_window(const QuerySpec& spec, int64_t now_s);

}  // namespace understudy::query
