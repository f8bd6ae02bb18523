#include "http/message.h"

namespace understudy::http {

MethodId method_id(std::string_view method) noexcept {
  switch (method.size()) {
    case 3:
      if (method == "GET") return MethodId::kGet;
      if (method == "PUT") return MethodId::kPut;
      break;
    case 4:
      if (method == "POST") return MethodId::kPost;
      if (method == "HEAD") return MethodId::kHead;
      break;
    case 5:
      if (method == "PATCH") return MethodId::kPatch;
      if (method == "TRACE") return MethodId::kTrace;
      break;
    case 6:
      if (method == "DELETE") return MethodId::kDelete;
      break;
    case 7:
      if (method == "OPTIONS") return MethodId::kOptions;
      if (method == "CONNECT") return MethodId::kConnect;
      break;
    default:
      break;
  }
  return MethodId::kOther;
}

std::string_view version_name(Version version) noexcept {
  switch (version) {
    case Version::kHttp10:
      return "HTTP/1.0";
    case Version::kHttp11:
      return "HTTP/1.1";
    case Version::kHttp2:
      return "HTTP/2";
  }
  return "";
}

void RequestHead::clear() noexcept {
  method = target = scheme = authority = {};
  method_id = MethodId::kOther;
  version = Version::kHttp11;
  framing = Framing::kNone;
  content_length = 0;
  keep_alive = true;
  expect_continue = false;
  upgrade_requested = false;
  fields.clear();
}

void ResponseHead::clear() noexcept {
  status = 0;
  reason = {};
  version = Version::kHttp11;
  framing = Framing::kNone;
  content_length = 0;
  keep_alive = true;
  interim = false;
  fields.clear();
}

}  // namespace understudy::http
