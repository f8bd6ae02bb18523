#pragma once

// A client that comes with https, by OpenSSL's blocking calls. Header only: not in the product.

#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <csignal>
#include <string>
#include <string_view>

#include "proxy/testing/socket.h"

namespace understudy::proxy::testing {

struct TlsClientOptions {
  int version_max = TLS1_3_VERSION;
  std::string protocols = "\x08http/1.1";  // ALPN's; empty: none
};

/// A client that trusts one authority and speaks TLS by OpenSSL's blocking calls.
class TlsClient {
 public:
  TlsClient(uint16_t port, const std::string& ca_file, const TlsClientOptions& options = {})
      : socket_(Socket::connect(port)), context_(SSL_CTX_new(TLS_client_method())) {
    std::signal(SIGPIPE, SIG_IGN);
    SSL_CTX_set_security_level(context_, 0);
    SSL_CTX_set_min_proto_version(context_, TLS1_VERSION);
    SSL_CTX_set_max_proto_version(context_, options.version_max);
    SSL_CTX_set_verify(context_, SSL_VERIFY_PEER, nullptr);
    EXPECT_EQ(SSL_CTX_load_verify_file(context_, ca_file.c_str()), 1);
    ssl_ = SSL_new(context_);
    if (!options.protocols.empty()) {
      SSL_set_alpn_protos(ssl_, reinterpret_cast<const unsigned char*>(options.protocols.data()),
                          static_cast<unsigned int>(options.protocols.size()));
    }
    SSL_set_fd(ssl_, socket_.descriptor());
    agreed_ = SSL_connect(ssl_) == 1;
  }
  TlsClient(const TlsClient&) = delete;
  TlsClient& operator=(const TlsClient&) = delete;
  ~TlsClient() {
    SSL_free(ssl_);
    SSL_CTX_free(context_);
  }

  bool agreed() const { return agreed_; }
  SSL* ssl() const { return ssl_; }
  void send(std::string_view text) {
    EXPECT_EQ(SSL_write(ssl_, text.data(), static_cast<int>(text.size())),
              static_cast<int>(text.size()));
  }
  /// Everything until the end; `declared_end` says whether the proxy said goodbye.
  std::string receive_all(bool& declared_end) {
    std::string text;
    char buffer[16384];
    int count = 0;
    while ((count = SSL_read(ssl_, buffer, sizeof buffer)) > 0) {
      text.append(buffer, static_cast<size_t>(count));
    }
    declared_end = SSL_get_error(ssl_, count) == SSL_ERROR_ZERO_RETURN;
    return text;
  }

 private:
  Socket socket_;
  SSL_CTX* context_;
  SSL* ssl_;
  bool agreed_ = false;
};

}  // namespace understudy::proxy::testing
