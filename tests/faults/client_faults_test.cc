// Clients that leave, and the machinery in between: reloading, draining, flags that change.

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
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

class ClientFault : public proxy::testing::ProxyFixture {
 protected:
  static constexpr std::string_view kAllSafe = "routes: [{name: all, safe_to_repeat: true}]\n";
  static Service::Behaviour echoes() {
    return [](Socket& socket, const Request& request) {
      const bool head = request.line().starts_with("HEAD ");
      const std::string body = base::cat(request.target(), "=", request.content());
      const std::string whole = answer(200, body);
      socket.send(head ? whole.substr(0, whole.size() - body.size()) : whole);
    };
  }
};

TEST_F(ClientFault, GoneInTheMiddleOfItsRequestReleasesBothSides) {
  Service control(echoes());
  Service candidate(echoes());
  start(Mode::kFullEvaluation, control.port(), candidate.port(), kAllSafe, ", timeout: 20s");
  {
    const Socket socket = client();
    socket.send("POST /gone HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nhalf");
    EXPECT_TRUE(control.wait_for_heads(1));
    EXPECT_TRUE(candidate.wait_for_heads(1));
  }
  EXPECT_EQ(exchange(0).account, Account::kClientAborted);
  EXPECT_TRUE(control.wait_for_open(0));
  EXPECT_TRUE(candidate.wait_for_open(0));
  EXPECT_EQ(control.requests().size() + candidate.requests().size(), 0u);
}

TEST_F(ClientFault, GoneInTheMiddleOfItsAnswerReleasesBothSides) {
  const auto endless = [](Socket& socket, const Request&) {
    socket.send("HTTP/1.1 200 OK\r\nContent-Length: 100000000000\r\n\r\n");
    const std::string piece(65536, 'x');
    while (socket.send(piece)) {
    }
    socket.close();
  };
  Service control(endless);
  Service candidate([](Socket& socket, const Request&) { socket.receive(); });
  start(Mode::kFullEvaluation, control.port(), candidate.port(), "", ", timeout: 20s");
  {
    const Socket socket = client();
    socket.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_EQ(socket.receive_exactly(1'000'000).size(), 1'000'000u);
    EXPECT_TRUE(candidate.wait_for_heads(1));
  }
  EXPECT_EQ(exchange(0).account, Account::kClientAborted);
  EXPECT_TRUE(control.wait_for_open(0));
  EXPECT_TRUE(candidate.wait_for_open(0));
}

TEST_F(ClientFault, GoneAtAnyByteOfItsRequestIsNoHarm) {
  Service control(echoes());
  Service candidate(echoes());
  start(Mode::kFullEvaluation, control.port(), candidate.port(), kAllSafe);
  const std::string request =
      "POST /cut HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
  for (size_t bytes = 0; bytes <= request.size(); ++bytes) {
    for (const bool resets : {false, true}) {
      Socket socket = client();
      socket.send(std::string_view(request).substr(0, bytes));
      if (resets) socket.reset();
    }
  }
  EXPECT_EQ(body_of(get("/still")), "/still=");
  for (const Request& seen : control.requests()) {
    EXPECT_TRUE(seen.content() == "hello" || seen.target() == "/still") << seen.head << seen.body;
  }
}

TEST_F(ClientFault, SlowReadersGetEverythingAndHoldUpNobody) {
  const std::string large(20 << 20, 'x');
  Service control([&](Socket& socket, const Request& request) {
    socket.send(answer(200, request.target() == "/large" ? large : "small"));
  });
  start(Mode::kControlOnly, control.port(), dead_port());
  const Socket slow = client(4096);
  slow.send("GET /large HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(control.wait_for_heads(1));
  for (int i = 0; i < 20; ++i) EXPECT_EQ(body_of(get("/small")), "small");
  EXPECT_EQ(body_of(slow.receive_all()).size(), large.size());
}

// The five modes and the answers without a body.

TEST_F(ClientFault, AnswersWithoutBodyKeepTheConnectionInEveryMode) {
  const auto behaviour = [](Socket& socket, const Request& request) {
    const std::string target = request.target();
    if (request.line().starts_with("HEAD ")) {
      socket.send("HTTP/1.1 200 OK\r\nContent-Length: 12345\r\n\r\n");
    } else if (target == "/204") {
      socket.send("HTTP/1.1 204 No Content\r\n\r\n");
    } else if (target == "/304") {
      socket.send("HTTP/1.1 304 Not Modified\r\nContent-Length: 777\r\nETag: \"x\"\r\n\r\n");
    } else {
      socket.send(answer(200, target));
    }
  };
  Service control(behaviour);
  Service candidate(behaviour);
  for (const Mode mode : flags::kAllModes) {
    SCOPED_TRACE(name(mode));
    start(mode, control.port(), candidate.port());
    const std::string all = talk(
        "HEAD /h HTTP/1.1\r\nHost: h\r\n\r\nGET /204 HTTP/1.1\r\nHost: h\r\n\r\n"
        "GET /304 HTTP/1.1\r\nHost: h\r\n\r\nGET /own HTTP/1.1\r\nHost: h\r\n"
        "Connection: close\r\n\r\n");
    EXPECT_EQ(all,
              "HTTP/1.1 200 OK\r\nContent-Length: 12345\r\n\r\n"
              "HTTP/1.1 204 No Content\r\n\r\n"
              "HTTP/1.1 304 Not Modified\r\nContent-Length: 777\r\nETag: \"x\"\r\n\r\n"
              "HTTP/1.1 200 Word\r\nContent-Length: 4\r\nConnection: close\r\n\r\n/own");
    EXPECT_TRUE(stop());
    EXPECT_EQ(books_->requests(), books_->settled());
    EXPECT_EQ(books_->of(Account::kCompared), flags::compares(mode) ? 4u : 0u);
  }
}

TEST_F(ClientFault, Http10ClientsAreServedInEveryMode) {
  const auto chunks = [](Socket& socket, const Request&) {
    socket.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nold\r\n0\r\n\r\n");
  };
  Service control(chunks);
  Service candidate(chunks);
  for (const Mode mode : flags::kAllModes) {
    SCOPED_TRACE(name(mode));
    start(mode, control.port(), candidate.port());
    EXPECT_EQ(talk("GET / HTTP/1.0\r\n\r\n"), "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nold");
    EXPECT_EQ(talk("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"),
              "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nold");
    EXPECT_TRUE(stop());
  }
}

// Two clients never get each other's answers.

TEST_F(ClientFault, ManyConnectionsEachGetTheirOwnAnswers) {
  workers_ = 2;
  Service control(echoes());
  Service candidate(echoes());
  start(Mode::kFullEvaluation, control.port(), candidate.port(), kAllSafe, ", timeout: 20s");
  constexpr int kThreads = 8;
  constexpr int kRequests = 100;
  std::atomic<int> wrong{0};
  std::atomic<bool> done{false};
  std::thread flipping([&] {
    for (size_t i = 0; !done; ++i) set_mode(flags::kAllModes[i % flags::kAllModes.size()]);
  });
  std::vector<std::thread> clients;
  for (int t = 0; t < kThreads; ++t) {
    clients.emplace_back([&, t] {
      const Socket socket = client();
      for (int i = 0; i < kRequests; ++i) {
        const std::string path = base::cat("/", t, "-", i);
        const std::string body = base::cat("body of ", path);
        const std::string expected = base::cat(path, "=", body);
        socket.send(base::cat("POST ", path, " HTTP/1.1\r\nHost: h\r\nContent-Length: ",
                              body.size(), "\r\n\r\n", body));
        const std::string got = socket.receive_until(expected);
        if (body_of(got) != expected) ++wrong;
      }
    });
  }
  for (std::thread& thread : clients) thread.join();
  done = true;
  flipping.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_TRUE(stop());
  EXPECT_EQ(books_->requests(), uint64_t{kThreads} * kRequests);
}

TEST_F(ClientFault, HundredsOfIdleConnectionsAreKeptAndServed) {
  Service control(echoes());
  start(Mode::kControlOnly, control.port(), dead_port());
  std::vector<Socket> idle;
  for (int i = 0; i < 400; ++i) idle.push_back(client());
  for (size_t i = 0; i < idle.size(); ++i) {
    idle[i].send(base::cat("GET /", i, " HTTP/1.1\r\nHost: h\r\n\r\n"));
    const std::string expected = base::cat("/", i, "=");
    EXPECT_EQ(body_of(idle[i].receive_until(expected)), expected);
  }
  EXPECT_EQ(proxy_->activity().client_connections, idle.size());
  idle.clear();
}

TEST_F(ClientFault, ABodyHeldBackByAHungCandidateIsNotMixedWithTheNextRequest) {
  // The candidate takes little and reads nothing after its first request, so the copy of the
  // second stays half sent while the client goes on on the same connection.
  const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
  const int small = 2048;
  const int segment = 536;
  setsockopt(listener, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
  setsockopt(listener, IPPROTO_TCP, TCP_MAXSEG, &segment, sizeof segment);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(::bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(::listen(listener, 8), 0);
  socklen_t length = sizeof address;
  getsockname(listener, reinterpret_cast<sockaddr*>(&address), &length);
  Event served;
  std::string copy;
  std::thread candidate([&] {
    const Socket socket(::accept(listener, nullptr, nullptr));
    socket.receive_until("\r\n\r\n");
    socket.send(answer(200, "first"));
    served.wait();
    copy = socket.receive_until("END");
    socket.send(answer(200, "second"));
  });
  Service control(says("old"));
  start(Mode::kFullEvaluation, control.port(), ntohs(address.sin_port),
        base::cat(kAllSafe, "bucket_by: {json_field: /key}\n"), ", timeout: 20s");
  const Socket socket = client();
  const auto one = [&](std::string_view request) {
    socket.send(request);
    EXPECT_EQ(body_of(socket.receive_until("old")), "old");
  };
  one("GET /first HTTP/1.1\r\nHost: h\r\n\r\n");
  exchange(0);
  const std::string body = "{\"key\":\"" + std::string(60'000, 'k') + "\"}END";
  one(base::cat("POST /second HTTP/1.1\r\nHost: h\r\nContent-Length: ", body.size(), "\r\n\r\n",
                body));
  set_mode(Mode::kControlOnly);
  const std::string other(60'000, 'X');
  for (int i = 0; i < 5; ++i) {
    one(base::cat("POST /other HTTP/1.1\r\nHost: h\r\nContent-Length: ", other.size(), "\r\n\r\n",
                  other));
  }
  served.happen();
  candidate.join();
  EXPECT_EQ(body_of(copy), body);
  ::close(listener);
}

// Reload and drain.

class UnderLoad : public ClientFault {
 protected:
  /// Clients that ask one request after the other, on kept connections that they open anew when
  /// they are told that one ends.
  void begin_load(int clients) {
    for (int t = 0; t < clients; ++t) {
      load_.emplace_back([this] {
        Socket socket = client();
        while (!enough_) {
          if (!socket.is_open()) socket = client();
          if (!socket.is_open()) {
            ++refused_;
            return;
          }
          socket.send("GET /load HTTP/1.1\r\nHost: h\r\n\r\n");
          const std::string got = socket.receive_until("/load=");
          if (got.empty()) {
            ++unanswered_;
            socket.close();
          } else if (body_of(got) != "/load=") {
            ++wrong_;
          } else {
            ++answered_;
            if (got.find("Connection: close") != std::string::npos) socket.close();
          }
        }
      });
    }
  }
  void end_load() {
    enough_ = true;
    for (std::thread& thread : load_) thread.join();
    load_.clear();
  }
  void wait_for_answers(int more) {
    for (const int before = answered_; answered_ < before + more;) std::this_thread::yield();
  }
  ~UnderLoad() override { end_load(); }

  std::vector<std::thread> load_;
  std::atomic<bool> enough_{false};
  std::atomic<int> answered_{0};
  std::atomic<int> unanswered_{0};
  std::atomic<int> wrong_{0};
  std::atomic<int> refused_{0};
};

TEST_F(UnderLoad, AReloadLosesNoRequest) {
  workers_ = 2;
  Service control(echoes());
  Service other_control(echoes());
  Service candidate(echoes());
  start(Mode::kFullEvaluation, control.port(), candidate.port());
  begin_load(4);
  for (int i = 0; i < 20; ++i) {
    wait_for_answers(20);
    const auto next =
        options(i % 2 == 0 ? other_control.port() : control.port(), candidate.port(), "", "");
    const auto status = proxy_->reload({next});
    EXPECT_TRUE(status.ok()) << status.error().context;
  }
  end_load();
  EXPECT_EQ(unanswered_ + wrong_ + refused_, 0);
  EXPECT_GT(other_control.requests().size(), 0u);
}

TEST_F(UnderLoad, AMigrationThatIsRemovedEndsAfterTheRequestsUnderWay) {
  Service control(echoes());
  Service candidate(echoes());
  start(Mode::kFullEvaluation, control.port(), candidate.port());
  begin_load(4);
  wait_for_answers(50);
  EXPECT_TRUE(proxy_->reload({}).ok());
  for (std::thread& thread : load_) thread.join();
  load_.clear();
  EXPECT_EQ(wrong_, 0);
  EXPECT_EQ(unanswered_, 0) << "a connection that was taken has no answer";
}

TEST_F(UnderLoad, ADrainAnswersWhatItTook) {
  workers_ = 2;
  Service control(echoes());
  Service candidate(echoes());
  start(Mode::kFullEvaluation, control.port(), candidate.port());
  begin_load(4);
  wait_for_answers(50);
  EXPECT_TRUE(stop());
  for (std::thread& thread : load_) thread.join();
  load_.clear();
  EXPECT_EQ(wrong_, 0);
  EXPECT_EQ(unanswered_, 0) << "a connection that was taken has no answer";
  EXPECT_EQ(books_->requests(), books_->settled());
  EXPECT_EQ(static_cast<int>(books_->requests()), answered_);
}

TEST_F(ClientFault, ADrainAnswersWhatWaitsInTheQueuesOfTheListeners) {
  workers_ = 2;
  Service control(echoes());
  start(Mode::kControlOnly, control.port(), dead_port());
  sink_.hold();
  std::vector<Socket> waiting;
  const auto ask = [&](int clients) {
    for (int i = 0; i < clients; ++i) {
      waiting.push_back(client());
      waiting.back().send(base::cat("GET /", waiting.size(), " HTTP/1.1\r\nHost: h\r\n\r\n"));
    }
  };
  // Both workers stand still behind their first exchange; then more come for each than it accepts
  // in one turn.
  ask(64);
  ASSERT_TRUE(sink_.wait_for_held(workers_));
  ask(600);
  Event draining;
  std::thread stopping([&] {
    draining.happen();
    EXPECT_TRUE(stop());
  });
  draining.wait();
  for (int i = 0; i < 1000; ++i) std::this_thread::yield();  // the drain is asked for by then
  sink_.release();
  int unanswered = 0;
  for (size_t i = 0; i < waiting.size(); ++i) {
    const std::string expected = base::cat("/", i + 1, "=");
    if (body_of(waiting[i].receive_until(expected)) != expected) ++unanswered;
  }
  EXPECT_EQ(unanswered, 0);
  stopping.join();
}

TEST_F(UnderLoad, WhatIsCutOffAtTheEndIsStillBooked) {
  Service control([](Socket& socket, const Request&) { socket.receive(); });
  Service candidate([](Socket& socket, const Request&) { socket.receive(); });
  start(Mode::kFullEvaluation, control.port(), candidate.port(), "", ", timeout: 20s");
  const Socket socket = client();
  socket.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_TRUE(control.wait_for_heads(1));
  EXPECT_TRUE(candidate.wait_for_heads(1));
  EXPECT_FALSE(stop(std::chrono::seconds(0)));
  EXPECT_EQ(books_->requests(), 1u);
  EXPECT_EQ(books_->settled(), 1u);
}

}  // namespace
}  // namespace understudy
