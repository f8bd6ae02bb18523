#include <algorithm>
#include <initializer_list>
#include <string>
#include <utility>

#include "api/error_response.h"
#include "api/honeycomb/honeycomb.h"
#include "base/text.h"
#include "query/known_names.h"
#include "query/query_spec.h"
#include "query/render_json.h"
#include "query/run_query.h"
#include "store/cancellable_store.h"

namespace understudy::api::honeycomb {
namespace {

using base::cat;
using base::Result;
using flags::Value;
using state::Document;
using state::DocumentKind;

/// A finished answer never changes.
constexpr std::string_view kCacheFinished = "private, max-age=600";

Value without(const Value& object, std::initializer_list<std::string_view> names) {
  Value::Object kept;
  for (const Value::Member& member : object.as_object()) {
    if (std::find(names.begin(), names.end(), member.name) == names.end()) kept.push_back(member);
  }
  return Value(std::move(kept));
}

/// The specification as it was sent, with its "id" and the calculation that is the default.
Value query_json(const Document& query) {
  const Result<Value> body = flags::parse_json(query.json);
  Value shown = body.ok() ? *body : Value(Value::Object{});
  const Value* calculations = shown.find("calculations");
  if (calculations == nullptr || calculations->as_list().empty()) {
    shown.set("calculations", Value::List{Value::Object{{"op", "COUNT"}}});
  }
  shown.set("id", query.id);
  return shown;
}

Result<Response> post_query(const Dependencies& dependencies, const Call& call) {
  TRY_ASSIGN(const std::string scope, scope_of(dependencies, call.path("dataset")));
  TRY_ASSIGN(const Value body, call.json_object());
  const Value spec = without(body, {"id"});
  TRY_ASSIGN(const Value whole, with_derived_columns(dependencies, scope, spec));
  TRY(query::QuerySpec::parse(flags::to_json(whole)));
  TRY_ASSIGN(std::string id, state::new_document_id());
  TRY_ASSIGN(const Document made, dependencies.state.documents().put({.kind = DocumentKind::kQuery,
                                                                      .id = std::move(id),
                                                                      .scope = scope,
                                                                      .who = call.actor(),
                                                                      .json = flags::to_json(spec)},
                                                                     0));
  return json_response(query_json(made));
}

Result<Document> saved_query(const Dependencies& dependencies, std::string_view id) {
  return dependencies.state.documents().find(DocumentKind::kQuery, id);
}

Result<Response> get_query(const Dependencies& dependencies, const Call& call) {
  TRY(scope_of(dependencies, call.path("dataset")));
  TRY_ASSIGN(const Document query, saved_query(dependencies, call.path("id")));
  return json_response(query_json(query));
}

Value links_json(const Call& call, std::string_view id) {
  const std::string base = cat("http://", call.request().authority);
  return Value::Object{{"query_url", cat(base, "/ui/result/", id)},
                       {"graph_image_url", cat(base, "/ui/result/", id)}};
}

/// What is run: a saved query with the settings of this run.
Result<query::QuerySpec> spec_to_run(const Dependencies& dependencies, std::string_view dataset,
                                     const Document& query, const Value& body) {
  TRY_ASSIGN(Value spec, flags::parse_json(query.json));
  TRY_ASSIGN(spec, with_derived_columns(dependencies, dataset, std::move(spec)));
  // These clients get the totals only when they ask for them.
  for (const std::string_view name : {"disable_total_by_aggregate", "disable_other_by_aggregate"}) {
    const Value* given = body.find(name);
    spec.set(name, given == nullptr || given->is_null() ? Value(true) : *given);
  }
  for (const std::string_view name : {"disable_series", "limit"}) {
    const Value* given = body.find(name);
    if (given != nullptr && !given->is_null()) spec.set(name, *given);
  }
  return query::QuerySpec::parse(flags::to_json(spec));
}

struct Asked {
  std::string id;
  std::string dataset;
  query::QuerySpec spec;
  std::string who;
};

base::Status run(const Dependencies& dependencies, const Asked& asked,
                 const store::Cancellation& cancellation) {
  store::CancellableStore events(dependencies.events, cancellation);
  TRY_ASSIGN(query::QueryResult result,
             query::run_query(events, asked.dataset, asked.spec, dependencies.clock));
  TRY_ASSIGN(result.warnings, query::check_names(events, asked.dataset, asked.spec));
  TRY(dependencies.state.results().put({.kind = DocumentKind::kQueryResult,
                                        .id = asked.id,
                                        .scope = asked.dataset,
                                        .who = asked.who,
                                        .json = query::render_json(result)},
                                       0));
  return {};
}

Result<Response> post_result(const Dependencies& dependencies, QueryRuns& runs, const Call& call) {
  TRY_ASSIGN(const std::string dataset, dataset_of(dependencies, call.path("dataset")));
  TRY_ASSIGN(const Value body, call.json_object());
  TRY(only_members(body, {"query_id", "disable_series", "disable_total_by_aggregate",
                          "disable_other_by_aggregate", "limit"}));
  TRY_ASSIGN(const std::string query_id, needed_text(body, "query_id", state::kDocumentIdBytesMax));
  const Result<Document> query = saved_query(dependencies, query_id);
  if (!query.ok()) return base::invalid(cat("\"query_id\": ", query.error().context));
  TRY_ASSIGN(const query::QuerySpec spec, spec_to_run(dependencies, dataset, *query, body));
  TRY_ASSIGN(const std::string id, state::new_document_id());
  const Asked asked{.id = id, .dataset = dataset, .spec = spec, .who = call.actor()};
  TRY(runs.start(id, [&dependencies, asked](const store::Cancellation& cancellation) {
    return run(dependencies, asked, cancellation);
  }));
  Response response = json_response(Value::Object{{"query", query_json(*query)},
                                                  {"id", id},
                                                  {"complete", false},
                                                  {"links", links_json(call, id)}},
                                    201);
  response.headers.emplace_back("Location",
                                cat("/1/query_results/", call.path("dataset"), "/", id));
  return response;
}

Result<Response> get_result(const Dependencies& dependencies, QueryRuns& runs, const Call& call) {
  TRY_ASSIGN(const std::string dataset, dataset_of(dependencies, call.path("dataset")));
  const std::string_view id = call.path("id");
  switch (runs.state(id)) {
    case QueryRuns::State::kUnderWay:
      return json_response(
          Value::Object{{"id", id}, {"complete", false}, {"links", links_json(call, id)}});
    case QueryRuns::State::kFailed:
      return runs.failure(id).value_or(base::error(base::ErrorKind::kInternal, "it failed"));
    case QueryRuns::State::kUnknown:
      break;
  }
  TRY_ASSIGN(const Document found,
             dependencies.state.results().find(DocumentKind::kQueryResult, id));
  if (found.scope != dataset) {
    return base::error(base::ErrorKind::kNotFound,
                       cat("there is no query result '", base::printable(id), "' of this dataset"));
  }
  TRY_ASSIGN(const Value answer, flags::parse_json(found.json));
  Value shown = Value::Object{{"id", id}, {"complete", true}, {"links", links_json(call, id)}};
  for (const Value::Member& member : answer.as_object()) {
    // Whether all the events were still there has another name here, as "complete" is taken.
    if (member.name == "complete") {
      shown.set("complete_data", member.value);
    } else {
      shown.set(member.name, member.value);
    }
  }
  Response response = json_response(shown);
  response.headers.emplace_back("Cache-Control", kCacheFinished);
  return response;
}

}  // namespace

Routes query_routes(const Dependencies& dependencies, QueryRuns& runs) {
  const auto with = [&dependencies](auto handle) {
    return with_problems(
        [&dependencies, handle](const Call& call) { return handle(dependencies, call); });
  };
  const auto with_runs = [&dependencies, &runs](auto handle) {
    return with_problems([&dependencies, &runs, handle](const Call& call) {
      return handle(dependencies, runs, call);
    });
  };
  return {{.method = "POST",
           .path = "/1/queries/{dataset}",
           .body = BodyKind::kJson,
           .handle = with(post_query),
           .permission = state::Permission::kRead},
          {.method = "GET", .path = "/1/queries/{dataset}/{id}", .handle = with(get_query)},
          {.method = "POST",
           .path = "/1/query_results/{dataset}",
           .body = BodyKind::kJson,
           .handle = with_runs(post_result),
           .permission = state::Permission::kRead},
          {.method = "GET",
           .path = "/1/query_results/{dataset}/{id}",
           .handle = with_runs(get_result)}};
}

}  // namespace understudy::api::honeycomb
