#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "api/request.h"
#include "api/response.h"

namespace understudy::api {

/// One file of the web UI as it is linked into the program. Everything is static data.
struct WebAsset {
  std::string_view path;  // "/assets/app-<hash>.js"; the page itself is "/ui"
  std::string_view content_type;
  std::string_view etag;  // with its quotes
  std::string_view plain;
  std::string_view gzip;
};

/// What web/build.mjs made; the page itself is among them.
std::vector<WebAsset> embedded_web_assets();

/// The web UI: the page at /ui and everything below it (the page routes in the browser), its
/// files under /assets/, and at / for who prefers text/html. They hold nothing that is a secret,
/// so no key is asked for; the page asks for one when the API does.
/// Failure: a path under /assets/ that does not exist is 404. Threads: any. Cost: a copy of the
/// file.
class WebAssets {
 public:
  explicit WebAssets(std::vector<WebAsset> assets) : assets_(std::move(assets)) {}

  /// The answer, or nothing when the request is for the API.
  std::optional<Response> answer(const Request& request) const;

 private:
  const WebAsset* find(std::string_view path) const;

  const std::vector<WebAsset> assets_;
};

}  // namespace understudy::api
