#include "api/errors.h"

#include <algorithm>
#include <map>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "api/cancellable_handler.h"
#include "api/error_response.h"
#include "api/mode.h"
#include "api/resources.h"
#include "api/table_json.h"
#include "event/event.h"

namespace understudy::api {
namespace {

using base::Result;
using flags::Value;

/// How far back the newest time and message of a group are looked for.
constexpr size_t kNewestMax = 500;
constexpr size_t kGroupsMax = 200;
constexpr size_t kGroupsDefault = 50;
constexpr size_t kExamplesDefault = 20;

store::Select in_window(const MigrationNow& migration, const EvidenceWindow& window) {
  store::Select select;
  select.dataset = std::string(event::kErrors);
  select.start_ns = window.span.start_ns;
  select.end_ns = window.span.end_ns;
  select.filter = store::all_of({store::test("evaluation.migration", store::FilterOp::kEqual,
                                             {event::Value(migration.facts.name)})});
  return select;
}

/// Side, type, place and route, as they stand at `first` in a row.
using GroupKey = std::tuple<std::string, std::string, std::string, std::string>;
GroupKey key_of(const std::vector<event::Value>& row, size_t first) {
  const auto text = [&](size_t i) { return std::string(cell_text(row[first + i])); };
  return {text(0), text(1), text(2), text(3)};
}

Result<Response> get_errors(const Dependencies& dependencies, const Call& call) {
  const auto migration = dependencies.migrations.find(call.path("name"));
  if (!migration) return check_migration(dependencies, call.path("name")).error();
  TRY_ASSIGN(const int64_t groups, call.query_int("groups", 0, kGroupsMax, kGroupsDefault));
  TRY_ASSIGN(const int64_t limit, call.query_int("limit", 0, kNewestMax, kExamplesDefault));
  TRY_ASSIGN(const EvidenceWindow window, evidence_window(dependencies, *migration, call));
  TRY_ASSIGN(const Value shown,
             errors_json(dependencies, *migration, window, static_cast<size_t>(groups),
                         static_cast<size_t>(limit)));
  return json_response(shown);
}

}  // namespace

Result<Value> errors_json(const Dependencies& dependencies, const MigrationNow& migration,
                          const EvidenceWindow& window, size_t groups_max, size_t examples_max) {
  store::Select by_group = in_window(migration, window);
  by_group.group_by = {"error.side", "exception.type", "error.where", "http.route"};
  by_group.aggregates = {{.kind = store::AggregateKind::kCount}};
  by_group.order = {{.by = store::Order::By::kAggregate, .index = 0, .descending = true}};
  by_group.limit = kGroupsMax;
  TRY_ASSIGN(const store::ResultTable table, dependencies.events.select(by_group));

  store::Select newest = in_window(migration, window);
  newest.row_columns = {"error.side",        "exception.type", "error.where",    "http.route",
                        "exception.message", "evaluation.id",  "evaluation.mode"};
  newest.limit = kNewestMax;
  TRY_ASSIGN(const store::ResultTable rows, dependencies.events.select(newest));

  store::Select count = in_window(migration, window);
  count.aggregates = {{.kind = store::AggregateKind::kCount}};
  TRY_ASSIGN(const store::ResultTable total, dependencies.events.select(count));

  std::map<GroupKey, size_t> newest_of;
  constexpr size_t kFirstField = 2;  // after time and sample rate
  for (size_t row = 0; row < rows.rows.size(); ++row) {
    newest_of.emplace(key_of(rows.rows[row], kFirstField), row);
  }
  Value::List groups;
  for (const auto& row : table.rows) {
    if (groups.size() == groups_max) break;
    Value group = Value::Object{{"count", cell_count(row[4])},
                                {"side", cell_json(row[0])},
                                {"type", cell_json(row[1])},
                                {"where", cell_json(row[2])},
                                {"route", cell_json(row[3])}};
    if (const auto found = newest_of.find(key_of(row, 0)); found != newest_of.end()) {
      const Value example = row_json(rows, found->second);
      if (const Value* time = example.find("time")) group.set("last_time", *time);
      if (const Value* message = example.find("exception.message")) {
        group.set("last_message", *message);
      }
    }
    groups.push_back(std::move(group));
  }
  Value::List examples;
  for (size_t row = 0; row < std::min(examples_max, rows.rows.size()); ++row) {
    examples.push_back(row_json(rows, row));
  }
  return Value::Object{{"total", total.rows.empty() ? int64_t{0} : cell_count(total.rows[0][0])},
                       {"groups", std::move(groups)},
                       {"examples", std::move(examples)}};
}

Routes error_routes(const Dependencies& dependencies) {
  return {{.method = "GET",
           .path = "/api/migrations/{name}/errors",
           .parameters = {"last", "since", "groups", "limit"},
           .handle = cancellable(dependencies, get_errors),
           .work = Work::kQueries}};
}

}  // namespace understudy::api
