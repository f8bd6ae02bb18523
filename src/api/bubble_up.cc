#include "query/bubble_up.h"

#include "api/cancellable_handler.h"
#include "api/error_response.h"
#include "api/resources.h"
#include "flags/value.h"
#include "query/known_names.h"

namespace understudy::api {
namespace {

base::Result<Response> post_bubble_up(const Dependencies& dependencies, const Call& call) {
  TRY_ASSIGN(const flags::Value body, call.json_object());
  TRY_ASSIGN(const query::BubbleUpRequest request,
             query::BubbleUpRequest::parse(flags::to_json(body)));
  TRY_ASSIGN(const query::BubbleUp found,
             query::bubble_up(dependencies.events, request, dependencies.clock));
  TRY(query::check_names(dependencies.events, request));
  return json_response_text(query::render_json(found));
}

}  // namespace

Routes bubble_up_routes(const Dependencies& dependencies) {
  return {{.method = "POST",
           .path = "/api/bubbleup",
           .body = BodyKind::kJson,
           .handle = cancellable(dependencies, post_bubble_up),
           .permission = state::Permission::kRead,
           .work = Work::kQueries}};
}

}  // namespace understudy::api
