#include "net/tls_stream.h"

#include <gtest/gtest.h>
#include <openssl/ssl.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "net/task_scope.h"
#include "net/testing/certificates.h"
#include "net/turn_budget.h"

namespace understudy::net {
namespace {

using testing::Certificates;
using testing::Identity;

constexpr int kNothingYet = 1;

base::Task<void> shake_hands(TlsStream& stream, int& result) {
  result = co_await stream.handshake();
}

base::Task<void> read_all(Stream& stream, size_t bytes_at_once, std::string& text, ssize_t& end) {
  std::string buffer(bytes_at_once, '\0');
  while (true) {
    const ssize_t count = co_await stream.read(buffer.data(), buffer.size());
    if (count <= 0) {
      end = count;
      co_return;
    }
    text.append(buffer, 0, static_cast<size_t>(count));
  }
}

base::Task<void> read_once(Stream& stream, std::string& text) {
  char buffer[100];
  const ssize_t count = co_await stream.read(buffer, sizeof buffer);
  if (count > 0) text.assign(buffer, static_cast<size_t>(count));
}

base::Task<void> write_all(Stream& stream, std::string first, std::string second, ssize_t& result) {
  result = co_await stream.write(first, second);
}

base::Task<void> wait_for_something(Stream& stream, ssize_t& result) {
  result = co_await stream.readable();
}

/// Text in which every place is different enough to show a byte that is lost or twice.
std::string long_text(size_t bytes) {
  std::string text(bytes, '\0');
  uint32_t state = 1;
  for (char& letter : text) {
    state = state * 1664525 + 1013904223;
    letter = static_cast<char>(state >> 24);
  }
  return text;
}

class TlsStreamTest : public ::testing::Test {
 protected:
  std::shared_ptr<TlsContext> client_context(const std::string& server_name = "service.test") {
    auto context = std::make_shared<TlsContext>(TlsContext::Role::kClient);
    context->set_server_name(server_name);
    EXPECT_TRUE(context->trust_only(certificates_.ca_file()).ok());
    return context;
  }
  std::shared_ptr<TlsContext> server_context(const Identity& identity) {
    auto context = std::make_shared<TlsContext>(TlsContext::Role::kServer);
    present(*context, identity);
    return context;
  }

  static void present(TlsContext& context, const Identity& identity) {
    for (const auto& status :
         {context.present_certificate(identity.certificate), context.present_key(identity.key)}) {
      EXPECT_TRUE(status.ok()) << status.error().context;
    }
  }

  /// Two ends of one connection, with little room on the way when asked.
  void connect_sockets(int (&ends)[2], int buffer_bytes) {
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
    for (const int end : ends) {
      if (buffer_bytes > 0) {
        setsockopt(end, SOL_SOCKET, SO_SNDBUF, &buffer_bytes, sizeof buffer_bytes);
      }
    }
  }
  std::unique_ptr<TlsStream> over(int descriptor, std::shared_ptr<const TlsContext> context,
                                  TlsSession* session = nullptr) {
    return std::move(*TlsStream::over(std::move(*TcpStream::adopt(loop_, descriptor)),
                                      std::move(context), session));
  }
  /// The handshake of both ends as far as it goes. `far_socket_` stays a way around TLS.
  void connect(std::shared_ptr<const TlsContext> client, std::shared_ptr<const TlsContext> server,
               int buffer_bytes = 0) {
    int ends[2];
    connect_sockets(ends, buffer_bytes);
    scope_.cancel_all();
    near_ = over(ends[0], std::move(client), &session_);
    far_socket_ = ends[1];
    far_ = over(ends[1], std::move(server));
    agreed_ = far_agreed_ = kNothingYet;
    scope_.spawn(shake_hands(*near_, agreed_));
    scope_.spawn(shake_hands(*far_, far_agreed_));
    turns(20);
  }
  void connect() {
    connect(client_context(), server_context(certificates_.issued("service")));
    ASSERT_EQ(agreed_, 0) << near_->failure_reason();
    ASSERT_EQ(far_agreed_, 0) << far_->failure_reason();
  }
  /// A client whose peer is the test.
  void connect_to_stranger() {
    int ends[2];
    connect_sockets(ends, 0);
    near_ = over(ends[0], client_context(), &session_);
    far_socket_ = ends[1];
    agreed_ = kNothingYet;
    scope_.spawn(shake_hands(*near_, agreed_));
    turns(5);
  }
  void turns(int count) {
    for (int i = 0; i < count; ++i) loop_.turn(0);
  }
  void far_writes(const std::string& text) {
    ssize_t written = kNothingYet;
    scope_.spawn(write_all(*far_, text, "", written));
    turns(5);
    EXPECT_EQ(written, 0);
  }
  void near_reads() {
    scope_.spawn(read_all(*near_, 100, text_, end_));
    turns(5);
  }
  /// Bytes on the wire that no TLS made.
  void stranger_sends(std::string_view bytes) {
    ASSERT_EQ(::send(far_socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
    turns(5);
  }
  /// Why a client that expects `client` refuses a server that is `identity`.
  std::string refusal(std::shared_ptr<const TlsContext> client, const Identity& identity) {
    connect(std::move(client), server_context(identity));
    if (agreed_ == 0) return "none";
    EXPECT_EQ(agreed_, -Stream::kTlsFailure);
    return near_->failure_reason();
  }

  Certificates certificates_;
  base::FakeClock clock_;
  EventLoop loop_{clock_};
  TurnBudget budget_{loop_, 20'000};
  TlsSession session_;
  int far_socket_ = -1;
  std::unique_ptr<TlsStream> near_;
  std::unique_ptr<TlsStream> far_;
  int agreed_ = kNothingYet;
  int far_agreed_ = kNothingYet;
  std::string text_;
  ssize_t end_ = kNothingYet;
  TaskScope scope_;
};

TEST_F(TlsStreamTest, BytesArriveWholeBothWaysWhateverTheSizesOfWindowAndReads) {
  const auto client = client_context();
  const auto server = server_context(certificates_.issued("service"));
  bool budgeted = false;  // every other time
  for (const int window_bytes : {0, 4096}) {
    for (const size_t piece : {1, 1000, 16384, 100'000}) {
      for (const size_t length : {1, 16383, 16384, 16385, 300'000}) {
        if (length / piece > 50'000) continue;
        connect(client, server, window_bytes);
        ASSERT_EQ(agreed_, 0) << near_->failure_reason();
        budgeted = !budgeted;
        if (budgeted) near_->share_turns(budget_);
        const std::string head = long_text(length / 3);
        const std::string body = long_text(length);
        std::string there;
        std::string back;
        ssize_t ends[2] = {kNothingYet, kNothingYet};
        ssize_t written[2] = {kNothingYet, kNothingYet};
        scope_.spawn(read_all(*far_, piece, there, ends[0]));
        scope_.spawn(read_all(*near_, piece, back, ends[1]));
        scope_.spawn(write_all(*near_, head, body, written[0]));
        scope_.spawn(write_all(*far_, body, head, written[1]));
        for (int i = 0; i < 20'000 && there.size() + back.size() < 2 * (head + body).size(); ++i) {
          loop_.turn(0);
        }
        EXPECT_EQ(written[0], 0);
        EXPECT_EQ(written[1], 0);
        EXPECT_TRUE(there == head + body) << window_bytes << " " << piece << " " << length;
        EXPECT_TRUE(back == body + head) << window_bytes << " " << piece << " " << length;
        near_->shutdown_write();
        turns(3);
        EXPECT_EQ(ends[0], 0);
        EXPECT_EQ(ends[1], kNothingYet) << "the other direction is open";
        scope_.cancel_all();
      }
    }
  }
}

TEST_F(TlsStreamTest, ADeclaredEndIsTheEnd) {
  connect();
  near_reads();
  far_writes("all of it");
  far_.reset();
  turns(3);
  EXPECT_EQ(text_, "all of it");
  EXPECT_EQ(end_, 0);
}

TEST_F(TlsStreamTest, AnEndThatComesWithTheLastBytesIsSeenToo) {
  connect();
  far_writes("all of it");
  far_.reset();
  turns(3);
  near_reads();
  EXPECT_EQ(text_, "all of it");
  EXPECT_EQ(end_, 0);
}

TEST_F(TlsStreamTest, AnEndThatNobodyDeclaredIsAnError) {
  connect();
  near_reads();
  far_writes("half of it");
  far_->reset_on_close();
  far_.reset();
  turns(3);
  EXPECT_EQ(text_, "half of it");
  EXPECT_EQ(end_, -ECONNABORTED);
}

TEST_F(TlsStreamTest, BytesThatTlsDidNotMakeEndTheStream) {
  connect();
  near_reads();
  far_writes("good");
  stranger_sends(std::string("\x17\x03\x03\x00\x20", 5) + std::string(32, 'x'));
  EXPECT_EQ(text_, "good");
  EXPECT_EQ(end_, -Stream::kTlsFailure);
  EXPECT_STREQ(near_->failure_reason(), "decryption failed or bad record mac");
}

TEST_F(TlsStreamTest, AConnectionIsQuietAlthoughTheServerSentTickets) {
  connect();
  EXPECT_TRUE(near_->quiet());
  far_writes("unasked");
  EXPECT_FALSE(near_->quiet());
}

TEST_F(TlsStreamTest, AConnectionWhosePeerSaidGoodbyeIsNotQuiet) {
  connect();
  far_->shutdown_write();
  turns(3);
  EXPECT_FALSE(near_->quiet());
}

TEST_F(TlsStreamTest, WhoWaitsForMoreIsNotWokenForNothing) {
  connect();
  scope_.spawn(read_once(*near_, text_));
  far_writes("one");
  EXPECT_EQ(text_, "one");
  ssize_t ready = kNothingYet * 7;
  scope_.spawn(wait_for_something(*near_, ready));
  turns(5);
  EXPECT_EQ(ready, 7) << "there was nothing";
  far_writes("two");
  EXPECT_EQ(ready, 1);
}

TEST_F(TlsStreamTest, ACancelledWriteFailsAndSoDoesEveryLaterOne) {
  connect(client_context(), server_context(certificates_.issued("service")), 4096);
  ssize_t written = kNothingYet;
  scope_.spawn(write_all(*near_, long_text(1'000'000), "", written));
  turns(3);
  EXPECT_EQ(written, kNothingYet);
  near_->cancel(ETIMEDOUT);
  turns(1);
  EXPECT_EQ(written, -ETIMEDOUT);
  written = kNothingYet;
  scope_.spawn(write_all(*near_, "x", "", written));
  EXPECT_EQ(written, -ETIMEDOUT);
}

TEST_F(TlsStreamTest, WhatWasWrittenArrivesAlthoughTheStreamIsGone) {
  const auto client = client_context();
  const auto server = server_context(certificates_.issued("service"));
  const std::string text = long_text(100'000);
  for (size_t length = 60'000; length < 60'100; ++length) {
    connect(client, server, 4096);
    text_.clear();
    ssize_t written = kNothingYet;
    scope_.spawn(write_all(*near_, text.substr(0, length), "", written));
    scope_.spawn(read_all(*far_, 50'000, text_, end_));
    while (written == kNothingYet) loop_.turn(0);
    near_.reset();
    turns(100);
    EXPECT_EQ(text_.size(), length);
    EXPECT_TRUE(text.starts_with(text_));
  }
}

TEST_F(TlsStreamTest, TheNextConnectionResumesTheSession) {
  const auto client = client_context();
  const auto server = server_context(certificates_.issued("service"));
  for (const bool expected : {false, true, true}) {
    connect(client, server);
    ASSERT_EQ(agreed_, 0) << near_->failure_reason();
    EXPECT_EQ(near_->resumed(), expected);
    near_reads();  // takes the tickets
    far_writes("x");
    EXPECT_EQ(text_, "x");
    text_.clear();
  }
}

// Whom a client believes.

TEST_F(TlsStreamTest, ACertificateOfATrustedAuthorityIsTaken) {
  EXPECT_EQ(refusal(client_context(), certificates_.issued("service")), "none");
  EXPECT_EQ(refusal(client_context("127.0.0.1"), certificates_.issued("address")), "none");
  EXPECT_EQ(refusal(client_context("service.test."), certificates_.issued("root")), "none");
}

TEST_F(TlsStreamTest, ACertificateOfItsOwnIsRefusedUnlessItIsTrusted) {
  const Identity own = certificates_.self_signed("own");
  EXPECT_EQ(refusal(client_context(), own), "certificate verify failed: self-signed certificate");
  auto trusting = std::make_shared<TlsContext>(TlsContext::Role::kClient);
  trusting->set_server_name("service.test");
  EXPECT_EQ(refusal(trusting, own), "certificate verify failed: self-signed certificate");
  ASSERT_TRUE(trusting->trust_only(own.certificate).ok());
  EXPECT_EQ(refusal(trusting, own), "none");
}

TEST_F(TlsStreamTest, ACertificateForAnotherNameIsRefused) {
  const Identity other = certificates_.issued("other", {.names = "DNS:other.test,IP:127.0.0.2"});
  EXPECT_EQ(refusal(client_context(), other),
            "certificate verify failed: hostname mismatch, it is not for service.test");
  EXPECT_EQ(refusal(client_context("127.0.0.1"), other),
            "certificate verify failed: IP address mismatch, it is not for 127.0.0.1");
}

TEST_F(TlsStreamTest, AnExpiredCertificateIsRefused) {
  EXPECT_EQ(refusal(client_context(), certificates_.issued("old", {.days = -1})),
            "certificate verify failed: certificate has expired");
}

TEST_F(TlsStreamTest, AClientThatTrustsAnyoneTakesAll) {
  auto trusting = client_context();
  trusting->trust_anyone();
  EXPECT_EQ(refusal(trusting, certificates_.self_signed("own")), "none");
  EXPECT_EQ(refusal(trusting, certificates_.issued("old", {.days = -1})), "none");
}

TEST_F(TlsStreamTest, FilesThatAreNotWhatTheyShouldBeAreErrors) {
  const Identity service = certificates_.issued("service");
  const Identity other = certificates_.issued("other");
  const std::string text = certificates_.file("text", "hello\n");
  TlsContext context(TlsContext::Role::kClient);
  const auto complaint = [](base::Status status) {
    return status.ok() ? "none" : status.error().context;
  };
  EXPECT_EQ(complaint(context.trust_only("/nowhere")),
            "cannot read /nowhere: No such file or directory");
  EXPECT_EQ(complaint(context.trust_only(text)).substr(0, text.size() + 32),
            text + " has no certificates in PEM: no ");
  EXPECT_EQ(complaint(context.present_certificate(text)),
            text + " has no certificate in PEM: no start line");
  EXPECT_EQ(complaint(context.present_certificate(service.certificate)), "none");
  const std::string wrong = " has no key of that certificate in PEM without a passphrase: ";
  EXPECT_EQ(complaint(context.present_key(text)), text + wrong + "unsupported");
  EXPECT_EQ(complaint(context.present_key(other.key)), other.key + wrong + "key values mismatch");
  const std::string encrypted = certificates_.encrypted(service);
  EXPECT_EQ(complaint(context.present_key(encrypted)),
            encrypted + wrong + "interrupted or cancelled");
  EXPECT_EQ(complaint(context.present_key(service.key)), "none");
}

// Peers that do not shake hands.

TEST_F(TlsStreamTest, AHandshakeThatHangsEndsAtItsDeadline) {
  connect_to_stranger();
  near_->set_deadline(loop_.now_ns() + 1000);
  turns(2);
  EXPECT_EQ(agreed_, kNothingYet);
  clock_.advance_ns(1000);
  turns(2);
  EXPECT_EQ(agreed_, -ETIMEDOUT);
}

TEST_F(TlsStreamTest, AnAnswerInPlainTextIsNoHandshake) {
  connect_to_stranger();
  stranger_sends("HTTP/1.1 400 Bad Request\r\n\r\n");
  EXPECT_EQ(agreed_, -Stream::kTlsFailure);
  EXPECT_STREQ(near_->failure_reason(), "wrong version number");
}

TEST_F(TlsStreamTest, APeerThatSendsOnAndOnWithoutSayingAnythingIsGivenUp) {
  connect_to_stranger();
  const std::string hello_request("\x16\x03\x03\x00\x04\x00\x00\x00\x00", 9);
  std::string flood;
  while (flood.size() < 150'000) flood += hello_request;
  stranger_sends(flood);
  EXPECT_EQ(agreed_, -Stream::kTlsFailure);
  EXPECT_STREQ(near_->failure_reason(), "the peer sends records without end that say nothing");
}

TEST_F(TlsStreamTest, APeerThatClosesInsteadOfAnsweringIsNoHandshake) {
  connect_to_stranger();
  char hello[4096];
  ASSERT_GT(::recv(far_socket_, hello, sizeof hello, 0), 0);
  ::close(far_socket_);
  turns(5);
  EXPECT_EQ(agreed_, -Stream::kTlsFailure);
  EXPECT_STREQ(near_->failure_reason(), "the peer closed the connection in the handshake");
}

/// A server that OpenSSL runs with calls that block, on a thread of its own: it can do what ours
/// never does.
class TlsStrangerTest : public TlsStreamTest {
 protected:
  using Behaviour = std::function<void(SSL*)>;
  using Setting = std::function<void(SSL_CTX*)>;

  void start(
      int version_max, Behaviour behaviour, const Setting& set = [](SSL_CTX*) {}) {
    const Identity identity = certificates_.issued("service");
    if (!client_) client_ = client_context();
    int ends[2];
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    const int flags = SOCK_NONBLOCK;
    ASSERT_EQ(::ioctl(ends[0], FIONBIO, &flags), 0);
    const timeval patience{.tv_sec = 20, .tv_usec = 0};
    setsockopt(ends[1], SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(ends[1], SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    server_ = std::thread([=] {
      SSL_CTX* context = SSL_CTX_new(TLS_server_method());
      SSL_CTX_set_security_level(context, 0);
      SSL_CTX_set_min_proto_version(context, TLS1_VERSION);
      SSL_CTX_set_max_proto_version(context, version_max);
      SSL_CTX_use_certificate_chain_file(context, identity.certificate.c_str());
      SSL_CTX_use_PrivateKey_file(context, identity.key.c_str(), SSL_FILETYPE_PEM);
      set(context);
      SSL* ssl = SSL_new(context);
      SSL_set_fd(ssl, ends[1]);
      if (SSL_accept(ssl) == 1) behaviour(ssl);
      SSL_free(ssl);
      SSL_CTX_free(context);
      ::close(ends[1]);
    });
    near_ = over(ends[0], client_);
    agreed_ = kNothingYet;
    scope_.spawn(shake_hands(*near_, agreed_));
    until([&] { return agreed_ != kNothingYet; });
  }
  template <class Condition>
  void until(Condition condition) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!condition() && std::chrono::steady_clock::now() < end) loop_.turn(1'000'000);
    EXPECT_TRUE(condition());
  }
  static std::string receive(SSL* ssl, size_t bytes) {
    std::string text;
    char buffer[16384];
    while (text.size() < bytes) {
      const int count = SSL_read(ssl, buffer, sizeof buffer);
      if (count <= 0) break;
      text.append(buffer, static_cast<size_t>(count));
    }
    return text;
  }
  void TearDown() override {
    scope_.cancel_all();
    near_.reset();
    if (server_.joinable()) server_.join();
  }

  /// A server that only talks to those who show a certificate of the authority.
  Setting only_known_clients() {
    return [ca_file = certificates_.ca_file()](SSL_CTX* context) {
      SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
      SSL_CTX_load_verify_file(context, ca_file.c_str());
    };
  }

  std::shared_ptr<TlsContext> client_;
  std::thread server_;
};

TEST_F(TlsStrangerTest, AServerThatOnlySpeaksOldVersionsIsRefused) {
  start(TLS1_1_VERSION, [](SSL*) {});
  EXPECT_EQ(agreed_, -Stream::kTlsFailure);
  EXPECT_STREQ(near_->failure_reason(), "tlsv1 alert protocol version");
}

TEST_F(TlsStrangerTest, AServerThatChangesItsKeysIsFollowedWhileBytesGoBothWays) {
  const std::string text = long_text(2'000'000);
  std::string there;
  start(TLS1_3_VERSION, [&](SSL* ssl) {
    for (size_t at = 0; at < text.size(); at += 100'000) {
      SSL_key_update(ssl, SSL_KEY_UPDATE_REQUESTED);
      SSL_write(ssl, text.data() + at, 100'000);
    }
    there = receive(ssl, text.size());
    SSL_shutdown(ssl);
  });
  ASSERT_EQ(agreed_, 0) << near_->failure_reason();
  ssize_t written = kNothingYet;
  scope_.spawn(write_all(*near_, text, "", written));
  scope_.spawn(read_all(*near_, 10'000, text_, end_));
  until([&] { return end_ != kNothingYet; });
  EXPECT_EQ(end_, 0) << near_->failure_reason();
  EXPECT_EQ(written, 0);
  EXPECT_TRUE(text_ == text);
  server_.join();
  EXPECT_TRUE(there == text);
}

TEST_F(TlsStrangerTest, AServerThatWantsACertificateIsShownOne) {
  const Identity ours = certificates_.issued("client");
  client_ = client_context();
  present(*client_, ours);
  start(
      TLS1_3_VERSION,
      [](SSL* ssl) {
        SSL_write(ssl, "welcome", 7);
        SSL_shutdown(ssl);
      },
      only_known_clients());
  scope_.spawn(read_all(*near_, 100, text_, end_));
  until([&] { return end_ != kNothingYet; });
  EXPECT_EQ(text_, "welcome");
}

TEST_F(TlsStrangerTest, AServerThatMissesACertificateSaysSo) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    start(
        version, [](SSL*) {}, only_known_clients());
    // In TLS 1.3 the client is done before the server has looked.
    end_ = version == TLS1_2_VERSION ? agreed_ : kNothingYet;
    ssize_t written = kNothingYet;
    scope_.spawn(write_all(*near_, "GET / HTTP/1.1", "", written));
    scope_.spawn(read_all(*near_, 100, text_, end_));
    until([&] { return end_ != kNothingYet; });
    EXPECT_EQ(end_, -Stream::kTlsFailure);
    const std::string reason = near_->failure_reason();
    EXPECT_EQ(reason, version == TLS1_2_VERSION ? "sslv3 alert handshake failure"
                                                : "tlsv13 alert certificate required");
    TearDown();
  }
}

TEST_F(TlsStrangerTest, AServerThatWantsToRenegotiateIsNotFollowed) {
  bool renegotiated = true;
  start(TLS1_2_VERSION, [&](SSL* ssl) {
    SSL_renegotiate(ssl);
    SSL_do_handshake(ssl);
    char byte = 0;
    renegotiated = SSL_read(ssl, &byte, 1) == 1 || SSL_renegotiate_pending(ssl) == 0;
  });
  ASSERT_EQ(agreed_, 0) << near_->failure_reason();
  scope_.spawn(read_all(*near_, 100, text_, end_));
  until([&] { return end_ != kNothingYet; });
  EXPECT_LT(end_, 0);
  server_.join();
  EXPECT_FALSE(renegotiated);
}

}  // namespace
}  // namespace understudy::net
