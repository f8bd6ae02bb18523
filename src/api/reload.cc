#include <string>

#include "api/error_response.h"
#include "api/resources.h"

namespace understudy::api {
namespace {

base::Result<Response> reload(const Dependencies& dependencies) {
  if (!dependencies.reload) {
    return base::error(base::ErrorKind::kNotFound, "this server has no configuration to reload");
  }
  TRY_ASSIGN(const std::string outcome, dependencies.reload());
  return json_response(flags::Value::Object{{"result", outcome}});
}

}  // namespace

Routes reload_routes(const Dependencies& dependencies) {
  return {{.method = "POST",
           .path = "/api/reload",
           .body = BodyKind::kJson,
           .handle = [&](const Call&) { return reload(dependencies); }}};
}

}  // namespace understudy::api
