#include "api/testing/admin_server.h"

#include <utility>

#include "base/check.h"
#include "base/text.h"
#include "event/event.h"
#include "flags/mode.h"

namespace understudy::api::testing {

using flags::Value;

MigrationNow& FakeMigrations::add(std::string name) {
  MigrationNow& added = list_.emplace_back();
  added.facts.name = std::move(name);
  for (const char* account : {"not_sampled", "compared", "shed", "too_large", "timed_out", "failed",
                              "client_aborted", "not_comparable"}) {
    added.accounting.accounts.push_back({account, 0});
  }
  added.accounting.noise = {{"taken", 0}, {"shed", 0}, {"failed", 0}};
  return added;
}

std::vector<std::string> FakeMigrations::names() {
  std::vector<std::string> names;
  for (const MigrationNow& one : list_) names.push_back(one.facts.name);
  return names;
}

std::optional<MigrationNow> FakeMigrations::find(std::string_view name) {
  for (const MigrationNow& one : list_) {
    if (one.facts.name == name) return one;
  }
  return std::nullopt;
}

std::optional<AccountingNumbers> FakeMigrations::accounting(std::string_view name) {
  const auto found = find(name);
  if (!found) return std::nullopt;
  return found->accounting;
}

std::optional<TrafficNumbers> FakeMigrations::traffic(std::string_view name) {
  const auto found = find(name);
  return found ? found->traffic : std::nullopt;
}

AdminServer::AdminServer(ApiOptions options, size_t streams_max)
    : publisher(state, holder, streams_max) {
  MigrationNow& migration = migrations.add("data-engine");
  migration.facts.listen = "127.0.0.1:8080";
  migration.facts.control_url = "http://127.0.0.1:9001";
  migration.facts.candidate_url = "http://127.0.0.1:9002";
  migration.facts.bucket_by = "header x-account-id";
  migration.facts.routes = {{"query", "POST /query", "table", true}};
  CHECK(state.ensure_flag(flags::make_mode_flag("data-engine", flags::ModeMix()), "test.yaml:1")
            .ok());
  CHECK(publisher.publish().ok());
  api.emplace(Dependencies{.state = state,
                           .events = events,
                           .flags = publisher,
                           .migrations = migrations,
                           .clock = clock,
                           .reload = [this]() -> base::Result<Reloaded> {
                             ++reloads;
                             if (reloaded) return *reloaded;
                             return base::invalid("understudy.yaml:3: workers: 0 is below 1");
                           },
                           .ready = [this] { return ready; },
                           .sql = &sql},
              std::move(options));
}

Response AdminServer::send(std::string_view method, std::string_view target, const Headers& headers,
                           std::string_view body) {
  Request request{.method = std::string(method),
                  .target = std::string(target),
                  .authority = host,
                  .body = std::string(body),
                  .client_address = "127.0.0.1"};
  for (const auto& [name, value] : headers) request.headers.add(name, value);
  return api->handle(request);
}

Response AdminServer::get(std::string_view target, const Headers& headers) {
  return send("GET", target, headers);
}
Response AdminServer::remove(std::string_view target, const Headers& headers) {
  return send("DELETE", target, headers);
}
Response AdminServer::put(std::string_view target, std::string_view json, const Headers& headers) {
  Headers all = headers;
  all.emplace_back("Content-Type", "application/json");
  return send("PUT", target, all, json);
}
Response AdminServer::post(std::string_view target, std::string_view json, const Headers& headers) {
  Headers all = headers;
  all.emplace_back("Content-Type", "application/json; charset=utf-8");
  return send("POST", target, all, json);
}

void AdminServer::happened(std::string_view dataset, int64_t seconds_ago,
                           const std::vector<std::pair<std::string, event::Value>>& fields) {
  event::Event event;
  event.clear(dataset, clock.unix_ns() - seconds_ago * 1'000'000'000);
  event.add(*event::Column::intern("evaluation.migration"), "data-engine");
  for (const auto& [name, value] : fields) event.add(*event::Column::intern(name), value.view());
  CHECK(events.append({&event, 1}).ok());
}

Value json(const Response& response) {
  base::Result<Value> body = flags::parse_json(response.body);
  return body.ok() ? *std::move(body) : Value();
}

Value at(const Value& value, std::string_view path) {
  const Value* here = &value;
  for (const std::string_view step : base::split(path, '.')) {
    if (const auto index = base::parse_uint64(step); index && here->is_list()) {
      if (*index >= here->as_list().size()) return {};
      here = &here->as_list()[*index];
    } else {
      here = here->find(step);
      if (here == nullptr) return {};
    }
  }
  return *here;
}

Value at(const Response& response, std::string_view path) { return at(json(response), path); }

std::string error_of(const Response& response) { return at(response, "error").as_string(); }

std::string header(const Response& response, std::string_view name) {
  for (const auto& [one, value] : response.headers) {
    if (base::equals_ignore_case(one, name)) return value;
  }
  return {};
}

}  // namespace understudy::api::testing
