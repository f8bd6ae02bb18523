#pragma once

#include <string>
#include <string_view>

#include "query/query_result.h"

namespace understudy::query {

/// Results as CSV (RFC 4180: CRLF lines, a header line, quotes doubled). Text cells that a
/// spreadsheet would run as a formula (they start with = + - @ tab or CR) get a leading apostrophe;
/// numbers are never touched. Null is an empty cell, an empty text is "".
std::string render_csv(const QueryResult& result);
/// The same with a `time` column in front (RFC 3339), one line per (bucket, group).
std::string render_series_csv(const QueryResult& result);
std::string render_csv(const RawEvents& events);
/// One text cell as above.
void append_csv_text(std::string& out, std::string_view text);

}  // namespace understudy::query
