#pragma once

#include <string>

#include "query/query_result.h"

namespace understudy::query {

/// The answer as Honeycomb's query result has it: {"query", "complete": true, "data": {"series":
/// [{"time", "data"}], "results": [{"data"}], "total_by_aggregate": {"data"}}}. Times are RFC 3339.
/// Warnings stand under "warnings" when there are any. Integers beyond 2^53 stay exact; infinities
/// and NaN are null.
std::string render_json(const QueryResult& result);
/// {"columns": [...], "events": [{"time": RFC 3339 with nanoseconds, "data": {...}}], "more": bool}
std::string render_json(const RawEvents& events);

}  // namespace understudy::query
