#include "proxy/health_checker.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "proxy/testing/service.h"

namespace understudy::proxy {
namespace {

using namespace std::chrono_literals;
using testing::answer;
using testing::dead_port;
using testing::Request;
using testing::Service;
using testing::Socket;

/// A service on a real socket, and time that passes only when told to.
class HealthCheckerTest : public ::testing::Test {
 protected:
  void watch(uint16_t port) {
    SideOptions side;
    side.url = *http::parse_origin_url(base::cat("http://127.0.0.1:", port, "/prefix"));
    side.health = HealthOptions{.path = "/healthz?deep=1"};
    health_ = std::make_shared<SideHealth>("test", *side.health);
    checker_ = std::make_unique<HealthChecker>(loop_, buffers_, resolver_, side, health_);
  }
  uint64_t checks() const { return health_->now().passed + health_->now().failed; }
  /// Runs the loop until so many checks have ended.
  void run_until(uint64_t count) {
    while (checks() < count) loop_.turn(10'000'000);
  }
  /// The outcome of the first check.
  std::string failure() {
    run_until(1);
    return health_->now().passed == 1 ? "" : health_->now().last_failure;
  }
  void pass(std::chrono::nanoseconds time) {
    clock_.advance_ns(time.count());
    loop_.turn(0);
  }

  base::FakeClock clock_;
  net::EventLoop loop_{clock_};
  net::BufferPool buffers_;
  net::Resolver resolver_;
  std::shared_ptr<SideHealth> health_;
  std::unique_ptr<HealthChecker> checker_;
};

TEST_F(HealthCheckerTest, AsksForThePathAsItIs) {
  Service service(testing::says("fine"));
  watch(service.port());
  EXPECT_EQ(failure(), "");
  const Request seen = service.requests(1).at(0);
  EXPECT_EQ(seen.line(), "GET /healthz?deep=1 HTTP/1.1");
  EXPECT_EQ(seen.field("Host"), base::cat("127.0.0.1:", service.port()));
  EXPECT_EQ(seen.field("User-Agent"), "understudy-health");
  EXPECT_EQ(seen.field("Connection"), "close");
}

TEST_F(HealthCheckerTest, AsksAgainAfterTheIntervalAndNotBefore) {
  Service service(testing::says("fine"));
  watch(service.port());
  run_until(1);
  pass(5s - 1ns);
  for (int i = 0; i < 20; ++i) loop_.turn(1'000'000);
  EXPECT_EQ(service.connections(), 1u);
  pass(1ns);
  run_until(2);
  EXPECT_EQ(service.connections(), 2u) << "a kept connection says nothing about new ones";
}

TEST_F(HealthCheckerTest, AStatusOfAnErrorFails) {
  Service service([](Socket& socket, const Request&) { socket.send(answer(503, "warming up")); });
  watch(service.port());
  EXPECT_EQ(failure(), "status 503");
}

TEST_F(HealthCheckerTest, ARedirectPasses) {
  Service service([](Socket& socket, const Request&) { socket.send(answer(302, "")); });
  watch(service.port());
  EXPECT_EQ(failure(), "");
}

TEST_F(HealthCheckerTest, AClosedPortFails) {
  watch(dead_port());
  EXPECT_EQ(failure(), "connect_refused");
}

TEST_F(HealthCheckerTest, SilenceFailsAtTheTimeout) {
  Service service([](Socket& socket, const Request&) { socket.receive(); });
  watch(service.port());
  // The loop sends, the service's thread takes.
  while (service.requests().empty()) loop_.turn(1'000'000);
  pass(1s - 1ns);
  EXPECT_EQ(checks(), 0u);
  pass(1ns);
  EXPECT_EQ(failure(), "timeout");
}

TEST_F(HealthCheckerTest, AnAnswerThatDoesNotEndFailsAtTheTimeout) {
  Service service([](Socket& socket, const Request&) {
    socket.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
    socket.receive();
  });
  watch(service.port());
  while (service.requests().empty()) loop_.turn(1'000'000);
  for (int i = 0; i < 20; ++i) loop_.turn(1'000'000);
  pass(1s);
  EXPECT_EQ(failure(), "timeout");
}

TEST_F(HealthCheckerTest, GarbageFails) {
  Service service([](Socket& socket, const Request&) {
    socket.send("garbage\r\n\r\n");
    socket.close();
  });
  watch(service.port());
  EXPECT_TRUE(failure().starts_with("malformed")) << failure();
}

TEST_F(HealthCheckerTest, AnEndlessAnswerIsNotReadForEver) {
  Service service([](Socket& socket, const Request&) {
    socket.send("HTTP/1.1 200 OK\r\n\r\n");
    while (socket.send(std::string(4096, 'x'))) {
    }
    socket.close();
  });
  watch(service.port());
  EXPECT_EQ(failure(), "");
}

TEST_F(HealthCheckerTest, MayBeStoppedInTheMiddleOfACheck) {
  Service service([](Socket& socket, const Request&) { socket.receive(); });
  watch(service.port());
  while (service.requests().empty()) loop_.turn(1'000'000);
  checker_.reset();
  EXPECT_TRUE(service.wait_for_open(0));
  EXPECT_EQ(checks(), 0u);
}

}  // namespace
}  // namespace understudy::proxy
