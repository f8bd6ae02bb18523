#include "services/flamingo_service.h"

#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>

#include "dialect/plan.h"
#include "grammar/drawing.h"
#include "grammar/planner.h"
#include "grammar/spec.h"
#include "services/pages.h"

namespace flamingo {
namespace {

std::string_view content_type(std::string_view name) {
  if (name.ends_with(".html")) return "text/html; charset=utf-8";
  if (name.ends_with(".css")) return "text/css; charset=utf-8";
  if (name.ends_with(".js")) return "text/javascript; charset=utf-8";
  return "application/json";
}

Outcome<Reply> page(std::string_view name) {
  for (size_t i = 0; i < kPagesCount; ++i) {
    if (kPages[i].name == name) {
      return Reply{std::string(kPages[i].text), std::string(content_type(name))};
    }
  }
  return Fault{FaultKind::kNotFound, "NotFound", "there is no page '" + std::string(name) + "'"};
}

/// One of the three libraries that draw, from the folder of npm packages. Nothing else of it is
/// served.
Outcome<Reply> drawing_library(const std::string& folder, std::string_view name) {
  for (const std::string_view library : {"vega", "vega-lite", "vega-embed"}) {
    if (name != std::string(library) + ".js") continue;
    const std::string file =
        folder + "/" + std::string(library) + "/build/" + std::string(library) + ".min.js";
    std::ifstream in(file, std::ios::binary);
    std::ostringstream text;
    if (in && text << in.rdbuf()) return Reply{text.str(), "text/javascript; charset=utf-8"};
    return Fault{FaultKind::kNotFound, "NotFound", file + " cannot be read: see --vega-dir"};
  }
  return Fault{FaultKind::kNotFound, "NotFound", "there is no library '" + std::string(name) + "'"};
}

Outcome<Reply> visualize(const FlamingoParts& parts, const Request& request) {
  TRY_OUTCOME(const ChartSpec spec, parse_spec(request.body));
  TRY_OUTCOME(const auto manifest, parts.catalog.locate(spec.dataset));
  TRY_OUTCOME(const Plan plan, compile(spec, manifest->schema));
  TRY_OUTCOME(const ResultSet table, parts.engine.execute(plan, request.account));
  // {"plan":{..},"drawing":{..},"columns":..,"rows":..,"derived":..}
  std::string body =
      "{\"plan\":" + to_json(plan) + ",\"drawing\":" + drawing_json(spec, table.derived) + ",";
  body += std::string_view(to_json(table)).substr(1);
  return Reply{std::move(body)};
}

Outcome<Reply> query(QueryEngine& engine, const Request& request) {
  TRY_OUTCOME(const Plan plan, plan_from_json(request.body));
  TRY_OUTCOME(const ResultSet table, engine.execute(plan, request.account));
  return Reply{to_json(table)};
}

}  // namespace

void add_flamingo(HttpService& service, FlamingoParts given) {
  const auto parts = std::make_shared<const FlamingoParts>(std::move(given));
  service.post("/api/visualize",
               [parts](const Request& request) { return visualize(*parts, request); });
  service.post("/api/query",
               [parts](const Request& request) { return query(parts->engine, request); });
  service.post("/query", [parts](const Request& request) { return query(parts->local, request); });
  service.get("/api/datasets/", [parts](const Request& request) -> Outcome<Reply> {
    TRY_OUTCOME(const auto manifest, parts->catalog.locate(request.tail));
    return Reply{manifest->text};
  });
  service.get("/api/status",
              [parts](const Request&) -> Outcome<Reply> { return Reply{parts->status_json()}; });
  service.get("/api/gallery", [](const Request&) { return page("gallery.json"); });
  service.get("/", [](const Request&) { return page("index.html"); });
  service.get("/pages/", [](const Request& request) { return page(request.tail); });
  service.get("/lib/", [parts](const Request& request) {
    return drawing_library(parts->vega_folder, request.tail);
  });
}

}  // namespace flamingo
