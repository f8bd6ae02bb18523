#pragma once

#include "core/transport.h"

namespace understudy::sdk {

/// Transport over libcurl: TLS, proxies from the environment, redirects of streams within http and
/// https. Each call has its own handle; nothing blocks longer than its timeouts, and a stop request
/// wakes it at once.
class CurlTransport final : public Transport {
 public:
  CurlTransport();
  base::Result<HttpAnswer> post(const HttpRequest& request, std::stop_token stop) override;
  base::Status stream(const HttpRequest& request, StreamSink& sink, std::stop_token stop) override;
};

}  // namespace understudy::sdk
