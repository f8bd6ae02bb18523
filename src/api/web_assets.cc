#include "api/web_assets.h"

#include <algorithm>
#include <charconv>
#include <string>

#include "api/error_response.h"
#include "base/text.h"

namespace understudy::api {
namespace {

using base::equals_ignore_case;

/// Nothing from elsewhere: no script, no style, no font, and no page that frames this one. Charts
/// are exported as blobs of our own.
constexpr std::string_view kContentSecurityPolicy =
    "default-src 'self'; img-src 'self' data: blob:; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'; object-src 'none'";

/// The weight of one alternative in a list like "text/html;q=0.8, gzip"; 0 when it is not there.
double weight(std::string_view list, std::string_view wanted) {
  double found = 0;
  for (const std::string_view one : base::split(list, ',')) {
    const std::vector<std::string_view> parts = base::split(one, ';');
    if (!equals_ignore_case(base::trim(parts.front()), wanted)) continue;
    double weight = 1;
    for (size_t i = 1; i < parts.size(); ++i) {
      const std::string_view parameter = base::trim(parts[i]);
      if (!parameter.starts_with("q=")) continue;
      const std::string_view number = parameter.substr(2);
      if (std::from_chars(number.data(), number.data() + number.size(), weight).ec != std::errc()) {
        weight = 0;
      }
    }
    found = std::max(found, weight);
  }
  return found;
}

std::string_view header(const Request& request, std::string_view name) {
  const http::Field* field = request.headers.fields().find(name);
  return field == nullptr ? std::string_view() : field->value;
}

/// A browser says text/html; curl and our own programs say */* or nothing and get the list.
bool wants_page(const Request& request) {
  const std::string_view accept = header(request, "accept");
  const double page = weight(accept, "text/html");
  return page > 0 && page >= weight(accept, kJsonType);
}

bool names_etag(std::string_view if_none_match, std::string_view etag) {
  for (const std::string_view one : base::split(if_none_match, ',')) {
    std::string_view tag = base::trim(one);
    if (tag.starts_with("W/")) tag.remove_prefix(2);
    if (tag == etag || tag == "*") return true;
  }
  return false;
}

}  // namespace

const WebAsset* WebAssets::find(std::string_view path) const {
  const auto found = std::find_if(assets_.begin(), assets_.end(),
                                  [&](const WebAsset& asset) { return asset.path == path; });
  return found == assets_.end() ? nullptr : &*found;
}

std::optional<Response> WebAssets::answer(const Request& request) const {
  if (request.method != "GET" && request.method != "HEAD") return std::nullopt;
  const std::string_view path =
      std::string_view(request.target).substr(0, request.target.find('?'));
  const bool root = path == "/" && wants_page(request);
  const bool page = root || path == "/ui" || path.starts_with("/ui/");
  if (!page && !path.starts_with("/assets/")) return std::nullopt;
  const WebAsset* asset = find(page ? "/ui" : path);
  if (asset == nullptr) {
    return error_response(
        404, "there is no such file; load the page again, it may be of an older version");
  }

  Response response;
  response.headers.emplace_back("ETag", asset->etag);
  // The page names its files by their hashes, so that it alone has to be asked for again.
  response.headers.emplace_back("Cache-Control",
                                page ? "no-cache" : "public, max-age=31536000, immutable");
  response.headers.emplace_back("Vary", root ? "Accept, Accept-Encoding" : "Accept-Encoding");
  response.headers.emplace_back("Content-Security-Policy", kContentSecurityPolicy);
  response.headers.emplace_back("Referrer-Policy", "no-referrer");
  response.headers.emplace_back("X-Frame-Options", "DENY");
  if (names_etag(header(request, "if-none-match"), asset->etag)) {
    response.status = 304;
    response.content_type.clear();
    return response;
  }
  response.content_type = asset->content_type;
  if (weight(header(request, "accept-encoding"), "gzip") > 0) {
    response.headers.emplace_back("Content-Encoding", "gzip");
    response.body = asset->gzip;
  } else {
    response.body = asset->plain;
  }
  return response;
}

}  // namespace understudy::api
