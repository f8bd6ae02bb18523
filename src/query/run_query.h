#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "query/query_result.h"
#include "query/query_spec.h"

namespace understudy::store {
class EventStore;
}

namespace understudy::query {

/// Runs a specification against one dataset. One store query for the groups, one for the total, one
/// for the series (only the groups found, so that a bucket never names a group `results` lacks).
/// `clock` decides what "the last two hours" are and measures elapsed_us.
/// Failure: the store's errors; a bad time window. An unknown column is no error: it is absent in
/// every event, as columns appear when first seen. Threads: as `store`.
base::Result<QueryResult> run_query(store::EventStore& store, std::string_view dataset,
                                    const QuerySpec& spec, const base::Clock& clock);

/// Asks for events themselves rather than numbers about them.
struct RawQuery {
  static constexpr int64_t kRowsMax = 10'000;

  std::vector<std::string> columns{};  // empty: every column of the dataset
  int64_t limit = 100;                 // 1..kRowsMax
  QuerySpec scope{};                   // filters and time fields are used; the rest must be default
};

base::Result<RawEvents> run_raw_query(store::EventStore& store, std::string_view dataset,
                                      const RawQuery& query, const base::Clock& clock);

}  // namespace understudy::query
