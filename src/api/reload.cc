#include <string>
#include <utility>

#include "api/error_response.h"
#include "api/resources.h"
#include "base/log.h"
#include "base/text.h"

namespace understudy::api {
namespace {

base::Result<Response> reload(const Dependencies& dependencies, const Call& call) {
  if (!dependencies.reload) {
    return base::error(base::ErrorKind::kNotFound, "this server has no configuration to reload");
  }
  const std::string by =
      base::cat("reload by ", call.actor(), " from ", call.request().client_address, ": ");
  const base::Result<Reloaded> outcome = dependencies.reload();
  if (!outcome.ok()) {
    base::log_error(by, "not reloaded, the former configuration stays: ", outcome.error().context);
    return outcome.error();
  }
  base::log_info(by, outcome->text);
  flags::Value::List notes;
  for (const std::string& note : outcome->notes) notes.emplace_back(note);
  return json_response(
      flags::Value::Object{{"result", outcome->text}, {"notes", std::move(notes)}});
}

}  // namespace

Routes reload_routes(const Dependencies& dependencies) {
  return {{.method = "POST",
           .path = "/api/reload",
           .body = BodyKind::kJson,
           .handle = [&](const Call& call) { return reload(dependencies, call); }}};
}

}  // namespace understudy::api
