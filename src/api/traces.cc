#include "api/cancellable_handler.h"
#include "api/error_response.h"
#include "api/resources.h"
#include "query/trace.h"

namespace understudy::api {
namespace {

base::Result<Response> get_trace(const Dependencies& dependencies, const Call& call) {
  query::TraceRequest request{.trace_id = std::string(call.path("trace_id")),
                              .dataset = std::string(call.query("dataset").value_or(""))};
  TRY_ASSIGN(request.start_ns, call.query_time("start"));
  TRY_ASSIGN(request.end_ns, call.query_time("end"));
  TRY_ASSIGN(const query::Trace trace, query::find_trace(dependencies.events, request));
  return json_response_text(query::render_json(trace));
}

}  // namespace

Routes trace_routes(const Dependencies& dependencies) {
  return {{.method = "GET",
           .path = "/api/traces/{trace_id}",
           .parameters = {"dataset", "start", "end"},
           .handle = cancellable(dependencies, get_trace),
           .permission = state::Permission::kRead,
           .work = Work::kQueries}};
}

}  // namespace understudy::api
