#pragma once

#include <string>

#include "http/fields.h"
#include "store/cancellation.h"

namespace understudy::api {

/// One request to the admin interface, whole. A plain value; nothing in it is decoded or trusted,
/// the Api does both.
struct Request {
  std::string method = "GET";
  std::string target = "/";   // path and query as sent, without scheme and authority
  std::string authority;      // Host, or the authority of an absolute target
  http::OwnedFields headers;  // a content coding is still on the body
  std::string body;           // a transfer coding is not
  std::string client_address;
  /// Cancelled when the client leaves before it is answered.
  store::Cancellation cancellation = {};
};

}  // namespace understudy::api
