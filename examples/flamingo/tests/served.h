#pragma once

#include <gtest/gtest.h>

#include <string>
#include <thread>

#include "data/http_client.h"
#include "services/http_service.h"

namespace flamingo {

/// A service on a port of its own, served by a thread.
class Served {
 public:
  explicit Served(HttpService& service) : service_(service) {
    const auto url = service.bind();
    EXPECT_TRUE(url.ok());
    if (!url.ok()) return;
    url_ = *url;
    thread_ = std::jthread([this] { service_.run(); });
  }
  ~Served() {
    // A server that is not yet running cannot be stopped.
    while (!http_.call({.url = url_ + "/healthz"}).ok()) std::this_thread::yield();
    service_.stop();
  }

  HttpAnswer get(const std::string& path) { return ask({.url = url_ + path}); }
  HttpAnswer post(const std::string& path, const std::string& body) {
    return ask({.method = "POST", .url = url_ + path, .body = body});
  }
  const std::string& url() const { return url_; }

 private:
  HttpAnswer ask(const HttpCall& call) {
    const auto answer = http_.call(call);
    EXPECT_TRUE(answer.ok()) << answer.fault().message;
    return answer.ok() ? *answer : HttpAnswer{};
  }

  HttpService& service_;
  HttpClient http_;
  std::string url_;
  std::jthread thread_;
};

}  // namespace flamingo
