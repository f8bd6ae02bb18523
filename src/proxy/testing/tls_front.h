#pragma once

// TLS in front of a service of a test, by OpenSSL's blocking calls. Header only: not in the
// product.

#include <gtest/gtest.h>
#include <openssl/ssl.h>
#include <poll.h>

#include <csignal>
#include <list>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "net/testing/certificates.h"
#include "proxy/testing/socket.h"

namespace understudy::proxy::testing {

struct TlsFrontOptions {
  int version_max = TLS1_3_VERSION;
  /// Whether the end of the service's connection is declared, or TCP's just comes.
  enum class Goodbye { kSaid, kNotSaid } goodbye = Goodbye::kSaid;
};

/// Takes TLS connections on a port of its own and hands what they carry to the service's port, and
/// back. One thread per connection.
class TlsFront {
 public:
  TlsFront(uint16_t service_port, const net::testing::Identity& identity,
           const TlsFrontOptions& options = {})
      : service_port_(service_port), options_(options), context_(SSL_CTX_new(TLS_server_method())) {
    std::signal(SIGPIPE, SIG_IGN);  // OpenSSL's own writes raise it when the proxy has left
    SSL_CTX_set_security_level(context_, 0);
    SSL_CTX_set_min_proto_version(context_, TLS1_VERSION);
    SSL_CTX_set_max_proto_version(context_, options.version_max);
    EXPECT_EQ(SSL_CTX_use_certificate_chain_file(context_, identity.certificate.c_str()), 1);
    EXPECT_EQ(SSL_CTX_use_PrivateKey_file(context_, identity.key.c_str(), SSL_FILETYPE_PEM), 1);
    SSL_CTX_set_alpn_select_cb(context_, see_protocol, this);
    SSL_CTX_set_tlsext_servername_callback(context_, see_name);
    SSL_CTX_set_tlsext_servername_arg(context_, this);
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    EXPECT_EQ(::bind(listener_, reinterpret_cast<sockaddr*>(&address), length), 0);
    EXPECT_EQ(::listen(listener_, 1024), 0);
    getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &length);
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { accept_all(); });
  }
  TlsFront(const TlsFront&) = delete;
  TlsFront& operator=(const TlsFront&) = delete;
  ~TlsFront() {
    ::shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    ::close(listener_);
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
      for (const Socket* open : open_) open->hang_up();
    }
    for (std::thread& thread : threads_) thread.join();
    SSL_CTX_free(context_);
  }

  uint16_t port() const { return port_; }
  /// Handshakes that were whole, and how many of them resumed a session.
  int handshakes() const { return locked(handshakes_); }
  int resumed() const { return locked(resumed_); }
  /// What the last client called the service, and the protocols it offered.
  std::string name() const { return locked(name_); }
  std::string protocols() const { return locked(protocols_); }

 private:
  template <class T>
  T locked(const T& value) const {
    const std::lock_guard lock(mutex_);
    return value;
  }
  static int see_protocol(SSL*, const unsigned char** chosen, unsigned char* chosen_bytes,
                          const unsigned char* offered, unsigned int bytes, void* front) {
    auto& self = *static_cast<TlsFront*>(front);
    const std::lock_guard lock(self.mutex_);
    self.protocols_.assign(reinterpret_cast<const char*>(offered), bytes);
    *chosen = offered + 1;
    *chosen_bytes = *offered;
    return SSL_TLSEXT_ERR_OK;
  }
  static int see_name(SSL* ssl, int*, void* front) {
    auto& self = *static_cast<TlsFront*>(front);
    const char* name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    const std::lock_guard lock(self.mutex_);
    self.name_ = name == nullptr ? "" : name;
    return SSL_TLSEXT_ERR_OK;
  }

  void accept_all() {
    while (true) {
      const int accepted = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (accepted < 0) return;
      threads_.emplace_back([this, accepted] {
        Socket client(accepted);
        Socket service = Socket::connect(service_port_);
        {
          const std::lock_guard lock(mutex_);
          open_.insert(open_.end(), {&client, &service});
          if (stopping_) client.hang_up();
        }
        SSL* ssl = SSL_new(context_);
        SSL_set_fd(ssl, accepted);
        if (SSL_accept(ssl) == 1) {
          {
            const std::lock_guard lock(mutex_);
            ++handshakes_;
            resumed_ += SSL_session_reused(ssl);
          }
          relay(ssl, client, service);
        }
        SSL_free(ssl);
        const std::lock_guard lock(mutex_);
        open_.remove(&client);
        open_.remove(&service);
      });
    }
  }
  void relay(SSL* ssl, const Socket& client, const Socket& service) const {
    char buffer[16384];
    while (true) {
      pollfd ready[2] = {{client.descriptor(), POLLIN, 0}, {service.descriptor(), POLLIN, 0}};
      if (SSL_has_pending(ssl) == 0 && ::poll(ready, 2, kPatienceSeconds * 1000) <= 0) return;
      if (ready[1].revents != 0) {
        const std::string answer = service.receive();
        if (answer.empty()) break;
        if (SSL_write(ssl, answer.data(), static_cast<int>(answer.size())) <= 0) return;
      }
      if (ready[0].revents != 0 || SSL_has_pending(ssl) == 1) {
        const int count = SSL_read(ssl, buffer, sizeof buffer);
        if (count <= 0 || !service.send({buffer, static_cast<size_t>(count)})) return;
      }
    }
    if (options_.goodbye == TlsFrontOptions::Goodbye::kSaid) SSL_shutdown(ssl);
  }

  const uint16_t service_port_;
  const TlsFrontOptions options_;
  SSL_CTX* context_;
  int listener_ = -1;
  uint16_t port_ = 0;
  mutable std::mutex mutex_;
  std::list<const Socket*> open_;
  std::string name_;
  std::string protocols_;
  int handshakes_ = 0;
  int resumed_ = 0;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
  std::thread acceptor_;
};

}  // namespace understudy::proxy::testing
