#include <utility>

#include "api/error_response.h"
#include "api/key_ring.h"
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

/// Never waits: it is answered on the thread that reads requests.
Response alive(const KeyRing& keys) {
  Value::Object json{{"status", "ok"}};
  if (const auto unconfirmed_ns = keys.unconfirmed_ns()) {
    json.emplace_back("keys_unconfirmed_s", *unconfirmed_ns / 1'000'000'000);
  }
  return json_response(std::move(json));
}

}  // namespace

Routes health_routes(const Dependencies& dependencies, const KeyRing& keys) {
  return {{.method = "GET",
           .path = "/healthz",
           .handle = [&](const Call&) { return Result<Response>(alive(keys)); },
           .any_parameters = true,
           .access = Route::Access::kAnybody},
          {.method = "GET",
           .path = "/readyz",
           .handle = [&](const Call&) { return ready(dependencies); },
           .any_parameters = true,
           .access = Route::Access::kAnybody}};
}

}  // namespace understudy::api
