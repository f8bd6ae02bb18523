#include "app/cli/query_answer.h"

#include <optional>
#include <utility>

#include "base/text.h"
#include "flags/value.h"
#include "query/query_spec.h"
#include "query/rfc3339.h"

namespace understudy::app {
namespace {

using flags::Value;

base::Error not_an_answer(std::string_view what) {
  return base::error(base::ErrorKind::kProtocol,
                     base::cat("the server's answer is not that of a query: ", what));
}

event::Value cell_of(const Value* value) {
  if (value == nullptr || value->is_null()) return {};
  if (value->is_bool()) return event::Value(value->as_bool());
  if (value->is_integer()) return event::Value(value->as_integer());
  if (value->is_number()) return event::Value(value->as_number());
  return event::Value(value->as_string());
}

query::Row row_of(const Value& data, const std::vector<std::string>& columns) {
  query::Row row;
  for (const std::string& column : columns) row.push_back(cell_of(data.find(column)));
  return row;
}

/// The nested member, or a null value.
const Value& member(const Value& object, std::string_view name) {
  static const Value kNone;
  const Value* found = object.find(name);
  return found == nullptr ? kNone : *found;
}

std::vector<std::string> warnings(const Value& answer) {
  std::vector<std::string> out;
  for (const Value& one : member(answer, "warnings").as_list()) out.push_back(one.as_string());
  return out;
}

/// As QueryResult::complete_since_ns, to the second.
std::optional<int64_t> complete_since(const Value& answer) {
  const auto time_s = query::parse_rfc3339(member(answer, "complete_since").as_string());
  if (!time_s) return std::nullopt;
  return *time_s * 1'000'000'000;
}

}  // namespace

base::Result<query::QueryResult> read_query_answer(std::string_view json) {
  const auto parsed = flags::parse_json(json, json.size());
  if (!parsed.ok()) return not_an_answer(parsed.error().context);
  const Value& spec = member(*parsed, "query");
  const Value& data = member(*parsed, "data");
  if (!spec.is_object() || !data.is_object()) return not_an_answer("\"query\" or \"data\" missing");
  query::QueryResult result;
  auto read = query::QuerySpec::parse(flags::to_json(spec));
  if (!read.ok()) return not_an_answer(read.error().context);
  result.spec = *std::move(read);
  result.window = {.start_s = member(spec, "start_time").as_integer(),
                   .end_s = member(spec, "end_time").as_integer(),
                   .granularity_s = member(spec, "granularity").as_integer()};
  result.columns = query::result_columns(result.spec);
  result.breakdowns = result.spec.breakdowns.size();
  for (const Value& row : member(data, "results").as_list()) {
    result.results.push_back(row_of(member(row, "data"), result.columns));
  }
  for (const Value& point : member(data, "series").as_list()) {
    const auto time_s = query::parse_rfc3339(member(point, "time").as_string());
    if (!time_s) return not_an_answer("a time of the series");
    result.series.push_back({*time_s, row_of(member(point, "data"), result.columns)});
  }
  if (const Value* other = data.find("other_by_aggregate")) {
    result.other = row_of(member(*other, "data"), result.columns);
  }
  result.total = row_of(member(member(data, "total_by_aggregate"), "data"), result.columns);
  result.groups_cut = member(*parsed, "groups_cut").as_bool();
  result.series_cut = member(*parsed, "series_cut").as_bool();
  result.elapsed_us = member(*parsed, "elapsed_us").as_integer();
  result.complete_since_ns = complete_since(*parsed);
  result.warnings = warnings(*parsed);
  return result;
}

base::Result<query::RawEvents> read_events_answer(std::string_view json) {
  const auto parsed = flags::parse_json(json, json.size());
  if (!parsed.ok()) return not_an_answer(parsed.error().context);
  query::RawEvents events;
  for (const Value& column : member(*parsed, "columns").as_list()) {
    events.columns.push_back(column.as_string());
  }
  for (const Value& event : member(*parsed, "events").as_list()) {
    const std::string& time = member(event, "time").as_string();
    const auto time_s = query::parse_rfc3339(time);
    if (!time_s) return not_an_answer("the time of an event");
    // The reader keeps whole seconds; the nine digits after the point are ours.
    const size_t point = time.find('.');
    int64_t fraction_ns = 0;
    if (point != std::string::npos && time.size() > point + 9) {
      fraction_ns = base::parse_int64(time.substr(point + 1, 9)).value_or(0);
    }
    events.times_ns.push_back(*time_s * 1'000'000'000 + fraction_ns);
    events.rows.push_back(row_of(member(event, "data"), events.columns));
  }
  events.more = member(*parsed, "more").as_bool();
  events.complete_since_ns = complete_since(*parsed);
  events.warnings = warnings(*parsed);
  return events;
}

}  // namespace understudy::app
