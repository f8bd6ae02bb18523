#include "api/keyed_items.h"

namespace understudy::api {

base::Result<flags::Value> body_with_key(const Call& call) {
  const std::string_view key = call.path("key");
  TRY_ASSIGN(flags::Value body, call.json_object());
  const flags::Value* given_key = body.find("key");
  if (given_key == nullptr) {
    body.set("key", key);
  } else if (!given_key->is_string() || given_key->as_string() != key) {
    return base::invalid(base::cat("\"key\" in the body is not '", base::printable(key),
                                   "', the key in the path; leave it out or make them equal"));
  }
  return body;
}

Response no_content() {
  Response response;
  response.status = 204;
  response.content_type.clear();
  return response;
}

}  // namespace understudy::api
