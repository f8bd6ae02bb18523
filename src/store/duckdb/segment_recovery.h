#pragma once

#include <cstdint>
#include <vector>

#include "base/result.h"
#include "store/duckdb/datasets.h"
#include "store/segment/segment_folder.h"

namespace understudy::store {

/// What was found at opening.
struct RecoveredSegments {
  std::uint64_t segments = 0;
  std::uint64_t damaged = 0;    // set aside now
  std::uint64_t leftovers = 0;  // of a compaction or a removal that did not end, removed now
};

/// The number after the last event any file in the folder speaks of: from its name alone.
std::uint64_t end_of_claims(const std::vector<SegmentFolder::DatasetFiles>& files);

/// Gives every dataset its segments. Of what a killed process left behind it keeps each event once:
/// a segment within another one's claim is a leftover of a compaction and is removed, when the
/// other one's checksum holds; one below a `gone` marker likewise. What is no segment although it
/// is called one is set aside (*.damaged) with an error in the log; if its events are still in the
/// event log, they come from there.
RecoveredSegments recover_segments(SegmentFolder& folder,
                                   const std::vector<SegmentFolder::DatasetFiles>& files,
                                   Datasets& datasets);

}  // namespace understudy::store
