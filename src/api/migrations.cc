#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "api/cancellable_handler.h"
#include "api/differences.h"
#include "api/error_response.h"
#include "api/errors.h"
#include "api/evidence_window.h"
#include "api/mode.h"
#include "api/noise.h"
#include "api/resources.h"
#include "api/table_json.h"
#include "api/verdict_marker.h"
#include "base/log.h"
#include "base/text.h"
#include "event/event.h"
#include "judge/judge.h"
#include "judge/verdict_json.h"
#include "query/rfc3339.h"

namespace understudy::api {
namespace {

using base::Result;
using flags::Value;

constexpr size_t kTopGroups = 10;

Value count_json(uint64_t count) { return static_cast<int64_t>(count); }

Value counts_json(const std::vector<NamedCount>& counts) {
  Value::Object object;
  for (const NamedCount& one : counts) object.push_back({one.name, count_json(one.count)});
  return object;
}

/// The books of what passes through here, and whether they balance: they do as soon as nothing is
/// under way.
Value accounting_json(const AccountingNumbers& accounting) {
  uint64_t sum = 0;
  for (const NamedCount& one : accounting.accounts) sum += one.count;
  return Value::Object{
      {"requests", count_json(accounting.requests)},
      {"accounts", counts_json(accounting.accounts)},
      {"sum", count_json(sum)},
      {"under_way", count_json(accounting.requests > sum ? accounting.requests - sum : 0)},
      {"adds_up", accounting.requests == sum},
      {"records_dropped", count_json(accounting.records_dropped)},
      {"source", "memory"}};
}

/// Evaluations of the window by account.
Result<AccountingNumbers> recorded_accounting(const Dependencies& dependencies,
                                              const MigrationNow& migration,
                                              const EvidenceWindow& window) {
  store::Select select;
  select.dataset = std::string(event::kEvaluations);
  select.start_ns = window.span.start_ns;
  select.end_ns = window.span.end_ns;
  select.filter = store::all_of({store::test("evaluation.migration", store::FilterOp::kEqual,
                                             {event::Value(migration.facts.name)})});
  select.group_by = {"evaluation.accounting"};
  select.aggregates = {{.kind = store::AggregateKind::kCount}};
  TRY_ASSIGN(const store::ResultTable table, dependencies.events.select(select));

  AccountingNumbers recorded;
  for (const NamedCount& account : migration.accounting.accounts) {
    recorded.accounts.push_back({account.name, 0});
  }
  for (const auto& row : table.rows) {
    const auto number = static_cast<uint64_t>(std::max<int64_t>(0, cell_count(row[1])));
    recorded.requests += number;
    // An account that nobody knows stays outside the sum, and so the books do not add up.
    for (NamedCount& account : recorded.accounts) {
      if (account.name == cell_text(row[0])) account.count += number;
    }
  }
  return recorded;
}

/// The same of requests that a client library handles: what it has reported in the window. What it
/// has under way or could not report is known only there.
Result<Value> reported_accounting_json(const Dependencies& dependencies,
                                       const MigrationNow& migration,
                                       const EvidenceWindow& window) {
  TRY_ASSIGN(const AccountingNumbers reported,
             recorded_accounting(dependencies, migration, window));
  Value json = accounting_json(reported);
  json.set("under_way", Value());
  json.set("records_dropped", Value());
  json.set("source", "events");
  json.set("window_reason", window.reason);
  return json;
}

Result<Value> accounting_of(const Dependencies& dependencies, const MigrationNow& migration,
                            const EvidenceWindow& window) {
  if (!migration.accounting.counted_here) {
    return reported_accounting_json(dependencies, migration, window);
  }
  Value json = accounting_json(migration.accounting);
  const auto recorded = recorded_accounting(dependencies, migration, window);
  json.set("in_window", recorded.ok() ? Value::Object{{"requests", count_json(recorded->requests)},
                                                      {"accounts", counts_json(recorded->accounts)},
                                                      {"window_reason", window.reason}}
                                      : Value::Object{{"error", recorded.error().context}});
  return json;
}

Value counters_json(const std::optional<TrafficNumbers>& traffic) {
  if (!traffic) return Value::Object{};
  return Value::Object{{"connections", count_json(traffic->connections)},
                       {"connections_max", count_json(traffic->connections_max)},
                       {"connections_refused", count_json(traffic->connections_refused)},
                       {"circuits_opened", count_json(traffic->circuits_opened)}};
}

/// A service as the configuration has it and as its checks find it.
Value service_json(const std::string& url, const std::optional<HealthNumbers>& health) {
  Value service = Value::Object{{"url", url}};
  if (!health) return service;
  Value found = Value::Object{{"state", health->state},
                              {"passed", count_json(health->passed)},
                              {"failed", count_json(health->failed)}};
  if (health->since_unix_ns != 0) {
    found.set("since", query::rfc3339_nanoseconds(health->since_unix_ns));
  }
  if (!health->last_failure.empty()) found.set("last_failure", health->last_failure);
  service.set("health", std::move(found));
  return service;
}

Value facts_json(const MigrationNow& migration) {
  const MigrationFacts& facts = migration.facts;
  const auto& traffic = migration.traffic;
  Value::List routes;
  for (const RouteFacts& route : facts.routes) {
    routes.push_back(Value::Object{{"name", route.name},
                                   {"match", route.match},
                                   {"compare", route.compare},
                                   {"safe_to_repeat", route.safe_to_repeat}});
  }
  return Value::Object{
      {"name", facts.name},
      {"listen", facts.listen},
      {"control",
       service_json(facts.control_url, traffic ? traffic->control_health : std::nullopt)},
      {"candidate",
       service_json(facts.candidate_url, traffic ? traffic->candidate_health : std::nullopt)},
      {"bucket_by", facts.bucket_by},
      {"routes", std::move(routes)}};
}

/// Whether evaluations become events right now.
Value recording_json(const Dependencies& dependencies) {
  const store::StoreStats stats = dependencies.events.stats();
  Value json = Value::Object{{"failing", stats.failing_since_ns != 0}};
  if (stats.failing_since_ns != 0) {
    json.set("since", query::rfc3339_nanoseconds(stats.failing_since_ns));
    json.set("error", stats.failing_with);
  }
  for (const NamedCount& one : dependencies.migrations.recorder_counters()) {
    if (one.name == "events_dropped") json.set(one.name, count_json(one.count));
  }
  return json;
}

Result<std::optional<judge::Population>> wanted_population(const Call& call) {
  const auto text = call.query("population");
  if (!text) return std::optional<judge::Population>();
  for (const judge::Population one : {judge::Population::kPaired, judge::Population::kCutover}) {
    if (*text == judge::name(one)) return std::optional<judge::Population>(one);
  }
  return base::error(base::ErrorKind::kProtocol,
                     base::cat("parameter 'population': '", base::printable(*text),
                               "' is neither paired nor cutover"));
}

/// The judge's verdict as a JSON value, with the reason for its window.
Result<Value> verdict_json(const Dependencies& dependencies, const MigrationNow& migration,
                           const EvidenceWindow& window,
                           std::optional<judge::Population> population) {
  const auto first_called = [&](judge::Population of) {
    return dependencies.migrations.candidate_first_called(migration.facts.name, of,
                                                          window.span.start_ns);
  };
  TRY_ASSIGN(const judge::Verdict verdict,
             judge::judge(dependencies.events,
                          {.migration = migration.facts.name,
                           .criteria = migration.criteria,
                           .window = window.span,
                           .baseline = window.baseline,
                           .population = population,
                           .first_paired_ns = first_called(judge::Population::kPaired),
                           .first_cutover_ns = first_called(judge::Population::kCutover),
                           .now_ns = dependencies.clock.unix_ns()}));
  const std::string text = judge::verdict_to_json(verdict).dump(
      -1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
  TRY_ASSIGN(Value json, flags::parse_json(text));
  json.set("window_reason", window.reason);
  return json;
}

/// A part of the page that could not be made says why in its place.
Value value_or_error(Result<Value> part) {
  if (part.ok()) return *std::move(part);
  return Value::Object{{"error", part.error().context}};
}

/// The books for a list: those that are counted here cost no query.
Result<Value> listed_accounting(const Dependencies& dependencies, const std::string& name,
                                const AccountingNumbers& accounting, const Call& call) {
  if (accounting.counted_here) return accounting_json(accounting);
  const auto migration = dependencies.migrations.find(name);
  if (!migration) return check_migration(dependencies, name).error();
  TRY_ASSIGN(const EvidenceWindow window, evidence_window(dependencies, *migration, call));
  return reported_accounting_json(dependencies, *migration, window);
}

Result<Response> list_migrations(const Dependencies& dependencies, const Call& call) {
  Value::List list;
  for (const std::string& name : dependencies.migrations.names()) {
    const auto accounting = dependencies.migrations.accounting(name);
    if (!accounting) continue;  // gone since: a reload
    list.push_back(Value::Object{
        {"name", name},
        {"mode", value_or_error(mode_json(dependencies, name))},
        {"accounting", value_or_error(listed_accounting(dependencies, name, *accounting, call))}});
  }
  return json_response(Value::Object{{"migrations", std::move(list)}});
}

/// Whether nothing but the evidence that counts is asked about.
bool is_usual_window(const Call& call) {
  for (const char* parameter : {"last", "since", "population", "baseline"}) {
    if (call.query(parameter)) return false;
  }
  return true;
}

Result<Response> get_migration(const Dependencies& dependencies, const Call& call) {
  const auto migration = dependencies.migrations.find(call.path("name"));
  if (!migration) return check_migration(dependencies, call.path("name")).error();
  TRY_ASSIGN(const auto population, wanted_population(call));
  TRY_ASSIGN(const EvidenceWindow window, evidence_window(dependencies, *migration, call));
  Value shown = facts_json(*migration);
  shown.set("mode", value_or_error(mode_json(dependencies, migration->facts.name)));
  shown.set("accounting", value_or_error(accounting_of(dependencies, *migration, window)));
  shown.set("counters", counters_json(migration->traffic));
  shown.set("recording", recording_json(dependencies));
  shown.set("recorder", counts_json(dependencies.migrations.recorder_counters()));
  const Result<Value> verdict = verdict_json(dependencies, *migration, window, population);
  if (verdict.ok() && is_usual_window(call)) {
    const base::Status marked = mark_verdict(dependencies.state, migration->facts.name, *verdict);
    if (!marked.ok()) base::log_warn("verdict marker: ", marked.error().context);
  }
  shown.set("verdict", value_or_error(verdict));
  const Result<NoiseSeen> noise = noise_seen(dependencies, *migration, window);
  const NoiseSeen unknown;
  shown.set("differences",
            value_or_error(differences_json(dependencies, *migration, window,
                                            noise.ok() ? *noise : unknown, kTopGroups)));
  shown.set("noise", noise.ok() ? noise_json(*migration, *noise, kTopGroups)
                                : value_or_error(noise.error()));
  shown.set("errors", value_or_error(errors_json(dependencies, *migration, window, kTopGroups, 0)));
  return json_response(shown);
}

}  // namespace

Routes migration_routes(const Dependencies& dependencies) {
  return {{.method = "GET",
           .path = "/api/migrations",
           .handle = cancellable(dependencies, list_migrations),
           .work = Work::kQueries},
          {.method = "GET",
           .path = "/api/migrations/{name}",
           .parameters = {"last", "since", "population", "baseline"},
           .handle = cancellable(dependencies, get_migration),
           .work = Work::kQueries}};
}

}  // namespace understudy::api
