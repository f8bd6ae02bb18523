#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"
#include "flags/value.h"

namespace understudy::app {

/// Calls the admin API of a running server.
/// Failure: one sentence for a person: the server cannot be reached and how to name another, or
/// what the API said. Threads: one at a time. Cost: one connection per call.
class ApiClient {
 public:
  /// `url` without a slash at the end: "http://127.0.0.1:8081". `key` may be empty.
  ApiClient(std::string url, std::string key) : url_(std::move(url)), key_(std::move(key)) {}

  base::Result<std::string> get(std::string_view path) const { return call("GET", path, {}); }
  base::Result<std::string> post(std::string_view path, const std::string& json) const {
    return call("POST", path, json);
  }
  base::Result<std::string> put(std::string_view path, const std::string& json) const {
    return call("PUT", path, json);
  }
  base::Result<std::string> remove(std::string_view path) const { return call("DELETE", path, {}); }
  /// The answer to a GET as a JSON value.
  base::Result<flags::Value> get_json(std::string_view path) const;

 private:
  static constexpr size_t kAnswerBytesMax = size_t{256} << 20;

  base::Result<std::string> call(const char* method, std::string_view path,
                                 const std::string& json) const;

  std::string url_;
  std::string key_;
};

/// Percent-encodes one segment of a path or one value of a query.
std::string url_encode(std::string_view text);

}  // namespace understudy::app
