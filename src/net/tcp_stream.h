#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/task.h"
#include "net/stream.h"

namespace understudy::net {

/// An IPv4 or IPv6 address with a port.
struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t length = 0;

  int family() const { return storage.ss_family; }
  uint16_t port() const;
  /// "127.0.0.1" or "::1", without brackets and port.
  std::string ip() const;
  /// "127.0.0.1:80" or "[::1]:80".
  std::string text() const;
  bool is_loopback() const;
};

/// Reads "127.0.0.1", "::1" with a port; nothing else: names are the resolver's business.
base::Result<SocketAddress> parse_ip_address(std::string_view ip, uint16_t port);
/// Reads a listen address: "127.0.0.1:8080", "[::1]:8080", "*:8080", ":8080", "localhost:8080".
base::Result<SocketAddress> parse_listen_address(std::string_view text);

/// A connected TCP socket, non-blocking, with TCP_NODELAY. Owns its descriptor.
class TcpStream final : public Stream, private Pollable {
 public:
  /// Takes the descriptor, also when it fails (it is closed then).
  static base::Result<std::unique_ptr<TcpStream>> adopt(EventLoop& loop, int descriptor);
  ~TcpStream() override;

  /// Begins to connect; await `connected()` before reading.
  static base::Result<std::unique_ptr<TcpStream>> begin_connect(EventLoop& loop,
                                                                const SocketAddress& address);
  /// Waits for the handshake: 0, or minus an errno value (also ETIMEDOUT, ECANCELED).
  base::Task<int> connected();

  void shutdown_write() override;
  void reset_on_close() override;
  int descriptor() const { return descriptor_; }
  /// Hands the descriptor to the caller, who then owns it; the stream can only be destroyed.
  int release();

 protected:
  void hasten_acknowledgement() override;
  ssize_t try_read(char* buffer, size_t bytes_max) override;
  ssize_t try_write(const iovec* parts, int count) override;

 private:
  TcpStream(EventLoop& loop, int descriptor) : Stream(loop), descriptor_(descriptor) {}
  void on_events(uint32_t events) override;

  int descriptor_;
};

}  // namespace understudy::net
