#include <cstdint>
#include <string>
#include <utility>

#include "api/error_response.h"
#include "api/resources.h"
#include "base/text.h"
#include "flags/flag_json.h"

namespace understudy::api {
namespace {

using base::Result;

/// FNV-1a, 64 bits: tells bodies apart, protects from nothing.
uint64_t fingerprint(std::string_view text) {
  uint64_t hash = 0xcbf29ce484222325;
  for (const char letter : text) {
    hash ^= static_cast<unsigned char>(letter);
    hash *= 0x100000001b3;
  }
  return hash;
}

/// Whether an If-None-Match names the tag; weak tags compare by their text (RFC 9110, 13.1.2).
bool names_tag(std::string_view if_none_match, std::string_view tag) {
  for (std::string_view one : base::split(if_none_match, ',')) {
    one = base::trim(one);
    if (one.starts_with("W/")) one.remove_prefix(2);
    if (one == tag || one == "*") return true;
  }
  return false;
}

Result<Response> open_stream(const Dependencies& dependencies) {
  Response response;
  TRY_ASSIGN(response.stream, dependencies.flags.open_stream());
  response.content_type = "text/event-stream; charset=utf-8";
  response.headers.emplace_back("Cache-Control", "no-cache, no-transform");
  response.headers.emplace_back("X-Accel-Buffering", "no");
  return response;
}

Result<Response> latest_all(const Dependencies& dependencies, const Call& call) {
  Response response = json_response_text(flags::to_json(*dependencies.flags.current()));
  const std::string tag = base::cat("\"", base::hex(fingerprint(response.body)), "\"");
  response.headers.emplace_back("ETag", tag);
  response.headers.emplace_back("Cache-Control", "no-cache");
  if (names_tag(call.header("if-none-match"), tag)) {
    response.status = 304;
    response.body.clear();
    response.content_type.clear();
  }
  return response;
}

}  // namespace

Routes stream_routes(const Dependencies& dependencies) {
  return {{.method = "GET",
           .path = "/all",
           .handle = [&](const Call&) { return open_stream(dependencies); },
           .any_parameters = true,
           .permission = state::Permission::kFlags},
          {.method = "GET",
           .path = "/sdk/latest-all",
           .handle = [&](const Call& call) { return latest_all(dependencies, call); },
           .any_parameters = true,
           .permission = state::Permission::kFlags}};
}

}  // namespace understudy::api
