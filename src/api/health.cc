#include <utility>

#include "api/error_response.h"
#include "api/resources.h"

namespace understudy::api {
namespace {

using base::Result;
using flags::Value;

/// Ready: the control-plane records can be read, and whoever wired this together agrees.
Result<Response> ready(const Dependencies& dependencies) {
  Value::List reasons;
  if (const auto state = dependencies.state.history({.limit = 1}); !state.ok()) {
    reasons.push_back(state.error().context);
  }
  if (dependencies.ready) {
    if (const base::Status status = dependencies.ready(); !status.ok()) {
      reasons.push_back(status.error().context);
    }
  }
  if (reasons.empty()) return json_response(Value::Object{{"status", "ready"}});
  return json_response(
      Value::Object{
          {"status", "not ready"}, {"error", reasons.front()}, {"reasons", std::move(reasons)}},
      503);
}

}  // namespace

Routes health_routes(const Dependencies& dependencies) {
  return {{.method = "GET",
           .path = "/healthz",
           .handle =
               [](const Call&) {
                 return Result<Response>(json_response(Value::Object{{"status", "ok"}}));
               },
           .any_parameters = true,
           .access = Route::Access::kAnybody},
          {.method = "GET",
           .path = "/readyz",
           .handle = [&](const Call&) { return ready(dependencies); },
           .any_parameters = true,
           .access = Route::Access::kAnybody}};
}

}  // namespace understudy::api
