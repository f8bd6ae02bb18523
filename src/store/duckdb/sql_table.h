#pragma once

#include <string>

#include "base/result.h"
#include "store/duckdb/dataset_view.h"
#include "store/segment/segment_folder.h"
#include "store/sql_process/frame_channel.h"

namespace understudy::store {

/// The SQL that makes a dataset's table for a person's statement (a temporary view of its name).
/// Names that differ in case only are one to DuckDB: the later ones get a number.
std::string sql_table(const std::string& dataset, const TableView& view);

/// Writes the tail of a view as a file in memory, laid out as a segment is, and puts a segment of
/// that file under `path` in the place of the view's blocks. Not open when the view has no blocks.
/// Cost: as writing a segment, about 1 us for an event of 40 columns.
base::Result<Descriptor> move_tail_to_file(TableView& view, SegmentFolder& folder,
                                           const std::string& path);

}  // namespace understudy::store
