#pragma once

// The proxy between a test's client and its services. Header only: not in the product.

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>

#include "base/config_yaml.h"
#include "base/text.h"
#include "flags/snapshot_holder.h"
#include "proxy/proxy.h"
#include "proxy/testing/exchange_collector.h"
#include "proxy/testing/service.h"

namespace understudy::proxy::testing {

/// One migration `m` on a port of its own. Whatever a test does, at its end the proxy must stop and
/// its books must add up.
class ProxyFixture : public ::testing::Test {
 protected:
  /// `more` is YAML beside name, listen, control and candidate.
  static std::shared_ptr<const MigrationOptions> options(uint16_t control, uint16_t candidate,
                                                         std::string_view more,
                                                         std::string_view candidate_more,
                                                         std::string_view control_more = "",
                                                         std::string_view candidate_path = "") {
    const std::string yaml =
        base::cat("name: m\nlisten: 127.0.0.1:0\ncontrol: {url: \"http://127.0.0.1:", control, "\"",
                  control_more, "}\ncandidate: {url: \"http://127.0.0.1:", candidate,
                  candidate_path, "\"", candidate_more, "}\n", more);
    return parse(yaml);
  }
  static std::shared_ptr<const MigrationOptions> parse(const std::string& yaml) {
    const auto node = base::parse_yaml(yaml, "test.yaml");
    if (!node.ok()) {
      ADD_FAILURE() << node.error().context;
      return nullptr;
    }
    auto parsed = MigrationOptions::parse(*node);
    if (!parsed.ok()) {
      ADD_FAILURE() << parsed.error().context;
      return nullptr;
    }
    return std::make_shared<const MigrationOptions>(std::move(*parsed));
  }
  void start(flags::Mode mode, uint16_t control, uint16_t candidate, std::string_view more = "",
             std::string_view candidate_more = ", timeout: 300ms",
             std::string_view control_more = "", std::string_view candidate_path = "") {
    start_with(mode,
               options(control, candidate, more, candidate_more, control_more, candidate_path));
  }
  void start_with(flags::Mode mode, const std::shared_ptr<const MigrationOptions>& with) {
    ASSERT_NE(with, nullptr);
    set_mode(mode);
    proxy_ = std::make_unique<Proxy>(ProxyOptions{.workers = workers_}, flags_, sink_);
    const auto status = proxy_->start({with});
    ASSERT_TRUE(status.ok()) << status.error().context;
    books_ = proxy_->accounting("m");
    port_ = proxy_->port("m");
  }
  void set_mode(flags::Mode mode) {
    flags_.publish(flags::FlagSnapshot::make({flags::make_mode_flag("m", flags::ModeMix(mode))}));
  }

  Socket client(int receive_buffer_bytes = 0) const {
    return Socket::connect(port_, receive_buffer_bytes);
  }
  /// The whole answer to a GET on a connection of its own.
  std::string get(std::string_view path = "/") const {
    return talk(base::cat("GET ", path, " HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"));
  }
  /// Everything that comes back for these bytes until the proxy closes.
  std::string talk(std::string_view bytes) const {
    const Socket socket = client();
    socket.send(bytes);
    return socket.receive_all();
  }
  static std::string body_of(const std::string& response) {
    const size_t end = response.find("\r\n\r\n");
    return end == std::string::npos ? "no head: " + response : response.substr(end + 4);
  }
  static std::string status_of(std::string_view response) {
    return response.size() < 12 ? base::cat("no status: ", response)
                                : std::string(response.substr(9, 3));
  }
  /// The n-th finished exchange.
  const Exchange& exchange(size_t index) {
    static const Exchange kNone{};
    const Exchange* found = sink_.at(index);
    if (found == nullptr) ADD_FAILURE() << "no exchange " << index;
    return found == nullptr ? kNone : *found;
  }

  /// True when nothing had to be cut off.
  bool stop(std::chrono::seconds patience = std::chrono::seconds(kPatienceSeconds)) {
    if (!proxy_) return true;
    const bool clean = proxy_->drain_and_stop(patience);
    proxy_.reset();
    return clean;
  }
  void TearDown() override {
    if (!proxy_) return;
    stop();
    EXPECT_EQ(books_->requests(), books_->settled()) << "a request is in no account, or in two";
  }

  int workers_ = 1;
  uint16_t port_ = 0;
  flags::SnapshotHolder flags_;
  ExchangeCollector sink_;
  std::unique_ptr<Proxy> proxy_;
  std::shared_ptr<Accounting> books_;
};

}  // namespace understudy::proxy::testing
