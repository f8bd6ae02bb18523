#pragma once

#include <chrono>
#include <cstddef>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace understudy::sdk {

/// One HTTP request to the server.
struct HttpRequest {
  std::string url;
  std::vector<std::string> headers;  // "name: value"
  std::string body;                  // of a POST
  std::chrono::milliseconds connect_timeout{5'000};
  std::chrono::milliseconds timeout{10'000};        // of a whole POST
  std::chrono::milliseconds idle_timeout{300'000};  // of a stream: longest time without a byte
  size_t answer_bytes_max = size_t{4} << 20;        // of a POST's answer; beyond: an error
};

struct HttpAnswer {
  int status = 0;
  std::string retry_after;  // the field's value, empty when absent
  std::string body;
};

/// Takes the bytes of a stream as they arrive.
class StreamSink {
 public:
  virtual ~StreamSink() = default;
  /// False ends the stream.
  virtual bool on_status(int status) = 0;
  virtual bool on_bytes(std::string_view bytes) = 0;
};

/// How the client reaches the server: the seam between the SDK and the network. Blocking calls,
/// which return soon after stop is requested. Threads: any; several calls at once.
class Transport {
 public:
  virtual ~Transport() = default;
  /// An answer of any status is a success here; an Error means there was none.
  virtual base::Result<HttpAnswer> post(const HttpRequest& request, std::stop_token stop) = 0;
  /// Returns when the stream ended: success when the server or the sink ended it.
  virtual base::Status stream(const HttpRequest& request, StreamSink& sink,
                              std::stop_token stop) = 0;
};

}  // namespace understudy::sdk
