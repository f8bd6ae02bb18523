// Services behind https, from the client's request to the record of it.

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <thread>

#include "proxy/testing/proxy_fixture.h"
#include "proxy/testing/tls_front.h"

namespace understudy::proxy {
namespace {

using net::StreamError;
using net::testing::Certificates;
using net::testing::Identity;
using testing::answer;
using testing::Received;
using testing::Request;
using testing::says;
using testing::Service;
using testing::Socket;
using testing::TlsFront;
using testing::TlsFrontOptions;

/// Listens and does with each connection as it is told, one after another, then closes it.
class Stranger {
 public:
  using Behaviour = std::function<void(Socket& socket)>;
  explicit Stranger(Behaviour behaviour) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    ::bind(listener_, reinterpret_cast<sockaddr*>(&address), length);
    ::listen(listener_, 16);
    getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &length);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this, behaviour] {
      int accepted = 0;
      while ((accepted = ::accept(listener_, nullptr, nullptr)) >= 0) {
        Socket socket(accepted);
        behaviour(socket);
      }
    });
  }
  Stranger(const Stranger&) = delete;
  Stranger& operator=(const Stranger&) = delete;
  ~Stranger() {
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
  }
  uint16_t port() const { return port_; }

 private:
  int listener_;
  uint16_t port_ = 0;
  std::thread thread_;
};

class TlsServiceTest : public testing::ProxyFixture {
 protected:
  struct Side {
    uint16_t port;
    std::string host = "127.0.0.1";
    std::string more;  // beside url
    bool plain = false;
  };
  std::string trusted(std::string_view more = "") const {
    return base::cat("tls: {ca_file: \"", certificates_.ca_file(), "\"", more, "}");
  }
  static std::string yaml(const Side& side) {
    return base::cat("{url: \"", side.plain ? "http" : "https", "://", side.host, ":", side.port,
                     "\"", side.more.empty() ? "" : ", ", side.more, "}\n");
  }
  void start_sides(flags::Mode mode, const Side& control, const Side& candidate,
                   std::string_view more = "") {
    start_with(mode, parse(base::cat("name: m\nlisten: 127.0.0.1:0\ncontrol: ", yaml(control),
                                     "candidate: ", yaml(candidate), more)));
  }
  /// Control alone; the candidate is never asked.
  void start_control(const Side& control, std::string_view more = "") {
    start_sides(flags::Mode::kControlOnly, control, {.port = 1, .plain = true}, more);
  }

  Certificates certificates_;
  Identity identity_ = certificates_.issued("service");
};

TEST_F(TlsServiceTest, BothSidesAreCalledThroughTls) {
  Service control(says("old"));
  Service candidate(says("new"));
  TlsFront control_front(control.port(), identity_);
  TlsFront candidate_front(candidate.port(), identity_);
  start_sides(flags::Mode::kFullEvaluation, {.port = control_front.port(), .more = trusted()},
              {.port = candidate_front.port(), .more = trusted()});
  EXPECT_EQ(body_of(get("/x")), "old");
  const Exchange& seen = exchange(0);
  EXPECT_EQ(seen.account, Account::kCompared);
  EXPECT_EQ(seen.control.body, "old");
  EXPECT_EQ(seen.candidate.body, "new");
  EXPECT_EQ(control_front.protocols(), "\x08http/1.1");
  const Request request = control.requests(1).at(0);
  EXPECT_EQ(request.line(), "GET /x HTTP/1.1");
  EXPECT_EQ(request.field("Host"), "h");
  EXPECT_EQ(request.field("X-Forwarded-Proto"), "http") << "how the client came, not we";
}

TEST_F(TlsServiceTest, TheServiceIsCalledByTheNameOfItsUrlUnlessAnotherIsGiven) {
  Service control(says("old"));
  const Identity local = certificates_.issued("local", {.names = "DNS:localhost"});
  TlsFront front(control.port(), local);
  start_control({.port = front.port(), .host = "localhost", .more = trusted() + ", host: url"});
  EXPECT_EQ(body_of(get()), "old");
  EXPECT_EQ(front.name(), "localhost");
  EXPECT_EQ(control.requests(1).at(0).field("Host"), base::cat("localhost:", front.port()));
  stop();
  start_control({.port = front.port(), .more = trusted(", server_name: localhost")});
  EXPECT_EQ(body_of(get()), "old");
  EXPECT_EQ(front.name(), "localhost");
}

TEST_F(TlsServiceTest, AConnectionIsUsedAgainAndANewOneResumesTheSession) {
  Service control([](Socket& socket, const Request& request) {
    socket.send(answer(200, "old"));
    if (request.target() == "/last") socket.close();
  });
  TlsFront front(control.port(), identity_);
  start_control({.port = front.port(), .more = trusted()});
  for (int i = 0; i < 3; ++i) EXPECT_EQ(body_of(get()), "old");
  EXPECT_EQ(front.handshakes(), 1);
  EXPECT_EQ(body_of(get("/last")), "old");
  for (int i = 0; i < 3; ++i) EXPECT_EQ(body_of(get("/last")), "old");
  EXPECT_EQ(front.handshakes(), 4);
  EXPECT_EQ(front.resumed(), 3);
}

TEST_F(TlsServiceTest, LargeBodiesArriveWholeBothWays) {
  std::string body(10'000'000, '\0');
  uint32_t state = 1;
  for (char& letter : body) letter = static_cast<char>('a' + (state = state * 1103515245 + 7) % 26);
  Service control(
      [](Socket& socket, const Request& request) { socket.send(answer(200, request.content())); });
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    TlsFront front(control.port(), identity_, {.version_max = version});
    start_control({.port = front.port(), .more = trusted()});
    const Socket socket = client();
    std::thread sender([&] {
      socket.send(base::cat("POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: ",
                            body.size(), "\r\n\r\n"));
      socket.send(body);
    });
    const std::string response = socket.receive_all();
    sender.join();
    EXPECT_TRUE(body_of(response) == body) << response.size();
    stop();
  }
}

TEST_F(TlsServiceTest, AnAnswerThatEndsWithTheConnectionEndsWhereTheServiceSaysSo) {
  Service control([](Socket& socket, const Request&) {
    socket.send("HTTP/1.1 200 OK\r\n\r\nall of it");
    socket.close();
  });
  TlsFront front(control.port(), identity_);
  start_control({.port = front.port(), .more = trusted()});
  const Socket socket = client();
  socket.send("GET / HTTP/1.0\r\n\r\n");
  const Received received = socket.receive_to_end();
  EXPECT_EQ(body_of(received.bytes), "all of it");
  EXPECT_EQ(received.end, Received::End::kClosed);
  EXPECT_TRUE(exchange(0).control.complete);
}

TEST_F(TlsServiceTest, AnAnswerCutOffWithoutAGoodbyeIsNotPassedForAWholeOne) {
  Service control([](Socket& socket, const Request&) {
    socket.send("HTTP/1.1 200 OK\r\n\r\nhalf of it");
    socket.close();
  });
  TlsFront front(control.port(), identity_, {.goodbye = TlsFrontOptions::Goodbye::kNotSaid});
  start_control({.port = front.port(), .more = trusted()});
  const Socket socket = client();
  socket.send("GET / HTTP/1.0\r\n\r\n");
  const Received received = socket.receive_to_end();
  EXPECT_EQ(received.end, Received::End::kReset);
  const Exchange& seen = exchange(0);
  EXPECT_FALSE(seen.control.complete);
  EXPECT_FALSE(seen.served_complete);
  EXPECT_EQ(seen.control.error, StreamError::kClosed);
}

TEST_F(TlsServiceTest, APooledConnectionThatIsGoneIsReplacedWithoutAnErrorForTheClient) {
  for (const auto goodbye : {TlsFrontOptions::Goodbye::kSaid, TlsFrontOptions::Goodbye::kNotSaid}) {
    Service control([](Socket& socket, const Request& request) {
      // The second request of a connection finds that the service has left.
      if (request.target() == "/second" && request.connection == 0) return socket.close();
      socket.send(answer(200, "old"));
    });
    TlsFront front(control.port(), identity_, {.goodbye = goodbye});
    start_control({.port = front.port(), .more = trusted()});
    EXPECT_EQ(body_of(get("/first")), "old");
    EXPECT_EQ(body_of(get("/second")), "old");
    stop();
  }
}

// Services that are not believed.

class TlsRefusalTest : public TlsServiceTest {
 protected:
  /// What the client and the record are told of a control that is like this.
  void expect_refusal(const Side& control, const std::string& reason) {
    SCOPED_TRACE(reason);
    start_control(control);
    const std::string response = get();
    EXPECT_EQ(status_of(response), "502");
    EXPECT_NE(response.find("\"type\":\"tls\""), std::string::npos) << response;
    const Exchange& seen = exchange(seen_++);
    EXPECT_EQ(seen.control.error, StreamError::kTls);
    EXPECT_EQ(seen.control.error_where, "connect");
    EXPECT_EQ(seen.control.error_detail, reason);
    EXPECT_EQ(service_.requests(0).size(), 0u) << "it was sent something";
    stop();
  }

  size_t seen_ = 0;
  Service service_{says("never")};
};

TEST_F(TlsRefusalTest, ACertificateOfItsOwn) {
  TlsFront front(service_.port(), certificates_.self_signed("own"));
  const std::string reason = "certificate verify failed: self-signed certificate";
  expect_refusal({.port = front.port()}, reason);
  expect_refusal({.port = front.port(), .more = trusted()}, reason);
}

TEST_F(TlsRefusalTest, AnAuthorityThatTheSystemDoesNotKnow) {
  TlsFront front(service_.port(), identity_);
  expect_refusal({.port = front.port()},
                 "certificate verify failed: unable to get local issuer certificate");
}

TEST_F(TlsRefusalTest, AnotherHostName) {
  TlsFront front(service_.port(), identity_);
  expect_refusal({.port = front.port(), .more = trusted(", server_name: other.test")},
                 "certificate verify failed: hostname mismatch, it is not for other.test");
  expect_refusal({.port = front.port(), .host = "localhost", .more = trusted()},
                 "certificate verify failed: hostname mismatch, it is not for localhost");
}

TEST_F(TlsRefusalTest, AnExpiredCertificate) {
  TlsFront front(service_.port(), certificates_.issued("old", {.days = -1}));
  expect_refusal({.port = front.port(), .more = trusted()},
                 "certificate verify failed: certificate has expired");
}

TEST_F(TlsRefusalTest, AnOldVersion) {
  TlsFront old(service_.port(), identity_, {.version_max = TLS1_1_VERSION});
  expect_refusal({.port = old.port(), .more = trusted()}, "tlsv1 alert protocol version");
  TlsFront newer(service_.port(), identity_, {.version_max = TLS1_2_VERSION});
  expect_refusal({.port = newer.port(), .more = trusted(", min_version: 1.3")},
                 "tlsv1 alert protocol version");
}

TEST_F(TlsRefusalTest, AServiceInPlainText) {
  Stranger plain([](Socket& socket) { socket.send("HTTP/1.1 400 Bad Request\r\n\r\n"); });
  expect_refusal({.port = plain.port(), .more = trusted()}, "wrong version number");
}

TEST_F(TlsRefusalTest, AServiceThatHangsUpOnTheHandshake) {
  Stranger rude([](Socket& socket) { socket.receive(); });
  expect_refusal({.port = rude.port(), .more = trusted()},
                 "the peer closed the connection in the handshake");
}

TEST_F(TlsServiceTest, AHandshakeThatHangsEndsWithTheTimeToConnect) {
  Stranger silent([](Socket& socket) {
    while (!socket.receive().empty()) {
    }
  });
  start_control({.port = silent.port(), .more = trusted() + ", connect_timeout: 100ms"});
  EXPECT_EQ(status_of(get()), "504");
  const Exchange& seen = exchange(0);
  EXPECT_EQ(seen.control.error, StreamError::kConnectTimeout);
  EXPECT_EQ(seen.control.error_detail, "the handshake did not end in time");
}

TEST_F(TlsServiceTest, ACertificateOfAnyoneIsTakenWhenAskedTo) {
  Service control(says("old"));
  TlsFront front(control.port(), certificates_.issued("old", {.days = -1}));
  start_control({.port = front.port(), .more = "tls: {verify: none}"});
  EXPECT_EQ(body_of(get()), "old");
}

// A candidate whose TLS is broken.

TEST_F(TlsServiceTest, ACandidateWhoseTlsIsBrokenIsNeverFelt) {
  Service control(says("old"));
  Service never(says("never"));
  TlsFront distrusted(never.port(), certificates_.self_signed("own"));
  TlsFront old(never.port(), identity_, {.version_max = TLS1_1_VERSION});
  Stranger plain([](Socket& socket) { socket.send("SSH-2.0-OpenSSH_9.2\r\n"); });
  Stranger silent([](Socket& socket) {
    while (!socket.receive().empty()) {
    }
  });
  Stranger endless([](Socket& socket) {
    std::string hello_requests;
    for (int i = 0; i < 10'000; ++i) hello_requests.append("\x16\x03\x03\0\x04\0\0\0\0", 9);
    while (socket.send(hello_requests)) {
    }
  });
  size_t seen = 0;
  for (const uint16_t port :
       {distrusted.port(), old.port(), plain.port(), silent.port(), endless.port()}) {
    SCOPED_TRACE(seen);
    start_sides(flags::Mode::kFullEvaluation, {.port = control.port(), .plain = true},
                {.port = port, .more = trusted() + ", timeout: 300ms"});
    EXPECT_EQ(body_of(get()), "old");
    const Exchange& record = exchange(seen++);
    // Whether the endless one is given up or runs out of time depends on how fast it sends.
    const bool hangs = record.candidate.error == StreamError::kConnectTimeout;
    EXPECT_TRUE(hangs ? port == silent.port() || port == endless.port() : port != silent.port());
    EXPECT_TRUE(hangs || record.candidate.error == StreamError::kTls);
    EXPECT_EQ(record.account, hangs ? Account::kTimedOut : Account::kFailed);
    EXPECT_TRUE(!hangs || record.duration_ns < record.candidate.end_ns) << "the client waited";
    EXPECT_NE(record.candidate.error_detail, "");
    EXPECT_EQ(record.served_status, 200);
    stop();
  }
  EXPECT_EQ(never.requests(0).size(), 0u);
}

}  // namespace
}  // namespace understudy::proxy
