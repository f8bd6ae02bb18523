// Clients that come with https.

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <string>
#include <vector>

#include "net/testing/certificates.h"
#include "proxy/testing/proxy_fixture.h"
#include "proxy/testing/tls_client.h"

namespace understudy::proxy {
namespace {

using net::testing::Certificates;
using net::testing::Identity;
using testing::answer;
using testing::Request;
using testing::says;
using testing::Service;
using testing::Socket;
using testing::TlsClient;

class TlsListenerTest : public testing::ProxyFixture {
 protected:
  static std::string listen_tls(const Identity& identity, std::string_view more = "") {
    return base::cat("listen_tls: {cert: \"", identity.certificate, "\", key: \"", identity.key,
                     "\"", more, "}\n");
  }
  void start_listening(const Service& control, std::string_view more = "",
                       std::string_view of_tls = "") {
    start(flags::Mode::kControlOnly, control.port(), control.port(),
          base::cat(listen_tls(identity_, of_tls), more));
  }
  std::string tls_talk(std::string_view bytes) const {
    TlsClient client(port_, certificates_.ca_file());
    EXPECT_TRUE(client.agreed());
    client.send(bytes);
    bool declared_end = false;
    std::string received = client.receive_all(declared_end);
    EXPECT_TRUE(declared_end) << received;
    return received;
  }
  static constexpr std::string_view kGet = "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";

  Certificates certificates_;
  Identity identity_ = certificates_.issued("proxy");
};

TEST_F(TlsListenerTest, AClientThatComesWithHttpsIsServedAndTheServiceIsTold) {
  Service control(says("old"));
  start_listening(control);
  EXPECT_EQ(body_of(tls_talk(kGet)), "old");
  EXPECT_EQ(control.requests(1).at(0).field("X-Forwarded-Proto"), "https");
  EXPECT_EQ(exchange(0).client_address, "127.0.0.1");
}

TEST_F(TlsListenerTest, LargeBodiesArriveWholeBothWays) {
  Service control(
      [](Socket& socket, const Request& request) { socket.send(answer(200, request.content())); });
  start_listening(control);
  const std::string body(5'000'000, 'b');
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    TlsClient client(port_, certificates_.ca_file(), {.version_max = version});
    ASSERT_TRUE(client.agreed());
    client.send(base::cat("POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: ",
                          body.size(), "\r\n\r\n"));
    client.send(body);
    bool declared_end = false;
    EXPECT_TRUE(body_of(client.receive_all(declared_end)) == body);
    EXPECT_TRUE(declared_end);
  }
}

TEST_F(TlsListenerTest, AnAnswerThatBreaksOffEndsWithoutAGoodbye) {
  Service control([](Socket& socket, const Request&) {
    socket.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
    socket.close();
  });
  start_listening(control);
  TlsClient client(port_, certificates_.ca_file());
  client.send(kGet);
  bool declared_end = true;
  client.receive_all(declared_end);
  EXPECT_FALSE(declared_end);
}

TEST_F(TlsListenerTest, OldVersionsOtherProtocolsAndPlainTextAreRefused) {
  Service control(says("old"));
  start_listening(control);
  EXPECT_FALSE(TlsClient(port_, certificates_.ca_file(), {.version_max = TLS1_1_VERSION}).agreed());
  EXPECT_FALSE(TlsClient(port_, certificates_.ca_file(), {.protocols = "\x02h2"}).agreed());
  EXPECT_TRUE(TlsClient(port_, certificates_.ca_file(), {.protocols = ""}).agreed());
  EXPECT_TRUE(
      TlsClient(port_, certificates_.ca_file(), {.protocols = "\x02h2\x08http/1.1"}).agreed());
  EXPECT_EQ(talk(kGet).find("HTTP"), std::string::npos);
  EXPECT_EQ(control.requests(0).size(), 0u);
  stop();
  start_listening(control, "", ", min_version: 1.3");
  EXPECT_FALSE(TlsClient(port_, certificates_.ca_file(), {.version_max = TLS1_2_VERSION}).agreed());
}

TEST_F(TlsListenerTest, AClientThatWantsToRenegotiateIsNotFollowed) {
  Service control(says("old"));
  start_listening(control);
  TlsClient client(port_, certificates_.ca_file(), {.version_max = TLS1_2_VERSION});
  ASSERT_TRUE(client.agreed());
  SSL_renegotiate(client.ssl());
  EXPECT_NE(SSL_do_handshake(client.ssl()), 1);
}

TEST_F(TlsListenerTest, AHandshakeThatDoesNotEndIsCutOff) {
  Service control(says("old"));
  start_listening(control, "limits: {head_timeout: 100ms}\n");
  const Socket silent = client();
  const Socket slow = client();
  slow.send(std::string("\x16\x03\x01\x02", 4));
  EXPECT_NE(silent.receive_to_end().end, testing::Received::End::kSilence);
  EXPECT_NE(slow.receive_to_end().end, testing::Received::End::kSilence);
  EXPECT_EQ(body_of(tls_talk(kGet)), "old");
}

TEST_F(TlsListenerTest, TooManyHandshakesAtOnceEndTheNewestAndLeaveTheOthers) {
  rlimit descriptors{};  // both ends of every connection are ours
  getrlimit(RLIMIT_NOFILE, &descriptors);
  descriptors.rlim_cur = descriptors.rlim_max;
  setrlimit(RLIMIT_NOFILE, &descriptors);
  Service control(says("old"));
  start_listening(control);
  TlsClient early(port_, certificates_.ca_file());
  ASSERT_TRUE(early.agreed());
  std::vector<Socket> silent;
  for (int i = 0; i < 1024; ++i) silent.push_back(client());
  EXPECT_FALSE(TlsClient(port_, certificates_.ca_file()).agreed());
  early.send(kGet);
  bool declared_end = false;
  EXPECT_EQ(body_of(early.receive_all(declared_end)), "old");
  silent.pop_back();
  // Whether it is noticed by now is up to the kernel; some next one will be let in.
  bool agreed = false;
  for (int i = 0; i < 1000 && !agreed; ++i) {
    agreed = TlsClient(port_, certificates_.ca_file()).agreed();
  }
  EXPECT_TRUE(agreed);
}

TEST_F(TlsListenerTest, AReloadShowsTheNewCertificateToNewConnectionsAndKeepsTheOld) {
  Service control(says("old"));
  start_listening(control);
  TlsClient early(port_, certificates_.ca_file());
  ASSERT_TRUE(early.agreed());
  const Certificates others;
  const Identity renewed = others.issued("renewed");
  ASSERT_TRUE(proxy_
                  ->reload({options(control.port(), control.port(), listen_tls(renewed),
                                    ", timeout: 300ms")})
                  .ok());
  EXPECT_FALSE(TlsClient(port_, certificates_.ca_file()).agreed());
  EXPECT_TRUE(TlsClient(port_, others.ca_file()).agreed());
  early.send(kGet);
  bool declared_end = false;
  EXPECT_EQ(body_of(early.receive_all(declared_end)), "old");
}

TEST_F(TlsListenerTest, DrainEndsAnIdleConnectionWithAGoodbye) {
  Service control(says("old"));
  start_listening(control);
  TlsClient idle(port_, certificates_.ca_file());
  idle.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  char buffer[1000];
  EXPECT_GT(SSL_read(idle.ssl(), buffer, sizeof buffer), 0);
  EXPECT_TRUE(stop());
  bool declared_end = false;
  EXPECT_EQ(idle.receive_all(declared_end), "");
  EXPECT_TRUE(declared_end);
}

}  // namespace
}  // namespace understudy::proxy
