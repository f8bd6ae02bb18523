#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "api/cancellable_handler.h"
#include "api/error_response.h"
#include "api/resources.h"
#include "api/table_json.h"
#include "base/text.h"
#include "event/columns.h"
#include "query/rfc3339.h"

namespace understudy::api {
namespace {

using base::cat;
using base::Result;
using flags::Value;

constexpr int64_t kValuesDefault = 20;
constexpr int64_t kValuesMax = 1'000;

Result<Response> list_datasets(const Dependencies& dependencies) {
  Value::List list;
  for (const store::DatasetInfo& dataset : dependencies.events.datasets()) {
    Value shown = Value::Object{{"name", dataset.name},
                                {"events", static_cast<int64_t>(dataset.events)},
                                {"columns", static_cast<int64_t>(dataset.columns)}};
    if (dataset.events > 0) {
      shown.set("first_time", query::rfc3339_nanoseconds(dataset.time_min_ns));
      shown.set("last_time", query::rfc3339_nanoseconds(dataset.time_max_ns));
    }
    if (dataset.segments_damaged > 0) {
      shown.set("segments_damaged", static_cast<int64_t>(dataset.segments_damaged));
    }
    list.push_back(std::move(shown));
  }
  return json_response(Value::Object{{"datasets", std::move(list)}});
}

/// Names the nearest one, when there is no such dataset.
base::Error no_dataset(const Dependencies& dependencies, std::string_view dataset,
                       const base::Error& failure) {
  if (failure.kind != base::ErrorKind::kNotFound) return failure;
  const std::vector<store::DatasetInfo> known = dependencies.events.datasets();
  std::vector<std::string_view> names;
  for (const store::DatasetInfo& one : known) names.push_back(one.name);
  const std::string_view meant = base::nearest(dataset, names);
  return base::error(base::ErrorKind::kNotFound,
                     cat("there is no dataset '", base::printable(dataset), "' yet",
                         meant.empty() ? std::string() : cat("; did you mean '", meant, "'?")));
}

Result<Response> list_columns(const Dependencies& dependencies, const Call& call) {
  const std::string_view dataset = call.path("dataset");
  Result<std::vector<store::DatasetColumn>> columns = dependencies.events.columns(dataset);
  if (!columns.ok()) return no_dataset(dependencies, dataset, columns.error());
  Value::List list;
  for (const store::DatasetColumn& column : *columns) {
    Value::List types;
    for (const event::Type type : column.types) types.push_back(event::name(type));
    Value shown = Value::Object{{"name", column.name}, {"types", std::move(types)}};
    const auto handle = event::Column::find(column.name);
    const event::ColumnInfo* info = handle ? event::built_in_column(*handle) : nullptr;
    if (info != nullptr) {
      shown.set("meaning", info->meaning);
      if (!info->unit.empty()) shown.set("unit", info->unit);
    }
    list.push_back(std::move(shown));
  }
  return json_response(Value::Object{{"dataset", dataset}, {"columns", std::move(list)}});
}

/// The most frequent values of a column, for completing what somebody types.
Result<Response> list_values(const Dependencies& dependencies, const Call& call) {
  const std::string_view dataset = call.path("dataset");
  const std::string column(call.path("column"));
  TRY_ASSIGN(const int64_t limit, call.query_int("limit", 1, kValuesMax, kValuesDefault));
  Result<std::vector<store::DatasetColumn>> columns = dependencies.events.columns(dataset);
  if (!columns.ok()) return no_dataset(dependencies, dataset, columns.error());
  std::vector<std::string_view> names;
  for (const store::DatasetColumn& one : *columns) names.push_back(one.name);
  if (std::find(names.begin(), names.end(), column) == names.end()) {
    const std::string_view meant = base::nearest(column, names);
    return base::error(
        base::ErrorKind::kNotFound,
        cat("'", base::printable(dataset), "' has no column '", base::printable(column), "'",
            meant.empty() ? std::string() : cat("; did you mean '", meant, "'?")));
  }
  store::Select select;
  select.dataset = std::string(dataset);
  select.filter = store::test(column, store::FilterOp::kExists);
  const std::string_view prefix = call.query("prefix").value_or(std::string_view());
  if (!prefix.empty()) {
    select.filter = store::test(column, store::FilterOp::kStartsWith, {event::Value(prefix)});
  }
  select.group_by = {column};
  select.aggregates = {{.kind = store::AggregateKind::kCount}};
  select.order = {{.by = store::Order::By::kAggregate, .index = 0, .descending = true}};
  select.limit = static_cast<size_t>(limit);
  TRY_ASSIGN(const store::ResultTable table, dependencies.events.select(select));
  Value::List values;
  for (size_t row = 0; row < table.rows.size(); ++row) {
    values.push_back(Value::Object{{"value", cell_json(table.rows[row][0])},
                                   {"count", cell_json(table.rows[row][1])}});
  }
  return json_response(Value::Object{{"dataset", dataset},
                                     {"column", column},
                                     {"values", std::move(values)},
                                     {"truncated", table.truncated}});
}

}  // namespace

Routes dataset_routes(const Dependencies& dependencies) {
  return {{.method = "GET",
           .path = "/api/datasets",
           .handle = [&](const Call&) { return list_datasets(dependencies); }},
          {.method = "GET",
           .path = "/api/datasets/{dataset}/columns",
           .handle = [&](const Call& call) { return list_columns(dependencies, call); }},
          {.method = "GET",
           .path = "/api/datasets/{dataset}/columns/{column}/values",
           .parameters = {"prefix", "limit"},
           .handle = cancellable(dependencies, list_values),
           .work = Work::kQueries}};
}

}  // namespace understudy::api
