#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <vector>

#include "base/result.h"
#include "store/duckdb/database.h"
#include "store/duckdb/dataset.h"

namespace understudy::store {

using SegmentRun = std::vector<std::shared_ptr<const Segment>>;

/// Which neighbouring segments are merged next: some that are small, so that a dataset that gets
/// few events does not lie in many files, or, when there are many, full ones. Empty: none.
/// `barriers` are claims of damaged segments, which no merged one may span: their events may come
/// back from the event log. What is merged arrived within `span_max`, since it can only leave
/// together. Pure.
SegmentRun choose_compaction(const SegmentRun& segments, const std::vector<SegmentClaim>& barriers,
                             std::size_t segment_events, std::chrono::nanoseconds span_max);

/// Merges a run into one durable segment, in the order of time, a block of rows at a time.
/// `between` is called after each block, so that more urgent work need not wait; an error from it
/// ends the compaction. Cost: memory for a block and for what the engine reads of each file.
base::Result<std::shared_ptr<const Segment>> compact(Database& database, SegmentFolder& folder,
                                                     Dataset& dataset, const SegmentRun& run,
                                                     std::size_t block_rows,
                                                     const std::function<base::Status()>& between);

}  // namespace understudy::store
