#include <string>
#include <utility>

#include "api/error_response.h"
#include "api/gunzip.h"
#include "api/resources.h"
#include "base/text.h"
#include "ingest/otlp_json_logs.h"

namespace understudy::api {
namespace {

using base::ErrorKind;
using base::Result;
using flags::Value;

// google.rpc.Code, of which OTLP's failures carry one.
constexpr int kInvalidArgument = 3;
constexpr int kResourceExhausted = 8;
constexpr int kUnavailable = 14;

/// google.rpc.Status as JSON, as OTLP/HTTP wants it. 503 is sent again by clients, the others are
/// not.
Response failure(int status, int code, std::string_view message) {
  Response response = json_response(Value::Object{{"code", code}, {"message", message}}, status);
  if (status == 503) response.headers.emplace_back("Retry-After", "5");
  return response;
}

Response refused(const base::Error& error) {
  if (error.kind == ErrorKind::kLimit) return failure(413, kResourceExhausted, error.context);
  return failure(400, kInvalidArgument, error.context);
}

bool is_compressed(const Call& call) {
  return base::to_lower(call.header("content-encoding")).ends_with("gzip");
}

Result<Response> post_logs(const Dependencies& dependencies, size_t body_bytes_max,
                           const Call& call) {
  std::string unpacked;
  if (is_compressed(call)) {
    Result<std::string> text = gunzip(call.request().body, body_bytes_max);
    if (!text.ok()) return refused(text.error());
    unpacked = *std::move(text);
  }
  const std::string& body = is_compressed(call) ? unpacked : call.request().body;
  ingest::OtlpLimits limits;
  limits.body_bytes_max = body_bytes_max;
  const Result<ingest::OtlpLogs> logs =
      ingest::parse_otlp_json_logs(body, limits, dependencies.clock.unix_ns());
  if (!logs.ok()) return refused(logs.error());
  if (!logs->events.empty()) {
    const base::Status appended = dependencies.events.append(logs->events);
    if (!appended.ok()) return failure(503, kUnavailable, appended.error().context);
  }
  return json_response_text(logs->response_json());
}

}  // namespace

Routes otlp_routes(const Dependencies& dependencies, size_t body_bytes_max) {
  return {
      {.method = "POST",
       .path = "/v1/logs",
       .body = BodyKind::kIngest,
       .handle = [&dependencies, body_bytes_max](
                     const Call& call) { return post_logs(dependencies, body_bytes_max, call); },
       .any_parameters = true,
       .permission = state::Permission::kIngest}};
}

}  // namespace understudy::api
