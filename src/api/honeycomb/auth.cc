#include <string>
#include <vector>

#include "api/error_response.h"
#include "api/honeycomb/honeycomb.h"

namespace understudy::api::honeycomb {
namespace {

using base::Result;
using flags::Value;

/// What the key of the request may do, in the words of these clients; without keys, everything.
Result<Response> get_auth(const Dependencies& dependencies, const Call& call) {
  state::Permissions may;
  std::string id = "none";
  if (call.key_name().empty()) {
    for (const state::Permission one : state::kPermissions) may.add(one);
  } else {
    TRY_ASSIGN(const std::vector<state::ApiKey> keys, dependencies.state.api_keys());
    for (const state::ApiKey& key : keys) {
      if (key.revoked() || key.name != call.key_name()) continue;
      may = key.permissions;
      id = key.id;
    }
  }
  const bool read = may.has(state::Permission::kRead);
  const bool operate = may.has(state::Permission::kOperate);
  const bool ingest = may.has(state::Permission::kIngest);
  const Value account = Value::Object{{"name", "Understudy"}, {"slug", "understudy"}};
  return json_response(Value::Object{{"id", id},
                                     {"type", read || operate ? "configuration" : "ingest"},
                                     {"api_key_access", Value::Object{{"events", ingest},
                                                                      {"markers", operate},
                                                                      {"triggers", false},
                                                                      {"boards", operate},
                                                                      {"queries", read},
                                                                      {"columns", operate},
                                                                      {"createDatasets", ingest},
                                                                      {"slos", false},
                                                                      {"recipients", false},
                                                                      {"privateBoards", false}}},
                                     {"environment", account},
                                     {"team", account}});
}

}  // namespace

Routes auth_routes(const Dependencies& dependencies) {
  return {{.method = "GET",
           .path = "/1/auth",
           .handle = with_problems(
               [&dependencies](const Call& call) { return get_auth(dependencies, call); })}};
}

}  // namespace understudy::api::honeycomb
