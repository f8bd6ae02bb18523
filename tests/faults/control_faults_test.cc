// When the serving side fails, the client is told at once, or can tell that its answer is not
// whole.

#include <gtest/gtest.h>

#include <string>
#include <vector>

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

class ControlFault : public proxy::testing::ProxyFixture {
 protected:
  /// What a client gets when control does this to its request.
  Received with_control(Service::Behaviour behaviour, std::string_view request = kGet) {
    Service control(std::move(behaviour));
    Service candidate(says("new"));
    start(Mode::kFullEvaluation, control.port(), candidate.port(), "", ", timeout: 5s",
          ", timeout: 500ms");
    Socket socket = client();
    socket.send(request);
    Received received = socket.receive_to_end();
    socket.close();
    EXPECT_TRUE(stop());
    return received;
  }
  static constexpr std::string_view kGet = "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
};

TEST_F(ControlFault, DownIsA502ThatSaysSo) {
  Service candidate(says("new"));
  start(Mode::kFullEvaluation, dead_port(), candidate.port());
  const std::string response = get();
  EXPECT_EQ(status_of(response), "502");
  EXPECT_EQ(body_of(response),
            "{\"error\":\"control gave no answer\",\"type\":\"connect_refused\"}\n");
  EXPECT_NE(response.find("502 Bad Gateway\r\n"), std::string::npos) << response;
  EXPECT_EQ(exchange(0).served_by, base::Side::kNone);
  EXPECT_EQ(exchange(0).account, Account::kFailed);
}

TEST_F(ControlFault, HungIsA504) {
  EXPECT_EQ(status_of(with_control([](Socket& socket, const Request&) { socket.receive(); }).bytes),
            "504");
}

TEST_F(ControlFault, ClosingWithoutAnAnswerIsA502) {
  const auto closes = [](Socket& socket, const Request&) { socket.close(); };
  EXPECT_EQ(status_of(with_control(closes).bytes), "502");
}

TEST_F(ControlFault, AHeadBrokenOffIsA502) {
  const auto breaks_off = [](Socket& socket, const Request&) {
    socket.send("HTTP/1.1 200 OK\r\nContent-Le");
    socket.reset();
  };
  EXPECT_EQ(status_of(with_control(breaks_off).bytes), "502");
}

TEST_F(ControlFault, GarbageIsA502) {
  const auto garbage = [](Socket& socket, const Request&) {
    socket.send("SSH-2.0-OpenSSH_9.2\r\n");
    socket.receive();
  };
  EXPECT_EQ(status_of(with_control(garbage).bytes), "502");
}

TEST_F(ControlFault, ABodyShorterThanItsLengthEndsWithAReset) {
  const Received received = with_control([](Socket& socket, const Request&) {
    socket.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf ");
    socket.close();
  });
  EXPECT_EQ(body_of(received.bytes), "half ");
  EXPECT_EQ(received.end, Received::End::kReset);
}

TEST_F(ControlFault, AChunkBrokenOffEndsWithAReset) {
  const Received received = with_control([](Socket& socket, const Request&) {
    socket.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhalf \r\n");
    socket.close();
  });
  EXPECT_EQ(received.bytes.find("\r\n0\r\n"), std::string::npos) << received.bytes;
  EXPECT_EQ(received.end, Received::End::kReset);
}

TEST_F(ControlFault, AnAnswerUntilCloseThatIsResetEndsWithAReset) {
  const Received received = with_control([](Socket& socket, const Request&) {
    socket.send("HTTP/1.1 200 OK\r\n\r\nhalf ");
    socket.reset();
  });
  EXPECT_EQ(received.end, Received::End::kReset);
}

TEST_F(ControlFault, AnAnswerThatStopsInTheMiddleEndsWithAReset) {
  const Received received = with_control([](Socket& socket, const Request&) {
    socket.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf ");
    socket.receive();
  });
  EXPECT_EQ(body_of(received.bytes), "half ");
  EXPECT_EQ(received.end, Received::End::kReset);
}

TEST_F(ControlFault, AnHttp10ClientCanTellABrokenAnswerFromAWholeOne) {
  const Received received = with_control(
      [](Socket& socket, const Request&) {
        socket.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhalf \r\n");
        socket.close();
      },
      "GET / HTTP/1.0\r\n\r\n");
  EXPECT_EQ(body_of(received.bytes), "half ");
  EXPECT_EQ(received.end, Received::End::kReset);
}

TEST_F(ControlFault, ResettingAfterAWholeAnswerIsNotSeen) {
  const Received received = with_control([](Socket& socket, const Request&) {
    socket.send(answer(200, "old"));
    socket.reset();
  });
  EXPECT_EQ(body_of(received.bytes), "old");
  EXPECT_EQ(received.end, Received::End::kClosed);
}

TEST_F(ControlFault, AnEarlyRefusalOfALargeBodyReachesTheClient) {
  // Control answers on the head alone and closes with the body unread.
  const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(::bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(::listen(listener, 8), 0);
  socklen_t length = sizeof address;
  getsockname(listener, reinterpret_cast<sockaddr*>(&address), &length);
  std::thread control([listener] {
    Socket socket(::accept(listener, nullptr, nullptr));
    socket.receive_until("\r\n\r\n");
    socket.send("HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\nConnection: close\r\n\r\nbig");
  });
  start(Mode::kControlOnly, ntohs(address.sin_port), dead_port());
  const Socket socket = client();
  socket.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 50000000\r\n\r\n");
  std::thread sender([&] { socket.send(std::string(50'000'000, 'b')); });
  const std::string response = socket.receive_all();
  EXPECT_EQ(status_of(response), "413");
  EXPECT_EQ(body_of(response), "big");
  socket.hang_up();
  sender.join();
  control.join();
  ::close(listener);
}

// Connections that are kept.

TEST_F(ControlFault, AConnectionClosedWhileIdleIsNotUsedAgain) {
  Service control([](Socket& socket, const Request& request) {
    socket.send(answer(200, request.target()));
    if (request.target() == "/last") socket.close();
  });
  start(Mode::kControlOnly, control.port(), dead_port());
  const Socket socket = client();
  for (int i = 0; i < 20; ++i) {
    socket.send("GET /last HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_EQ(body_of(socket.receive_until("/last")), "/last") << i;
  }
}

TEST_F(ControlFault, AReadIsAskedAgainWhenAKeptConnectionFailsIt) {
  Service control([](Socket& socket, const Request& request) {
    if (request.connection == 0 && request.target() == "/2") return socket.reset();
    socket.send(answer(200, request.target()));
  });
  start(Mode::kControlOnly, control.port(), dead_port());
  const Socket socket = client();
  socket.send("GET /1 HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(body_of(socket.receive_until("/1")), "/1");
  socket.send("GET /2 HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(body_of(socket.receive_until("/2")), "/2");
  EXPECT_EQ(control.requests(3).size(), 3u);
}

TEST_F(ControlFault, AWriteIsNotSentAgainWhenAKeptConnectionFailsIt) {
  Service control([](Socket& socket, const Request& request) {
    if (request.target() == "/2") return socket.reset();
    socket.send(answer(200, request.target()));
  });
  start(Mode::kControlOnly, control.port(), dead_port());
  const Socket socket = client();
  socket.send("GET /1 HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(body_of(socket.receive_until("/1")), "/1");
  socket.send("POST /2 HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nx");
  EXPECT_EQ(status_of(socket.receive_until("\n\r\n")), "502");
  EXPECT_EQ(control.requests(2).size(), 2u);
}

TEST_F(ControlFault, ABurstOpensNoMoreConnectionsThanAllowed) {
  Event all_there;
  Service control([&](Socket& socket, const Request&) {
    all_there.wait();
    socket.send(answer(200, "old"));
  });
  start(Mode::kControlOnly, control.port(), dead_port(), "", "", ", connections_max: 8");
  std::vector<Socket> clients;
  for (int i = 0; i < 64; ++i) clients.push_back(client());
  for (const Socket& socket : clients) {
    socket.send("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  }
  // Those beyond the limit are answered while the others still wait.
  for (size_t i = 0; i < 56; ++i) exchange(i);
  all_there.happen();
  int refused = 0;
  for (const Socket& socket : clients) refused += status_of(socket.receive_all()) == "503";
  EXPECT_EQ(refused, 56);
  EXPECT_LE(control.connections(), 8u);
}

// Falling back.

class Fallback : public proxy::testing::ProxyFixture {
 protected:
  static constexpr std::string_view kFallback =
      "fallback: control\nroutes: [{name: safe, match: {path: /safe}, safe_to_repeat: true}, "
      "{name: all}]\n";
};

TEST_F(Fallback, ControlAnswersWhenTheCandidateIsDown) {
  Service control(says("old"));
  for (const Mode mode : {Mode::kCandidateOnly, Mode::kReverseEvaluation}) {
    start(mode, control.port(), dead_port(), kFallback);
    EXPECT_EQ(body_of(get()), "old");
    EXPECT_TRUE(stop());
  }
}

TEST_F(Fallback, ControlAnswersWhenTheCandidateHangs) {
  Service control(says("old"));
  Service candidate([](Socket& socket, const Request&) { socket.receive(); });
  start(Mode::kCandidateOnly, control.port(), candidate.port(), kFallback);
  EXPECT_EQ(body_of(get()), "old");
  EXPECT_EQ(exchange(0).candidate.error, net::StreamError::kTimeout);
  EXPECT_EQ(exchange(0).served_by, base::Side::kControl);
}

TEST_F(Fallback, ABodyThatIsStillToComeGoesToControl) {
  for (const Mode mode : {Mode::kCandidateOnly, Mode::kReverseEvaluation}) {
    Service control([](Socket& socket, const Request& request) {
      socket.send(answer(200, request.content()));
    });
    start(mode, control.port(), dead_port(), kFallback);
    Socket socket = client();
    socket.send(
        "POST /safe HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 10\r\n\r\nfirst");
    // In reverse evaluation one is the shadow, whose turn may come first.
    ASSERT_TRUE(control.wait_for_heads(mode == Mode::kCandidateOnly ? 1 : 2));
    socket.send("later");
    EXPECT_EQ(body_of(socket.receive_all()), "firstlater");
    socket.close();
    const proxy::Exchange& seen = exchange(mode == Mode::kCandidateOnly ? 0 : 1);
    EXPECT_EQ(seen.served_by, base::Side::kControl);
    EXPECT_EQ(seen.control.body, mode == Mode::kCandidateOnly ? "" : "firstlater");
    EXPECT_TRUE(stop());
  }
}

TEST_F(Fallback, HalfARequestIsNotLeftWithTheShadow) {
  Service control(says("old"));
  start(Mode::kReverseEvaluation, control.port(), dead_port(),
        "routes: [{name: safe, match: {path: /safe}, safe_to_repeat: true}]\n", "",
        ", timeout: 60s");
  const Socket socket = client();
  socket.send("POST /safe HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nfirst");
  EXPECT_EQ(status_of(socket.receive_all()), "502");
  EXPECT_TRUE(control.wait_for_open(0));
  EXPECT_EQ(exchange(0).account, Account::kFailed);
  EXPECT_EQ(exchange(0).reason, "serving_side_failed");
}

TEST_F(Fallback, ABodyThatWasStreamedIsSentAgainWhole) {
  Service control(
      [](Socket& socket, const Request& request) { socket.send(answer(200, request.content())); });
  Service candidate([](Socket& socket, const Request&) { socket.close(); });
  start(Mode::kCandidateOnly, control.port(), candidate.port(), kFallback, ", timeout: 10s");
  const Socket socket = client();
  socket.send(
      "POST /safe HTTP/1.1\r\nHost: h\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
      "5\r\nfirst\r\n");
  EXPECT_TRUE(candidate.wait_for_heads(1));
  socket.send("7\r\n second\r\n0\r\n\r\n");
  EXPECT_EQ(body_of(socket.receive_all()), "first second");
}

TEST_F(Fallback, AWriteNotMarkedSafeIsNeverSentToBoth) {
  Service control(says("old"));
  Service candidate([](Socket& socket, const Request&) { socket.close(); });
  start(Mode::kCandidateOnly, control.port(), candidate.port(), kFallback);
  EXPECT_EQ(status_of(talk("POST /other HTTP/1.1\r\nHost: h\r\nConnection: close\r\n"
                           "Content-Length: 1\r\n\r\nx")),
            "502");
  EXPECT_EQ(control.requests().size(), 0u);
}

TEST_F(Fallback, OnceTheAnswerHasBegunTheClientKeepsIt) {
  Service control(says("old"));
  Service candidate([](Socket& socket, const Request&) {
    socket.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf ");
    socket.close();
  });
  start(Mode::kCandidateOnly, control.port(), candidate.port(), kFallback);
  const Socket socket = client();
  socket.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  const Received received = socket.receive_to_end();
  EXPECT_EQ(body_of(received.bytes), "half ");
  EXPECT_EQ(received.end, Received::End::kReset);
}

TEST_F(Fallback, WithControlAsTheShadowEachOfItsAnswersStandsForItself) {
  // In reverse evaluation control is called beside the candidate, and again when that fails.
  Event fallback_answered;
  Service control([&](Socket& socket, const Request& request) {
    if (request.field("Understudy-Shadow") == "1") {
      fallback_answered.wait();
      socket.send(answer(200, "the shadow's answer"));
    } else {
      socket.send(answer(200, "old"));
    }
  });
  Service candidate([](Socket& socket, const Request&) { socket.close(); });
  start(Mode::kReverseEvaluation, control.port(), candidate.port(), kFallback, "",
        ", timeout: 20s");
  EXPECT_EQ(body_of(get()), "old");
  fallback_answered.happen();
  const auto& seen = exchange(0);
  EXPECT_EQ(seen.served_by, base::Side::kControl);
  EXPECT_EQ(seen.control.body, "old");
  EXPECT_EQ(seen.control.body_bytes, 3u);
  EXPECT_EQ(seen.account, Account::kFailed);
}

TEST_F(ControlFault, AConnectionThatClosedBetweenTwoRequestsIsReplacedOnceByAFreshOne) {
  constexpr size_t kIdle = 3;
  Service* self = nullptr;
  Service control([&](Socket& socket, const Request& request) {
    if (request.target() == "/warm") {
      self->wait_for_heads(kIdle);  // so that each has a connection of its own
      socket.send(answer(200, "warm"));
    } else if (static_cast<size_t>(request.connection) < kIdle) {
      socket.close();
    } else {
      socket.send(answer(200, "fresh"));
    }
  });
  self = &control;
  start(Mode::kControlOnly, control.port(), dead_port());
  std::vector<Socket> clients;
  for (size_t i = 0; i < kIdle; ++i) {
    clients.push_back(client());
    clients.back().send("GET /warm HTTP/1.1\r\nHost: h\r\n\r\n");
  }
  for (const Socket& socket : clients) EXPECT_EQ(body_of(socket.receive_until("warm")), "warm");
  EXPECT_EQ(body_of(get("/asked")), "fresh");
  EXPECT_EQ(control.requests().size(), kIdle + 2) << "once is enough";
}

TEST_F(ControlFault, TheLimitsOfClientsDoNotBoundAnswers) {
  std::string fields;
  for (int i = 0; i < 500; ++i) fields += base::cat("X-", i, ": ", std::string(200, 'v'), "\r\n");
  const auto large = [&](Socket& socket, const Request&) {
    socket.send(base::cat("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n", fields, "\r\nbody"));
  };
  Service control(large);
  Service candidate(large);
  start(Mode::kFullEvaluation, control.port(), candidate.port(),
        "limits: {field_count_max: 8, head_bytes_max: 1KiB, target_bytes_max: 128}\n");
  const std::string response = get();
  EXPECT_EQ(status_of(response), "200");
  EXPECT_NE(response.find("X-499: vvv"), std::string::npos);
  EXPECT_EQ(exchange(0).account, Account::kCompared) << exchange(0).candidate.error_detail;
  // What a client sends is bounded as it says there.
  EXPECT_EQ(status_of(talk(base::cat("GET / HTTP/1.1\r\nHost: h\r\n", fields, "\r\n"))), "431");
}

TEST_F(ControlFault, AnAnswersHeadHasBoundsOfItsOwn) {
  std::string fields;
  for (int i = 0; i < 1100; ++i) fields += base::cat("X-", i, ": v\r\n");
  for (const std::string& bomb : {fields, base::cat("X: ", std::string(300'000, 'v'), "\r\n")}) {
    Service control([&](Socket& socket, const Request&) {
      socket.send(base::cat("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n", bomb, "\r\n"));
    });
    start(Mode::kControlOnly, control.port(), dead_port());
    EXPECT_EQ(status_of(get()), "502");
    stop();
  }
}

}  // namespace
}  // namespace understudy
