#include "app/cli/api_client.h"

#include <curl/curl.h>

#include <memory>

#include "base/text.h"

namespace understudy::app {
namespace {

using base::cat;

constexpr long kConnectTimeoutMs = 5'000;
/// A query may wait for the replay of the event log.
constexpr long kTimeoutMs = 120'000;

struct Body {
  std::string text;
  size_t bytes_max;
};

size_t take(char* data, size_t size, size_t count, void* user) {
  auto& body = *static_cast<Body*>(user);
  const size_t bytes = size * count;
  if (body.text.size() + bytes > body.bytes_max) return 0;
  body.text.append(data, bytes);
  return bytes;
}

/// {"error": "..."} or whatever else the server said.
std::string said(long status, const std::string& body) {
  const auto parsed = flags::parse_json(body);
  if (parsed.ok()) {
    const flags::Value* error = parsed->find("error");
    if (error != nullptr && error->is_string()) return error->as_string();
  }
  return cat("the server answered ", status, body.empty() ? "" : ": ", base::printable(body, 300));
}

}  // namespace

base::Result<std::string> ApiClient::call(const char* method, std::string_view path,
                                          const std::string& json) const {
  const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> curl(curl_easy_init(),
                                                                 curl_easy_cleanup);
  if (!curl) return base::error(base::ErrorKind::kInternal, "libcurl cannot be started");
  Body body{{}, kAnswerBytesMax};
  const std::string url = cat(url_, path);
  curl_easy_setopt(curl.get(), CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl.get(), CURLOPT_CUSTOMREQUEST, method);
  curl_easy_setopt(curl.get(), CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl.get(), CURLOPT_CONNECTTIMEOUT_MS, kConnectTimeoutMs);
  curl_easy_setopt(curl.get(), CURLOPT_TIMEOUT_MS, kTimeoutMs);
  curl_easy_setopt(curl.get(), CURLOPT_WRITEFUNCTION, take);
  curl_easy_setopt(curl.get(), CURLOPT_WRITEDATA, &body);
  std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> headers(nullptr, curl_slist_free_all);
  const auto add_header = [&](const std::string& line) {
    headers.reset(curl_slist_append(headers.release(), line.c_str()));
  };
  if (!key_.empty()) add_header(cat("Authorization: Bearer ", key_));
  if (!json.empty()) {
    add_header("Content-Type: application/json");
    add_header("Expect:");
    curl_easy_setopt(curl.get(), CURLOPT_POSTFIELDS, json.data());
    curl_easy_setopt(curl.get(), CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(json.size()));
  }
  if (headers) curl_easy_setopt(curl.get(), CURLOPT_HTTPHEADER, headers.get());
  const CURLcode code = curl_easy_perform(curl.get());
  if (code == CURLE_WRITE_ERROR) {
    return base::error(base::ErrorKind::kLimit,
                       cat("the answer is larger than ", kAnswerBytesMax, " bytes; ask for less"));
  }
  if (code == CURLE_OPERATION_TIMEDOUT) {
    return base::error(base::ErrorKind::kTimeout, cat("the server at ", url_, " did not answer"));
  }
  if (code != CURLE_OK) {
    return base::error(base::ErrorKind::kUnavailable,
                       cat("cannot reach the server at ", url_, " (", curl_easy_strerror(code),
                           "); start it with \"understudy serve\", or name another with --url or "
                           "UNDERSTUDY_URL"));
  }
  long status = 0;
  curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &status);
  if (status >= 200 && status < 300) return std::move(body.text);
  const bool no_key = status == 401 && key_.empty();
  return base::error(status == 404 ? base::ErrorKind::kNotFound : base::ErrorKind::kInvalid,
                     cat(said(status, body.text), no_key ? "; put it into UNDERSTUDY_KEY" : ""));
}

base::Result<flags::Value> ApiClient::get_json(std::string_view path) const {
  TRY_ASSIGN(const std::string text, get(path));
  auto parsed = flags::parse_json(text);
  if (parsed.ok()) return parsed;
  return base::error(base::ErrorKind::kProtocol,
                     cat("what answers at ", url_, " is no Understudy server"));
}

std::string url_encode(std::string_view text) {
  constexpr std::string_view kPlain =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  for (const char letter : text) {
    if (kPlain.find(letter) != std::string_view::npos) {
      out.push_back(letter);
    } else {
      const auto byte = static_cast<unsigned char>(letter);
      out += {'%', kHex[byte >> 4], kHex[byte & 15]};
    }
  }
  return out;
}

}  // namespace understudy::app
