// A connection leaves HTTP only when both sides have said so; until then every byte is a request or
// nothing. Row 13 of the attack checklist, and what an upgrade makes possible.

#include <gtest/gtest.h>

#include <atomic>
#include <string>

#include "proxy/testing/proxy_fixture.h"

namespace understudy {
namespace {

using flags::Mode;
using proxy::Account;
using proxy::Exchange;
using proxy::testing::answer;
using proxy::testing::dead_port;
using proxy::testing::Event;
using proxy::testing::Received;
using proxy::testing::Request;
using proxy::testing::says;
using proxy::testing::Service;
using proxy::testing::Socket;

constexpr std::string_view kSwitch =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Accept: x\r\n\r\n";
constexpr std::string_view kAsk =
    "GET /chat HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Key: k\r\n\r\n";

/// Switches and says back in brackets whatever it hears.
void echo(Socket& socket, const Request&) {
  socket.send(kSwitch);
  while (true) {
    const std::string heard = socket.receive();
    if (heard.empty()) break;
    socket.send(base::cat("[", heard, "]"));
  }
  socket.close();
}

class Upgrade : public proxy::testing::ProxyFixture {
 protected:
  /// A client that has been switched.
  Socket switched() const {
    Socket socket = client();
    socket.send(kAsk);
    EXPECT_EQ(status_of(socket.receive_exactly(switch_bytes())), "101");
    return socket;
  }
  /// The 101 as it arrives: the same fields, Connection as we write it.
  static size_t switch_bytes() { return kSwitch.size(); }
};

TEST_F(Upgrade, BytesGoBothWaysOnceBothHaveSwitched) {
  Service control(echo);
  Service candidate(echo);
  start(Mode::kFullEvaluation, control.port(), candidate.port());
  {
    const Socket socket = client();
    socket.send(kAsk);
    const std::string head = socket.receive_exactly(switch_bytes());
    EXPECT_TRUE(head.starts_with("HTTP/1.1 101 Switching Protocols\r\n")) << head;
    EXPECT_NE(head.find("Upgrade: websocket\r\n"), std::string::npos) << head;
    EXPECT_NE(base::to_lower(head).find("connection: upgrade\r\n"), std::string::npos) << head;
    EXPECT_NE(head.find("Sec-WebSocket-Accept: x\r\n"), std::string::npos) << head;
    // Not HTTP, and what looks like HTTP is not looked at either.
    for (const std::string_view said : {std::string_view("\x81\x00\xff\r\n\r\n", 7),
                                        std::string_view("GET / HTTP/1.1\r\n\r\n")}) {
      socket.send(said);
      EXPECT_EQ(socket.receive_exactly(said.size() + 2), base::cat("[", said, "]"));
    }
  }
  const Request seen = control.requests(1).at(0);
  EXPECT_EQ(seen.field("Upgrade"), "websocket");
  EXPECT_EQ(base::to_lower(seen.field("Connection")), "upgrade");
  EXPECT_EQ(seen.field("Sec-WebSocket-Key"), "k");
  const Exchange& ended = exchange(0);
  EXPECT_EQ(ended.account, Account::kNotSampled);
  EXPECT_EQ(ended.reason, "upgrade");
  EXPECT_EQ(ended.served_status, 101);
  EXPECT_TRUE(ended.control.succeeded());
  EXPECT_FALSE(ended.client_aborted);
  EXPECT_EQ(ended.request_body_bytes, 7u + 18u);
  EXPECT_EQ(ended.served_body_bytes, 9u + 20u);
  EXPECT_LE(ended.control.end_ns, ended.duration_ns) << "talk is not latency";
  EXPECT_EQ(candidate.connections(), 0u) << "a conversation has no shadow";
}

TEST_F(Upgrade, TheServingSideOfTheModeIsAsked) {
  Service control(says("old"));
  Service candidate(echo);
  start(Mode::kReverseEvaluation, control.port(), candidate.port());
  const Socket socket = switched();
  socket.send("hello");
  EXPECT_EQ(socket.receive_exactly(7), "[hello]");
  EXPECT_EQ(control.connections(), 0u);
}

TEST_F(Upgrade, WhatTheSideSaysWithItsSwitchIsNotLost) {
  Service control([](Socket& socket, const Request&) {
    socket.send(base::cat(kSwitch, "welcome"));
    socket.receive();
    socket.close();
  });
  start(Mode::kControlOnly, control.port(), dead_port());
  const Socket socket = switched();
  EXPECT_EQ(socket.receive_exactly(7), "welcome");
}

TEST_F(Upgrade, WhenTheSideClosesTheClientGetsTheRestAndThenTheEnd) {
  Service control([](Socket& socket, const Request&) {
    socket.send(kSwitch);
    socket.send(std::string(1 << 20, 'x'));
    socket.close();
  });
  start(Mode::kControlOnly, control.port(), dead_port());
  const Socket socket = switched();
  const Received rest = socket.receive_to_end();
  EXPECT_EQ(rest.bytes.size(), size_t{1} << 20);
  EXPECT_EQ(rest.end, Received::End::kClosed);
}

TEST_F(Upgrade, WhenTheClientLeavesTheSideIsReleased) {
  Service control(echo);
  start(Mode::kControlOnly, control.port(), dead_port());
  switched().close();
  EXPECT_TRUE(control.wait_for_open(0));
  EXPECT_FALSE(exchange(0).client_aborted) << "that is how conversations end";
}

TEST_F(Upgrade, ASilentConversationEndsAtItsTimeout) {
  Service control(echo);
  start(Mode::kControlOnly, control.port(), dead_port(), "limits: {upgrade_idle_timeout: 200ms}");
  const Socket socket = switched();
  EXPECT_EQ(socket.receive_all(), "");
  EXPECT_FALSE(socket.met_silence());
  EXPECT_TRUE(control.wait_for_open(0));
}

TEST_F(Upgrade, ADrainWaitsForConversationsAndThenCutsThemOff) {
  Service control(echo);
  start(Mode::kControlOnly, control.port(), dead_port());
  Socket ends = switched();
  std::thread drain([&] { EXPECT_TRUE(stop()); });
  while (client().is_open()) std::this_thread::yield();  // it has begun
  ends.send("still");
  EXPECT_EQ(ends.receive_exactly(7), "[still]");
  ends.close();
  drain.join();

  start(Mode::kControlOnly, control.port(), dead_port());
  const Socket stays = switched();
  EXPECT_FALSE(stop(std::chrono::seconds(0)));
  EXPECT_EQ(stays.receive_all(), "");
}

TEST_F(Upgrade, AReloadLeavesConversationsAlone) {
  Service control(echo);
  Service other(says("other"));
  start(Mode::kControlOnly, control.port(), dead_port());
  const Socket socket = switched();
  ASSERT_TRUE(proxy_->reload({options(other.port(), dead_port(), "", "")}).ok());
  EXPECT_EQ(body_of(get()), "other");
  socket.send("hello");
  EXPECT_EQ(socket.receive_exactly(7), "[hello]");
}

TEST_F(Upgrade, ACandidateThatIsDownIsReplacedByControl) {
  Service control(echo);
  start(Mode::kCandidateOnly, control.port(), dead_port(), "fallback: control");
  const Socket socket = switched();
  socket.send("hello");
  EXPECT_EQ(socket.receive_exactly(7), "[hello]");
}

// Attacks.

TEST_F(Upgrade, AnOrdinaryAnswerIsOneAndWhatFollowsTheRequestIsARequest) {
  Service control([](Socket& socket, const Request& request) {
    socket.send(request.target() == "/chat" ? answer(426, "no chat") : answer(200, "private"));
  });
  start(Mode::kControlOnly, control.port(), dead_port());
  // To a proxy that believed in the upgrade, these would be bytes of the new protocol, and to the
  // service a request that nobody has looked at.
  const std::string both =
      talk(base::cat(kAsk,
                     "GET /private HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: xchunked\r\n"
                     "Understudy-Shadow: 1\r\n\r\n"));
  EXPECT_EQ(status_of(both), "426");
  EXPECT_EQ(both.find("private"), std::string::npos) << both;
  EXPECT_NE(both.find("HTTP/1.1 501"), std::string::npos) << both;
  EXPECT_EQ(control.requests(1).size(), 1u);
}

TEST_F(Upgrade, AConnectionThatWasNotSwitchedGoesBackToThePool) {
  Service control([](Socket& socket, const Request&) { socket.send(answer(200, "plain")); });
  start(Mode::kControlOnly, control.port(), dead_port());
  const Socket socket = client();
  for (int i = 0; i < 3; ++i) {
    socket.send(kAsk);
    EXPECT_EQ(body_of(socket.receive_until("plain")), "plain");
  }
  EXPECT_EQ(control.connections(), 1u);
}

TEST_F(Upgrade, NothingPassesBeforeTheSwitch) {
  Event early_bytes_sent;
  std::atomic<bool> quiet{false};
  Service control([&](Socket& socket, const Request&) {
    early_bytes_sent.wait();
    const timeval moment{.tv_sec = 0, .tv_usec = 100'000};
    setsockopt(socket.descriptor(), SOL_SOCKET, SO_RCVTIMEO, &moment, sizeof moment);
    quiet = socket.receive().empty() && socket.met_silence();
    socket.send(kSwitch);
    const timeval patience{.tv_sec = proxy::testing::kPatienceSeconds, .tv_usec = 0};
    setsockopt(socket.descriptor(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    socket.send(socket.receive_until("late"));
    socket.close();
  });
  start(Mode::kControlOnly, control.port(), dead_port());
  const Socket socket = client();
  socket.send(base::cat(kAsk, "early"));
  control.wait_for_heads(1);
  socket.send("and ");
  early_bytes_sent.happen();
  EXPECT_EQ(status_of(socket.receive_exactly(switch_bytes())), "101");
  EXPECT_TRUE(quiet);
  socket.send("late");
  EXPECT_EQ(socket.receive_all(), "earlyand late");
}

TEST_F(Upgrade, WithABodyItIsAnOrdinaryRequest) {
  Service control([](Socket& socket, const Request& request) {
    socket.send(request.field("Upgrade").empty() ? answer(200, "plain") : std::string(kSwitch));
  });
  start(Mode::kControlOnly, control.port(), dead_port());
  for (const std::string_view body :
       {"Content-Length: 5\r\n\r\nhello",
        "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"}) {
    EXPECT_EQ(
        body_of(talk(base::cat("GET /chat HTTP/1.1\r\nHost: h\r\nConnection: Upgrade, close\r\n"
                               "Upgrade: websocket\r\n",
                               body))),
        "plain");
  }
}

TEST_F(Upgrade, OnlyAGetMayAskForIt) {
  Service control([](Socket& socket, const Request& request) {
    socket.send(request.field("Upgrade").empty() ? answer(200, "") : std::string(kSwitch));
  });
  start(Mode::kControlOnly, control.port(), dead_port());
  for (const std::string_view method : {"POST", "OPTIONS", "HEAD", "PUT"}) {
    EXPECT_EQ(status_of(talk(base::cat(method,
                                       " /chat HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n"
                                       "Connection: Upgrade, close\r\n"
                                       "Upgrade: websocket\r\n\r\n"))),
              "200")
        << method;
  }
}

TEST_F(Upgrade, H2cIsNeverPassedOn) {
  Service control([](Socket& socket, const Request& request) {
    const bool asked =
        !request.field("Upgrade").empty() || !request.field("HTTP2-Settings").empty();
    socket.send(answer(200, asked ? "asked" : "plain"));
  });
  start(Mode::kControlOnly, control.port(), dead_port());
  for (const std::string_view wish : {"h2c", "websocket, h2c", "H2C"}) {
    EXPECT_EQ(body_of(talk(base::cat("GET / HTTP/1.1\r\nHost: h\r\n"
                                     "Connection: Upgrade, HTTP2-Settings, close\r\nUpgrade: ",
                                     wish, "\r\nHTTP2-Settings: AAMAAABk\r\n\r\n"))),
              "plain")
        << wish;
  }
}

TEST_F(Upgrade, WithoutBeingNamedInConnectionItIsNotOne) {
  Service control([](Socket& socket, const Request& request) {
    socket.send(answer(200, request.field("Upgrade").empty() ? "plain" : "asked"));
  });
  start(Mode::kControlOnly, control.port(), dead_port());
  EXPECT_EQ(body_of(talk("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n"
                         "Upgrade: websocket\r\n\r\n")),
            "plain");
}

TEST_F(Upgrade, ASwitchToWhatNobodyAskedForIsA502) {
  for (const std::string_view to : {"Upgrade: h2c\r\n", "Upgrade: websocket, other\r\n",
                                    "Upgrade: websocket\r\nUpgrade: other\r\n", ""}) {
    Service control([to](Socket& socket, const Request&) {
      socket.send(base::cat("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n", to,
                            "\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"));
    });
    start(Mode::kControlOnly, control.port(), dead_port());
    const Socket socket = client();
    socket.send(kAsk);
    const std::string refusal = socket.receive_until("}\n");
    EXPECT_EQ(status_of(refusal), "502") << to;
    EXPECT_EQ(refusal.find("evil"), std::string::npos);
    stop();
  }
}

TEST_F(Upgrade, AClientThatLeavesBeforeTheSwitchIsAborted) {
  Service control([](Socket& socket, const Request&) { socket.receive(); });
  start(Mode::kControlOnly, control.port(), dead_port());
  {
    const Socket socket = client();
    socket.send(kAsk);
    control.requests(1);
  }
  EXPECT_EQ(exchange(0).account, Account::kClientAborted);
  EXPECT_TRUE(control.wait_for_open(0));
}

TEST_F(Upgrade, ASideThatResetsResetsTheClient) {
  Event go;
  Service control([&](Socket& socket, const Request&) {
    socket.send(kSwitch);
    go.wait();
    socket.reset();
  });
  start(Mode::kControlOnly, control.port(), dead_port());
  const Socket socket = switched();
  go.happen();
  EXPECT_EQ(socket.receive_to_end().end, Received::End::kReset);
}

}  // namespace
}  // namespace understudy
