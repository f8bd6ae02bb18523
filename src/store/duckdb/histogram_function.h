#pragma once

#include <duckdb.h>

#include "base/result.h"

namespace understudy::store {

/// The name of an aggregate function for our own SQL: the bytes of a Histogram.
/// (time BIGINT, value DOUBLE, other BOOLEAN, weight BIGINT, bucket BIGINT) -> BLOB: a null value
/// with `other` counts as not a number, without it not at all. Never null. With (time, value,
/// bucket) alone every event counts once and there are no others.
inline constexpr const char* kHistogramFunction = "understudy_histogram";

/// The same, for queries with few groups: fails when all of them together hold more than some
/// hundred histograms.
inline constexpr const char* kFewHistogramsFunction = "understudy_few_histograms";

/// Makes both known to the whole database of the connection.
base::Status register_histogram_function(duckdb_connection connection);

}  // namespace understudy::store
