#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "event/value.h"

namespace understudy::store {
class EventStore;
}

namespace understudy::query {

inline constexpr size_t kSpansMax = 5'000;  // of one trace
inline constexpr size_t kTraceIdBytesMax = 256;

struct TraceRequest {
  std::string trace_id{};
  std::string dataset{};              // empty: every one that has traces
  std::optional<int64_t> start_ns{};  // inclusive; absent: from the oldest event on
  std::optional<int64_t> end_ns{};    // exclusive
};

/// One event of a trace. It begins at `time_ns`.
struct Span {
  std::string dataset{};
  int64_t time_ns = 0;
  std::optional<double> duration_ms{};  // `duration_ms`, when it is a finite number
  std::string name{};                   // `name`, else method and route
  std::string service{};                // `service.name` or `service_name`, else the dataset
  std::string span_id{};                // `trace.span_id`; empty: the event has none
  std::string parent_id{};              // `trace.parent_id`
  /// `error` says so (it exists and is neither false, 0, "" nor "false"), or there is an
  /// `exception.type`, or `success` is 0, or `http.response.status_code` is 500 or more.
  bool error = false;
  std::vector<std::pair<std::string, event::Value>> fields{};  // all it has, by name
};

struct Trace {
  std::string trace_id{};
  std::vector<Span> spans{};  // by time, then as written
  bool truncated = false;     // there are more; the earliest are here
};

/// Finds the events whose `trace.trace_id` is the wanted one. No such event is no error.
/// Failure: kInvalid for an id that is empty or too long, kNotFound for a dataset that is named and
/// not there, the store's errors. Cost: one look through the column of each dataset.
base::Result<Trace> find_trace(store::EventStore& store, const TraceRequest& request);

/// {"trace_id", "spans": [{"dataset", "time", "duration_ms", "name", "service", "span_id",
/// "parent_id", "error", "fields"}], "truncated"}; ids that are missing are null.
std::string render_json(const Trace& trace);

}  // namespace understudy::query
