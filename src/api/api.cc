#include "api/api.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "api/error_response.h"
#include "api/guard.h"
#include "api/honeycomb/honeycomb.h"
#include "api/key_ring.h"
#include "api/resources.h"
#include "api/router.h"
#include "api/web_assets.h"
#include "base/text.h"

namespace understudy::api {
namespace {

using base::cat;
using flags::Value;

/// A body nobody asked for is read up to here and forgotten, so that the answer is about the rest.
constexpr size_t kIgnoredBodyBytesMax = 64 * 1024;

Response not_found(const NoRoute& none) {
  return error_response(404, none.nearest.empty()
                                 ? std::string("there is nothing here; GET / lists what there is")
                                 : cat("there is nothing here; did you mean ", none.nearest, "?"));
}

Response method_not_allowed(std::string_view method, const OtherMethods& others) {
  Response response = error_response(
      405, cat("'", base::printable(method), "' is not possible here; use ", others.allow));
  response.headers.emplace_back("Allow", others.allow);
  return response;
}

base::Status check_parameters(const Route& route, const Target& target) {
  if (route.any_parameters) return base::ok_status();
  for (const Parameter& one : target.parameters) {
    const auto& known = route.parameters;
    if (std::find(known.begin(), known.end(), one.name) != known.end()) continue;
    const std::string_view meant = base::nearest(one.name, known);
    return base::error(base::ErrorKind::kProtocol,
                       cat("parameter '", base::printable(one.name), "' is not known here",
                           meant.empty() ? std::string() : cat("; did you mean '", meant, "'?")));
  }
  return base::ok_status();
}

/// What passed every check that needs no body.
struct Admitted {
  RouteMatch match;
  std::vector<Parameter> parameters;
  std::string key_name;  // empty without a key
};

Response finish(Response response, const Request& request) {
  if (request.method == "HEAD") response.stream.reset();
  response.headers.emplace_back("X-Content-Type-Options", "nosniff");
  const bool cached =
      std::any_of(response.headers.begin(), response.headers.end(),
                  [](const auto& header) { return header.first == "Cache-Control"; });
  if (!cached) response.headers.emplace_back("Cache-Control", "no-store");
  return response;
}

}  // namespace

struct Api::Inside {
  Inside(Dependencies given, ApiOptions wanted)
      : dependencies(std::move(given)),
        options(std::move(wanted)),
        keys(dependencies.state, dependencies.clock),
        web(embedded_web_assets()),
        router(all_routes()) {}

  Routes all_routes();
  Response index() const;
  Response answer(const Request& request) const;
  std::variant<Response, Admitted> admit(const Request& request) const;
  size_t body_bytes_max(const Route& route) const;

  const Dependencies dependencies;
  const ApiOptions options;
  mutable KeyRing keys;
  QueryRuns runs{{}};  // before the routes that use it
  const WebAssets web;
  const Router router;
};

Routes Api::Inside::all_routes() {
  Routes routes;
  const auto add = [&](Routes more) {
    std::move(more.begin(), more.end(), std::back_inserter(routes));
  };
  routes.push_back({.method = "GET", .path = "/", .handle = [this](const Call&) {
                      return base::Result<Response>(index());
                    }});
  add(migration_routes(dependencies));
  add(mode_routes(dependencies));
  add(difference_routes(dependencies));
  add(rule_routes(dependencies));
  add(error_routes(dependencies));
  add(query_routes(dependencies));
  add(result_routes(dependencies));
  add(bubble_up_routes(dependencies));
  add(trace_routes(dependencies));
  add(sql_routes(dependencies));
  add(dataset_routes(dependencies));
  add(board_routes(dependencies));
  add(flag_routes(dependencies));
  add(segment_routes(dependencies));
  add(evaluate_routes(dependencies));
  add(marker_routes(dependencies));
  add(stream_routes(dependencies));
  add(otlp_routes(dependencies, options.ingest_body_bytes_max));
  add(health_routes(dependencies, keys));
  add(metrics_routes(dependencies));
  add(reload_routes(dependencies));
  add(key_routes(dependencies, keys));
  add(honeycomb::auth_routes(dependencies));
  add(honeycomb::dataset_routes(dependencies));
  add(honeycomb::column_routes(dependencies));
  add(honeycomb::query_routes(dependencies, runs));
  add(honeycomb::collection_routes(dependencies));
  add(honeycomb::marker_routes(dependencies));
  return routes;
}

Response Api::Inside::index() const {
  Value::List resources;
  for (const Route& route : router.routes())
    resources.push_back(cat(route.method, " ", route.path));
  Response response =
      json_response(Value::Object{{"name", "understudy"}, {"resources", std::move(resources)}});
  response.headers.emplace_back("Vary", "Accept");  // a browser gets the web UI
  return response;
}

size_t Api::Inside::body_bytes_max(const Route& route) const {
  switch (route.body) {
    case BodyKind::kNone:
      return kIgnoredBodyBytesMax;
    case BodyKind::kJson:
      return options.body_bytes_max;
    case BodyKind::kIngest:
      return options.ingest_body_bytes_max;
  }
  return kIgnoredBodyBytesMax;
}

std::variant<Response, Admitted> Api::Inside::admit(const Request& request) const {
  if (auto refusal = refuse_foreign_host(request, options.host_names)) return *refusal;
  if (auto page = web.answer(request)) return *std::move(page);
  base::Result<Target> target = Target::parse(request.target);
  if (!target.ok()) {
    const bool too_long = target.error().kind == base::ErrorKind::kLimit;
    return too_long ? error_response(414, target.error().context) : error_response(target.error());
  }
  auto found = router.match(request.method, *target);
  if (const auto* none = std::get_if<NoRoute>(&found)) return not_found(*none);
  if (const auto* others = std::get_if<OtherMethods>(&found)) {
    return method_not_allowed(request.method, *others);
  }
  auto& match = std::get<RouteMatch>(found);
  if (auto refusal = refuse_repeated_fields(request)) return *refusal;
  if (auto refusal = refuse_foreign_origin(request)) return *refusal;
  Authorisation authorisation = keys.authorise(request, *match.route, options.require_keys);
  if (authorisation.refusal) return *std::move(authorisation.refusal);
  if (auto refusal = refuse_other_content(request, *match.route)) return *refusal;
  if (const base::Status known = check_parameters(*match.route, *target); !known.ok()) {
    return error_response(known.error());
  }
  return Admitted{.match = std::move(match),
                  .parameters = std::move(target->parameters),
                  .key_name = std::move(authorisation.key_name)};
}

Response Api::Inside::answer(const Request& request) const {
  auto outcome = admit(request);
  if (auto* refusal = std::get_if<Response>(&outcome)) return std::move(*refusal);
  auto& admitted = std::get<Admitted>(outcome);
  const Route& route = *admitted.match.route;
  if (request.body.size() > body_bytes_max(route)) return too_large(body_bytes_max(route));
  base::Result<Response> response =
      route.handle(Call(request, std::move(admitted.match.path), std::move(admitted.parameters),
                        std::move(admitted.key_name)));
  return response.ok() ? *std::move(response) : error_response(response.error());
}

Api::Api(Dependencies dependencies, ApiOptions options)
    : inside_(std::make_unique<Inside>(std::move(dependencies), std::move(options))) {}

Api::~Api() = default;

Response Api::handle(const Request& request) { return finish(inside_->answer(request), request); }

Api::BodyTerms Api::body_terms(const Request& head) const {
  auto outcome = inside_->admit(head);
  if (auto* refusal = std::get_if<Response>(&outcome)) {
    return {.refusal = finish(std::move(*refusal), head), .bytes_max = 0};
  }
  return {.refusal = std::nullopt,
          .bytes_max = inside_->body_bytes_max(*std::get<Admitted>(outcome).match.route)};
}

bool Api::takes_queries(const Request& head) const {
  const base::Result<Target> target = Target::parse(head.target);
  if (!target.ok()) return false;
  const auto found = inside_->router.match(head.method, *target);
  const auto* match = std::get_if<RouteMatch>(&found);
  return match != nullptr && match->route->work == Work::kQueries;
}

std::optional<Response> Api::answer_at_once(const Request& request) const {
  const std::string_view target = request.target;
  if (target.substr(0, target.find('?')) == "/healthz") {
    return finish(inside_->answer(request), request);
  }
  if (refuse_foreign_host(request, inside_->options.host_names)) return std::nullopt;
  auto page = inside_->web.answer(request);
  if (!page) return std::nullopt;
  return finish(*std::move(page), request);
}

Response Api::too_large(size_t body_bytes_max) {
  return error_response(
      413, cat("the body is larger than ", body_bytes_max, " bytes; send it in smaller parts"));
}

std::vector<std::string> Api::routes() const {
  std::vector<std::string> routes;
  for (const Route& route : inside_->router.routes()) {
    routes.push_back(cat(route.method, " ", route.path));
  }
  return routes;
}

}  // namespace understudy::api
