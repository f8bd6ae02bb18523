#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/event_stream.h"

namespace understudy::api {

inline constexpr std::string_view kJsonType = "application/json";

/// The answer to one request. The server adds Date, the framing and what belongs to the connection.
/// `content_type` is empty when there is no body and never will be (204, 304). Every text in it is
/// free of CR, LF and NUL. HEAD is the server's: it sends the head of this and leaves the body out.
struct Response {
  int status = 200;
  std::string content_type = std::string(kJsonType);
  std::vector<std::pair<std::string, std::string>> headers;  // without content type and length
  std::string body;
  /// When set, `body` is empty and the answer goes on until the client leaves.
  std::shared_ptr<EventStream> stream;
};

}  // namespace understudy::api
