#pragma once

#include <string_view>

#include "base/result.h"
#include "query/query_result.h"

namespace understudy::app {

/// Reads an answer of POST /api/query back into what the renderers take. The Error says that the
/// server answered something else. Pure.
base::Result<query::QueryResult> read_query_answer(std::string_view json);
/// The same for an answer with events.
base::Result<query::RawEvents> read_events_answer(std::string_view json);

}  // namespace understudy::app
