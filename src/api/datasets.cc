#include <string>
#include <utility>
#include <vector>

#include "api/error_response.h"
#include "api/resources.h"
#include "base/text.h"
#include "event/columns.h"
#include "query/rfc3339.h"

namespace understudy::api {
namespace {

using base::cat;
using base::Result;
using flags::Value;

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
    list.push_back(std::move(shown));
  }
  return json_response(Value::Object{{"datasets", std::move(list)}});
}

Result<Response> list_columns(const Dependencies& dependencies, const Call& call) {
  const std::string_view dataset = call.path("dataset");
  Result<std::vector<store::DatasetColumn>> columns = dependencies.events.columns(dataset);
  if (!columns.ok()) {
    if (columns.error().kind != base::ErrorKind::kNotFound) return columns.error();
    const std::vector<store::DatasetInfo> known = dependencies.events.datasets();
    std::vector<std::string_view> names;
    for (const store::DatasetInfo& one : known) names.push_back(one.name);
    const std::string_view meant = base::nearest(dataset, names);
    return base::error(base::ErrorKind::kNotFound,
                       cat("there is no dataset '", base::printable(dataset), "' yet",
                           meant.empty() ? std::string() : cat("; did you mean '", meant, "'?")));
  }
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

}  // namespace

Routes dataset_routes(const Dependencies& dependencies) {
  return {{.method = "GET",
           .path = "/api/datasets",
           .handle = [&](const Call&) { return list_datasets(dependencies); }},
          {.method = "GET",
           .path = "/api/datasets/{dataset}/columns",
           .handle = [&](const Call& call) { return list_columns(dependencies, call); }}};
}

}  // namespace understudy::api
