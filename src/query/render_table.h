#pragma once

#include <cstddef>
#include <string>

#include "query/query_result.h"

namespace understudy::query {

/// How wide a table may become.
struct TableOptions {
  size_t cell_width_max = 48;  // longer cells are cut and marked with "…"
};

/// Results as a text table: numbers right-aligned, a total line when there is more than one group,
/// and one line about the window. Control characters in values are shown as \xNN, so a stored value
/// cannot drive the terminal. Ends in a newline.
std::string render_table(const QueryResult& result, const TableOptions& options = {});
std::string render_table(const RawEvents& events, const TableOptions& options = {});

}  // namespace understudy::query
