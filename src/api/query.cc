#include <algorithm>
#include <string>
#include <utility>

#include "api/cancellable_handler.h"
#include "api/error_response.h"
#include "api/kept_result.h"
#include "api/resources.h"
#include "base/text.h"
#include "query/known_names.h"
#include "query/query_spec.h"
#include "query/render_json.h"
#include "query/run_query.h"

namespace understudy::api {
namespace {

using base::Result;
using flags::Value;

/// `"events": {"columns": [...], "limit": 100}` asks for events instead of numbers about them.
Result<query::RawQuery> raw_query(const Value& events, query::QuerySpec scope) {
  if (!events.is_object()) {
    return base::invalid("\"events\" is not an object such as {\"columns\": [], \"limit\": 100}");
  }
  TRY(only_members(events, {"columns", "limit"}));
  query::RawQuery raw;
  if (const Value* columns = events.find("columns")) {
    if (!columns->is_list()) return base::invalid("\"events.columns\" is not a list");
    for (const Value& column : columns->as_list()) {
      if (!column.is_string()) return base::invalid("\"events.columns\" has a non-string in it");
      raw.columns.push_back(column.as_string());
    }
  }
  TRY_ASSIGN(const auto limit, int_member(events, "limit"));
  raw.limit = limit.value_or(raw.limit);
  raw.scope = std::move(scope);
  return raw;
}

/// A page that asks again every few seconds would push out the answers that links lead to.
Result<bool> is_kept(const Call& call) {
  const auto keep = call.query("keep");
  if (!keep || *keep == "true") return true;
  if (*keep == "false") return false;
  return base::error(
      base::ErrorKind::kProtocol,
      base::cat("parameter 'keep': '", base::printable(*keep), "' is neither true nor false"));
}

Result<Response> post_query(const Dependencies& dependencies, const Call& call) {
  TRY_ASSIGN(const bool kept, is_kept(call));
  TRY_ASSIGN(const Value body, call.json_object());
  TRY_ASSIGN(const auto dataset, text_member(body, "dataset"));
  if (!dataset || dataset->empty()) {
    return base::invalid("\"dataset\" is missing; GET /api/datasets lists what there is");
  }
  Value::Object specification;
  for (const Value::Member& member : body.as_object()) {
    if (member.name == "dataset" || member.name == "events") continue;
    specification.push_back(member);
  }
  const auto answered = [&](const std::string& answer) {
    return json_response_text(kept ? keep_result(dependencies, call, *dataset, answer) : answer);
  };
  const Value* events = body.find("events");
  TRY_ASSIGN(query::QuerySpec spec,
             query::QuerySpec::parse(flags::to_json(Value(std::move(specification)))));
  if (events != nullptr) {
    TRY_ASSIGN(const query::RawQuery raw, raw_query(*events, std::move(spec)));
    TRY_ASSIGN(query::RawEvents found,
               query::run_raw_query(dependencies.events, *dataset, raw, dependencies.clock));
    TRY_ASSIGN(found.warnings,
               query::check_names(dependencies.events, *dataset, raw.scope, raw.columns));
    return answered(query::render_json(found));
  }
  TRY_ASSIGN(query::QueryResult result,
             query::run_query(dependencies.events, *dataset, spec, dependencies.clock));
  TRY_ASSIGN(result.warnings, query::check_names(dependencies.events, *dataset, spec));
  return answered(query::render_json(result));
}

}  // namespace

Routes query_routes(const Dependencies& dependencies) {
  return {{.method = "POST",
           .path = "/api/query",
           .body = BodyKind::kJson,
           .parameters = {"keep"},
           .handle = cancellable(dependencies, post_query),
           .permission = state::Permission::kRead,
           .work = Work::kQueries}};
}

}  // namespace understudy::api
