// Clients that take their time, and fields that are about one hop only.

#include <gtest/gtest.h>

#include <string>

#include "proxy/testing/proxy_fixture.h"

namespace understudy {
namespace {

using flags::Mode;
using proxy::Account;
using proxy::testing::answer;
using proxy::testing::dead_port;
using proxy::testing::Event;
using proxy::testing::Received;
using proxy::testing::Request;
using proxy::testing::says;
using proxy::testing::Service;
using proxy::testing::Socket;

class SlowClient : public proxy::testing::ProxyFixture {
 protected:
  void start_with_limits(std::string_view limits) {
    start(Mode::kFullEvaluation, control_.port(), candidate_.port(),
          base::cat("limits: {", limits, "}\nroutes: [{name: all, safe_to_repeat: true}]\n"));
  }
  Service control_{says("old")};
  Service candidate_{says("old")};
};

TEST_F(SlowClient, AHeadThatStopsIsA408) {
  start_with_limits("head_timeout: 100ms");
  for (const std::string_view begin : {"G", "GET /", "GET / HTTP/1.1\r\nHost: h\r\nX: "}) {
    const Socket socket = client();
    socket.send(begin);
    const Received received = socket.receive_to_end();
    EXPECT_EQ(status_of(received.bytes), "408") << begin;
    EXPECT_EQ(received.end, Received::End::kClosed) << begin;
  }
  EXPECT_EQ(control_.connections() + candidate_.connections(), 0u);
}

TEST_F(SlowClient, AHeadThatTricklesIsA408AllTheSame) {
  start_with_limits("head_timeout: 300ms");
  Socket socket = client();
  const timeval pause{.tv_sec = 0, .tv_usec = 20'000};
  setsockopt(socket.descriptor(), SOL_SOCKET, SO_RCVTIMEO, &pause, sizeof pause);
  std::string response;
  socket.send("GET / HTTP/1.1\r\nHost: h\r\nX: ");
  for (int i = 0; i < 1000 && response.empty(); ++i) {
    socket.send("x");
    response = socket.receive();  // waits for a moment
  }
  EXPECT_EQ(status_of(response), "408");
}

TEST_F(SlowClient, AnIdleConnectionIsClosedWithoutAWord) {
  start_with_limits("idle_timeout: 100ms");
  const Socket socket = client();
  EXPECT_EQ(socket.receive_all(), "");
  const Socket used = client();
  used.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(body_of(used.receive_all()), "old");
}

TEST_F(SlowClient, ABodyThatStopsIsA408) {
  start_with_limits("body_timeout: 100ms");
  const Socket socket = client();
  socket.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhel");
  EXPECT_EQ(status_of(socket.receive_all()), "408");
  EXPECT_EQ(exchange(0).account, Account::kClientAborted);
  EXPECT_EQ(control_.requests().size(), 0u);
}

TEST_F(SlowClient, ABodyThatTricklesIsCutOffAtTheLimitOfTheWholeRequest) {
  start_with_limits("request_timeout: 300ms");
  Socket socket = client();
  const timeval pause{.tv_sec = 0, .tv_usec = 20'000};
  setsockopt(socket.descriptor(), SOL_SOCKET, SO_RCVTIMEO, &pause, sizeof pause);
  socket.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n");
  std::string response;
  for (int i = 0; i < 1000 && response.empty(); ++i) {
    socket.send("x");
    response = socket.receive();
  }
  EXPECT_EQ(status_of(response), "408");
}

TEST_F(SlowClient, AClientThatDoesNotReadIsCutOff) {
  const std::string large(64 << 20, 'x');
  Service control(says(large));
  start(Mode::kControlOnly, control.port(), dead_port(), "limits: {write_timeout: 200ms}\n");
  const Socket socket = client(4096);
  socket.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(exchange(0).account, Account::kClientAborted);
  EXPECT_TRUE(control.wait_for_open(0));
  const Received received = socket.receive_to_end();
  EXPECT_LT(received.bytes.size(), large.size());
}

TEST_F(SlowClient, AnHttp10ClientCutOffCannotTakeThePartForTheWhole) {
  Service control([](Socket& socket, const Request&) {
    socket.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    const std::string piece(65536, 'x');
    for (int i = 0; i < 1000; ++i) {
      if (!socket.send(base::cat("10000\r\n", piece, "\r\n"))) return socket.close();
    }
    socket.send("0\r\n\r\n");
  });
  start(Mode::kControlOnly, control.port(), dead_port(), "limits: {write_timeout: 200ms}\n");
  const Socket socket = client(4096);
  socket.send("GET / HTTP/1.0\r\nHost: h\r\n\r\n");
  EXPECT_EQ(exchange(0).account, Account::kClientAborted);
  EXPECT_EQ(socket.receive_to_end().end, Received::End::kReset);
}

TEST_F(SlowClient, ASlowUploadIsNotTheFaultOfControl) {
  // Control's time is shorter than the upload takes, but it is never what is waited for.
  Service control([](Socket& socket, const Request& request) {
    socket.send(answer(200, base::cat(request.body.size())));
  });
  start(Mode::kControlOnly, control.port(), dead_port(), "", "", ", timeout: 250ms");
  Socket socket = client();
  const timeval pause{.tv_sec = 0, .tv_usec = 50'000};
  setsockopt(socket.descriptor(), SOL_SOCKET, SO_RCVTIMEO, &pause, sizeof pause);
  socket.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 12\r\n\r\n");
  std::string early;
  for (int i = 0; i < 12; ++i) {
    early += socket.receive();  // waits for a moment
    socket.send("x");
  }
  EXPECT_EQ(early, "");
  EXPECT_EQ(body_of(socket.receive_until("\r\n\r\n12")), "12");
}

class HopByHop : public proxy::testing::ProxyFixture {};

TEST_F(HopByHop, FieldsOfOneHopAreNotForwarded) {
  Service control(says("old"));
  Service candidate(says("old"));
  start(Mode::kFullEvaluation, control.port(), candidate.port(), "", ", timeout: 10s");
  get();  // both have a kept connection
  exchange(0);
  talk(
      "GET /hop HTTP/1.1\r\nHost: h\r\nConnection: close, X-Auth\r\nX-Auth: secret\r\n"
      "Keep-Alive: timeout=5\r\nProxy-Connection: keep-alive\r\nTE: trailers, gzip\r\n"
      "Trailer: X\r\nProxy-Authorization: Basic x\r\nX-Kept: 1\r\nUnderstudy-Shadow: 1\r\n\r\n");
  for (Service* service : {&control, &candidate}) {
    const Request request = service->requests(2).at(1);
    for (const char* name :
         {"X-Auth", "Keep-Alive", "Proxy-Connection", "Trailer", "Proxy-Authorization"}) {
      EXPECT_EQ(request.field(name), "") << request.head;
    }
    EXPECT_EQ(request.field("TE"), "trailers");
    EXPECT_EQ(request.field("X-Kept"), "1");
    EXPECT_EQ(request.field("Host"), "h");
  }
  EXPECT_EQ(control.requests(2).at(1).field("Understudy-Shadow"), "");
  EXPECT_EQ(candidate.requests(2).at(1).field("Understudy-Shadow"), "1");
}

TEST_F(HopByHop, FieldsOfOneHopInAnswersAreNotForwardedEither) {
  Service control([](Socket& socket, const Request&) {
    socket.send(
        "HTTP/1.1 103 Early Hints\r\nConnection: X-Secret\r\nX-Secret: 1\r\nKeep-Alive: 1\r\n"
        "Link: </a>\r\n\r\n"
        "HTTP/1.1 200 OK\r\nConnection: keep-alive, X-Secret\r\nX-Secret: 1\r\n"
        "Keep-Alive: timeout=5\r\nProxy-Authenticate: x\r\nX-Kept: 1\r\nContent-Length: 3\r\n\r\n"
        "old");
  });
  start(Mode::kControlOnly, control.port(), dead_port());
  const std::string response = get();
  EXPECT_EQ(response.find("X-Secret"), std::string::npos) << response;
  EXPECT_EQ(response.find("Keep-Alive"), std::string::npos) << response;
  EXPECT_EQ(response.find("Proxy-Authenticate"), std::string::npos) << response;
  EXPECT_NE(response.find("X-Kept: 1"), std::string::npos) << response;
  EXPECT_NE(response.find("Link: </a>"), std::string::npos) << response;
}

TEST_F(HopByHop, AnAbsoluteTargetDecidesTheHost) {
  Service control(says("old"));
  start(Mode::kControlOnly, control.port(), dead_port());
  talk("GET http://real:81/a?b HTTP/1.1\r\nHost: other\r\nConnection: close\r\n\r\n");
  const Request request = control.requests(1).at(0);
  EXPECT_EQ(request.line(), "GET /a?b HTTP/1.1");
  EXPECT_EQ(request.field("Host"), "real:81");
}

TEST_F(HopByHop, AClientThatExpects100GetsItBeforeItSendsTheBody) {
  Service control(
      [](Socket& socket, const Request& request) { socket.send(answer(200, request.body)); });
  start(Mode::kControlOnly, control.port(), dead_port());
  const Socket socket = client();
  socket.send(
      "POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 5\r\n"
      "Connection: close\r\n\r\n");
  EXPECT_EQ(socket.receive_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  socket.send("hello");
  EXPECT_EQ(body_of(socket.receive_all()), "hello");
  EXPECT_EQ(control.requests(1).at(0).field("Expect"), "");
}

}  // namespace
}  // namespace understudy
