#include "services/data_engine_service.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "dialect/plan.h"

namespace flamingo {
namespace {

using nlohmann::json;

Outcome<Reply> query(QueryEngine& engine, const Request& request) {
  TRY_OUTCOME(const Plan plan, plan_from_json(request.body));
  TRY_OUTCOME(const ResultSet table, engine.execute(plan, request.account));
  return Reply{to_json(table)};
}

Outcome<Reply> capacity_reply(Catalog& catalog) {
  TRY_OUTCOME(const double units, catalog.capacity());
  return Reply{json{{"read_units_per_second", units}}.dump()};
}

Outcome<Reply> set_capacity(Catalog& catalog, const Request& request) {
  const json body = json::parse(request.body, nullptr, /*allow_exceptions=*/false);
  if (!body.is_object() || !body.contains("read_units_per_second") ||
      !body["read_units_per_second"].is_number()) {
    return bad_request("ValidationException", "send {\"read_units_per_second\": number}");
  }
  TRY_DONE(catalog.set_capacity(body["read_units_per_second"].get<double>()));
  return capacity_reply(catalog);
}

Outcome<Reply> deploy(std::atomic<TimeResolution>& resolution, const Request& request) {
  const json body = json::parse(request.body, nullptr, /*allow_exceptions=*/false);
  for (const auto known : {TimeResolution::kMicroseconds, TimeResolution::kMilliseconds}) {
    if (body.is_object() && body.contains("version") &&
        body["version"] == data_engine_version(known)) {
      resolution.store(known);
      return Reply{json{{"version", data_engine_version(known)}}.dump()};
    }
  }
  return bad_request("ValidationException",
                     "send {\"version\": \"1.0\"} or {\"version\": \"1.1\"}");
}

}  // namespace

std::string data_engine_version(TimeResolution resolution) {
  switch (resolution) {
    case TimeResolution::kMicroseconds:
      return "1.0";
    case TimeResolution::kMilliseconds:
      return "1.1";
  }
  return "unknown";
}

void add_data_engine(HttpService& service, DataEngineParts given) {
  const auto parts = std::make_shared<const DataEngineParts>(std::move(given));
  service.post("/query", [parts](const Request& request) { return query(parts->engine, request); });
  service.get("/catalog/capacity",
              [parts](const Request&) { return capacity_reply(parts->catalog); });
  service.post("/catalog/capacity",
               [parts](const Request& request) { return set_capacity(parts->catalog, request); });
  service.post("/deploy",
               [parts](const Request& request) { return deploy(*parts->resolution, request); });
}

}  // namespace flamingo
