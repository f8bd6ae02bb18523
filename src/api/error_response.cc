#include "api/error_response.h"

#include <utility>

#include "base/text.h"

namespace understudy::api {
namespace {

constexpr std::string_view kRetryAfterSeconds = "5";
/// A message may quote what was sent; beyond this it is cut.
constexpr size_t kMessageBytesMax = 2'000;

int status_of(base::ErrorKind kind) {
  switch (kind) {
    case base::ErrorKind::kProtocol:
      return 400;
    case base::ErrorKind::kNotFound:
      return 404;
    case base::ErrorKind::kConflict:
      return 409;
    case base::ErrorKind::kInvalid:
    case base::ErrorKind::kLimit:
      return 422;
    case base::ErrorKind::kTimeout:
    case base::ErrorKind::kCancelled:  // nobody is there to read it
    case base::ErrorKind::kUnavailable:
    case base::ErrorKind::kIo:
      return 503;
    case base::ErrorKind::kClosed:
    case base::ErrorKind::kInternal:
      return 500;
  }
  return 500;
}

}  // namespace

Response error_response(int status, std::string_view message) {
  const bool whole = message.size() <= kMessageBytesMax;
  const std::string_view shown = base::cut_utf8(message, kMessageBytesMax);
  return json_response(
      flags::Value::Object{{"error", whole ? std::string(shown) : base::cat(shown, "...")}},
      status);
}

Response error_response(const base::Error& error) {
  Response response = error_response(status_of(error.kind), error.context);
  if (response.status == 503) {
    response.headers.emplace_back("Retry-After", kRetryAfterSeconds);
  }
  return response;
}

Response json_response(const flags::Value& body, int status) {
  return json_response_text(flags::to_json(body), status);
}

Response json_response_text(std::string body, int status) {
  Response response;
  response.status = status;
  response.body = std::move(body);
  response.body += '\n';
  return response;
}

}  // namespace understudy::api
