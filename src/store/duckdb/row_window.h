#pragma once

#include "store/duckdb/database.h"
#include "store/duckdb/dataset_view.h"
#include "store/select.h"

namespace understudy::store {

/// A question for raw rows reads every column, of every event, to keep the newest hundred. So it is
/// asked first, of the time and the filter's columns alone, in which time those lie; the question
/// for the rows then opens few files.

/// Whether that pays: raw rows in the order of time, over more events than are read at once anyway.
bool has_row_window(const Select& select, const TableView& view);
/// One row with one BIGINT: the time of the last row wanted; null when there are no rows.
Sql row_window(const Select& select, const TableView& view);
/// The select, about no more than the time from the last row wanted on (or up to it).
Select within_row_window(Select select, std::int64_t last_ns);

}  // namespace understudy::store
