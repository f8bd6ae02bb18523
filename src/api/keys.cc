#include <utility>

#include "api/error_response.h"
#include "api/resources.h"
#include "base/text.h"
#include "query/rfc3339.h"

namespace understudy::api {
namespace {

using base::Result;
using flags::Value;

/// Never with the secret or its hash.
Value key_json(const state::ApiKey& key) {
  Value::List permissions;
  for (const state::Permission permission : state::kPermissions) {
    if (key.permissions.has(permission)) permissions.push_back(std::string(name(permission)));
  }
  Value json = Value::Object{{"id", key.id},
                             {"name", key.name},
                             {"permissions", std::move(permissions)},
                             {"created", query::rfc3339_nanoseconds(key.created_ns)},
                             {"created_by", key.created_by}};
  if (key.revoked()) {
    json.set("revoked", query::rfc3339_nanoseconds(*key.revoked_ns));
    json.set("revoked_by", key.revoked_by);
  }
  return json;
}

Result<Response> list_keys(const Dependencies& dependencies) {
  TRY_ASSIGN(const auto keys, dependencies.state.api_keys());
  Value::List list;
  for (const state::ApiKey& key : keys) list.push_back(key_json(key));
  return json_response(Value::Object{{"keys", std::move(list)}});
}

Result<state::Permissions> permissions_member(const Value& body) {
  const Value* member = body.find("permissions");
  if (member == nullptr || !member->is_list()) {
    return base::invalid("\"permissions\" has to be a list, such as [\"read\", \"operate\"]");
  }
  state::Permissions permissions;
  for (const Value& item : member->as_list()) {
    if (!item.is_string()) return base::invalid("\"permissions\" has to be a list of texts");
    TRY_ASSIGN(const state::Permissions one, state::Permissions::parse(item.as_string()));
    for (const state::Permission permission : state::kPermissions) {
      if (one.has(permission)) permissions.add(permission);
    }
  }
  return permissions;
}

Result<Response> post_key(const Dependencies& dependencies, KeyRing& ring, const Call& call) {
  TRY_ASSIGN(const Value body, call.json_object());
  TRY(only_members(body, {"name", "permissions", "by"}));
  TRY_ASSIGN(const auto name, text_member(body, "name"));
  TRY_ASSIGN(const state::Permissions permissions, permissions_member(body));
  TRY_ASSIGN(state::NewApiKey made, state::make_api_key(name.value_or(""), permissions));
  TRY_ASSIGN(const state::ApiKey kept,
             dependencies.state.add_api_key(std::move(made.key), call.actor(&body)));
  ring.changed(kept);
  Value json = key_json(kept);
  json.set("key", made.text);
  return json_response(json, 201);
}

Result<Response> delete_key(const Dependencies& dependencies, KeyRing& ring, const Call& call) {
  TRY_ASSIGN(const state::ApiKey key,
             dependencies.state.revoke_api_key(call.path("id"), call.actor()));
  ring.changed(key);
  return json_response(key_json(key));
}

}  // namespace

Routes key_routes(const Dependencies& dependencies, KeyRing& keys) {
  return {{.method = "GET",
           .path = "/api/keys",
           .handle = [&](const Call&) { return list_keys(dependencies); },
           .permission = state::Permission::kKeys},
          {.method = "POST",
           .path = "/api/keys",
           .body = BodyKind::kJson,
           .handle = [&](const Call& call) { return post_key(dependencies, keys, call); },
           .permission = state::Permission::kKeys},
          {.method = "DELETE",
           .path = "/api/keys/{id}",
           .parameters = {"by"},
           .handle = [&](const Call& call) { return delete_key(dependencies, keys, call); },
           .permission = state::Permission::kKeys}};
}

}  // namespace understudy::api
