#include "api/differences.h"

#include <algorithm>
#include <array>
#include <string>
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
using store::FilterOp;

constexpr size_t kStoredGroupsMax = 1'000;
constexpr size_t kGroupsMax = 200;
constexpr size_t kGroupsDefault = 50;
/// Each costs a query.
constexpr size_t kGroupsWithExample = 10;
constexpr size_t kExamplesMax = 200;
constexpr size_t kExamplesDefault = 20;

store::Filter equals(const char* column, std::string_view value) {
  return store::test(column, FilterOp::kEqual, {event::Value(value)});
}

store::Select in_window(const MigrationNow& migration, const EvidenceWindow& window) {
  store::Select select;
  select.dataset = std::string(event::kDifferences);
  select.start_ns = window.span.start_ns;
  select.end_ns = window.span.end_ns;
  select.filter = store::all_of({equals("evaluation.migration", migration.facts.name)});
  return select;
}

/// The stored differences put together as the recorder does it, so that the rule a group offers
/// accepts all of it.
Result<DifferenceNumbers> stored_differences(const Dependencies& dependencies,
                                             const MigrationNow& migration,
                                             const EvidenceWindow& window) {
  store::Select select = in_window(migration, window);
  select.group_by = {"http.route",           "difference.path_pattern",
                     "difference.dimension", "difference.explanation",
                     "difference.rule",      "difference.distance_unit"};
  select.aggregates = {{.kind = store::AggregateKind::kCount},
                       {.kind = store::AggregateKind::kMax, .column = "difference.distance"}};
  select.order = {{.by = store::Order::By::kAggregate, .index = 0, .descending = true}};
  select.limit = kStoredGroupsMax;
  TRY_ASSIGN(const store::ResultTable table, dependencies.events.select(select));

  store::Select count = in_window(migration, window);
  count.aggregates = {{.kind = store::AggregateKind::kCount}};
  TRY_ASSIGN(const store::ResultTable all, dependencies.events.select(count));

  compare::DifferenceGroups groups({.groups_max = kStoredGroupsMax, .examples_max = 0});
  uint64_t unknown = 0;
  for (const auto& row : table.rows) {
    const auto dimension = compare::parse_dimension(cell_text(row[2]));
    const auto explanation = compare::parse_explanation(cell_text(row[3]));
    const auto number = static_cast<uint64_t>(std::max<int64_t>(0, cell_count(row[6])));
    if (!dimension) {
      unknown += number;
      continue;
    }
    compare::Difference difference;
    difference.dimension = *dimension;
    difference.explanation = explanation.value_or(compare::Explanation::kNone);
    difference.path_pattern = cell_text(row[1]);
    difference.rule = cell_text(row[4]);
    difference.distance_unit = compare::parse_distance_unit(cell_text(row[5]));
    difference.distance = row[7].is_number() ? row[7].as_number() : 0;
    groups.add(cell_text(row[0]), difference, number);
  }
  DifferenceNumbers numbers{.groups = groups.groups(), .total = groups.total() + unknown};
  if (!all.rows.empty()) {
    const auto total = static_cast<uint64_t>(std::max<int64_t>(0, cell_count(all.rows[0][0])));
    numbers.total = std::max(numbers.total, total);
  }
  numbers.ungrouped = numbers.total - (groups.total() - groups.ungrouped());
  return numbers;
}

/// A group with the rule that would accept it. Where control differs from itself as often as the
/// candidate differs from it, a narrower rule would only fit the values seen so far: the place is
/// to be ignored. Where the candidate differs more often, there is more to it than noise.
Value group_json(const compare::DifferenceGroup& group, const NoiseSeen& noise) {
  Value json = Value::Object{{"text", group.describe()},
                             {"count", static_cast<int64_t>(group.count)},
                             {"share", group.share},
                             {"route", group.route},
                             {"path", group.path_pattern},
                             {"dimension", compare::name(group.dimension)},
                             {"explanation", compare::name(group.explanation)}};
  if (!group.distance_unit.empty()) {
    json.set("distance_max", group.distance_max);
    json.set("distance_unit", group.distance_unit);
  }
  const NoiseOfPlace* seen = noise.noisy_at(group.route, group.path_pattern, group.dimension);
  const bool offers_ignore = seen != nullptr && !seen->more_than_noise();
  const std::string ignore = offers_ignore ? seen->control.ignore_rule() : "";
  if (!ignore.empty()) {
    json.set("rule", ignore);
    json.set("rule_reason", seen->control.describe());
  } else if (!group.rule.empty()) {
    json.set("rule", group.rule);
  }
  if (seen != nullptr) json.set("noise", noise_of_place_json(*seen));
  return json;
}

/// The newest difference of a group: where, and what either side has. Null when it has gone since.
Result<Value> example_json(const Dependencies& dependencies, const MigrationNow& migration,
                           const EvidenceWindow& window, const compare::DifferenceGroup& group) {
  store::Select select = in_window(migration, window);
  auto& filters = select.filter.children;
  filters.push_back(equals("difference.path_pattern", group.path_pattern));
  filters.push_back(equals("difference.dimension", compare::name(group.dimension)));
  filters.push_back(equals("difference.explanation", compare::name(group.explanation)));
  if (!group.route.empty()) filters.push_back(equals("http.route", group.route));
  static constexpr std::array<std::pair<const char*, const char*>, 5> kShown = {
      {{"difference.path", "path"},
       {"difference.row", "row"},
       {"difference.control_value", "control_value"},
       {"difference.candidate_value", "candidate_value"},
       {"evaluation.id", "evaluation_id"}}};
  for (const auto& [column, name] : kShown) select.row_columns.emplace_back(column);
  select.limit = 1;
  TRY_ASSIGN(const store::ResultTable newest, dependencies.events.select(select));
  if (newest.rows.empty()) return Value();
  const Value row = row_json(newest, 0);
  Value example = Value::Object{};
  for (const auto& [column, name] : kShown) {
    if (const Value* cell = row.find(column)) example.set(name, *cell);
  }
  return example;
}

store::Select examples_select(const MigrationNow& migration, const EvidenceWindow& window,
                              const Call& call) {
  store::Select select = in_window(migration, window);
  static constexpr std::array<std::pair<std::string_view, const char*>, 4> kFilters = {
      {{"route", "http.route"},
       {"path", "difference.path_pattern"},
       {"dimension", "difference.dimension"},
       {"explanation", "difference.explanation"}}};
  for (const auto& [parameter, column] : kFilters) {
    if (const auto wanted = call.query(parameter)) {
      select.filter.children.push_back(equals(column, *wanted));
    }
  }
  select.row_columns = {"evaluation.id",
                        "evaluation.mode",
                        "http.route",
                        "difference.dimension",
                        "difference.path",
                        "difference.control_type",
                        "difference.candidate_type",
                        "difference.control_value",
                        "difference.candidate_value",
                        "difference.explanation",
                        "difference.distance",
                        "difference.distance_unit",
                        "difference.rule",
                        "difference.noise"};
  return select;
}

Result<Response> get_differences(const Dependencies& dependencies, const Call& call) {
  const auto migration = dependencies.migrations.find(call.path("name"));
  if (!migration) return check_migration(dependencies, call.path("name")).error();
  TRY_ASSIGN(const int64_t groups_max, call.query_int("groups", 0, kGroupsMax, kGroupsDefault));
  TRY_ASSIGN(const int64_t limit, call.query_int("limit", 0, kExamplesMax, kExamplesDefault));
  TRY_ASSIGN(const EvidenceWindow window, evidence_window(dependencies, *migration, call));
  const auto groups_wanted = static_cast<size_t>(groups_max);
  TRY_ASSIGN(const NoiseSeen noise, noise_seen(dependencies, *migration, window));
  TRY_ASSIGN(Value shown, differences_json(dependencies, *migration, window, noise, groups_wanted));
  shown.set("noise", noise_json(*migration, noise, groups_wanted));
  Value::List examples;
  if (limit > 0) {
    store::Select select = examples_select(*migration, window, call);
    select.limit = static_cast<size_t>(limit);
    TRY_ASSIGN(const store::ResultTable rows, dependencies.events.select(select));
    for (size_t row = 0; row < rows.rows.size(); ++row) examples.push_back(row_json(rows, row));
  }
  shown.set("examples", std::move(examples));
  return json_response(shown);
}

}  // namespace

Result<Value> differences_json(const Dependencies& dependencies, const MigrationNow& migration,
                               const EvidenceWindow& window, const NoiseSeen& noise,
                               size_t groups_max) {
  const Result<DifferenceNumbers> stored = stored_differences(dependencies, migration, window);
  const DifferenceNumbers& numbers = stored.ok() ? *stored : migration.differences;
  Value::List groups;
  for (const compare::DifferenceGroup& group : numbers.groups) {
    if (groups.size() == groups_max) break;
    Value json = group_json(group, noise);
    if (stored.ok() && groups.size() < kGroupsWithExample) {
      TRY_ASSIGN(Value example, example_json(dependencies, migration, window, group));
      if (example.is_object()) json.set("example", std::move(example));
    }
    groups.push_back(std::move(json));
  }
  Value::List rules;
  for (const RuleHits& rule : migration.differences.rules) {
    const Value hits = rule.hits ? Value(static_cast<int64_t>(*rule.hits)) : Value();
    rules.push_back(Value::Object{{"rule", rule.rule}, {"hits", hits}});
  }
  Value json = Value::Object{{"source", stored.ok() ? "events" : "memory"},
                             {"total", static_cast<int64_t>(numbers.total)},
                             {"ungrouped", static_cast<int64_t>(numbers.ungrouped)},
                             {"groups_found", static_cast<int64_t>(numbers.groups.size())},
                             {"groups", std::move(groups)},
                             {"rules", std::move(rules)}};
  if (stored.ok()) {
    json.set("window_reason", window.reason);
  } else {
    json.set("window_reason", "since the start or the last change of the rules, in memory");
    json.set("fallback", stored.error().context);
  }
  return json;
}

Routes difference_routes(const Dependencies& dependencies) {
  return {{.method = "GET",
           .path = "/api/migrations/{name}/differences",
           .parameters = {"last", "since", "groups", "limit", "route", "path", "dimension",
                          "explanation"},
           .handle = cancellable(dependencies, get_differences),
           .work = Work::kQueries}};
}

}  // namespace understudy::api
