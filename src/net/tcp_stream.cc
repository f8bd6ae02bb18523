#include "net/tcp_stream.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "base/text.h"

namespace understudy::net {
namespace {

// recv and send of the C library are points where a thread can be cancelled, and pay for it with
// two atomic operations a call once there is more than one thread. No thread is ever cancelled
// here.
ssize_t receive(int descriptor, char* buffer, size_t bytes_max) {
  return ::syscall(SYS_recvfrom, descriptor, buffer, bytes_max, 0, nullptr, nullptr);
}

ssize_t send_one(int descriptor, const iovec& part) {
  return ::syscall(SYS_sendto, descriptor, part.iov_base, part.iov_len, MSG_NOSIGNAL, nullptr, 0);
}

base::Error io_error(const char* call) {
  return base::error(base::ErrorKind::kIo, base::cat(call, ": ", std::strerror(errno)));
}

}  // namespace

uint16_t SocketAddress::port() const {
  if (family() == AF_INET) return ntohs(reinterpret_cast<const sockaddr_in&>(storage).sin_port);
  if (family() == AF_INET6) return ntohs(reinterpret_cast<const sockaddr_in6&>(storage).sin6_port);
  return 0;
}

std::string SocketAddress::ip() const {
  char buffer[INET6_ADDRSTRLEN] = "";
  if (family() == AF_INET) {
    inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in&>(storage).sin_addr, buffer,
              sizeof buffer);
  } else if (family() == AF_INET6) {
    inet_ntop(AF_INET6, &reinterpret_cast<const sockaddr_in6&>(storage).sin6_addr, buffer,
              sizeof buffer);
  }
  return buffer;
}

std::string SocketAddress::text() const {
  return family() == AF_INET6 ? base::cat("[", ip(), "]:", port()) : base::cat(ip(), ":", port());
}

bool SocketAddress::is_loopback() const {
  if (family() == AF_INET) {
    const auto& address = reinterpret_cast<const sockaddr_in&>(storage);
    return (ntohl(address.sin_addr.s_addr) >> 24) == 127;
  }
  if (family() == AF_INET6) {
    return IN6_IS_ADDR_LOOPBACK(&reinterpret_cast<const sockaddr_in6&>(storage).sin6_addr);
  }
  return false;
}

base::Result<SocketAddress> parse_ip_address(std::string_view ip, uint16_t port) {
  SocketAddress address;
  const std::string text(ip);
  auto& v4 = reinterpret_cast<sockaddr_in&>(address.storage);
  if (inet_pton(AF_INET, text.c_str(), &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    address.length = sizeof v4;
    return address;
  }
  auto& v6 = reinterpret_cast<sockaddr_in6&>(address.storage);
  if (inet_pton(AF_INET6, text.c_str(), &v6.sin6_addr) == 1) {
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    address.length = sizeof v6;
    return address;
  }
  return base::invalid(base::cat("\"", base::printable(ip), "\" is not an IP address"));
}

base::Result<SocketAddress> parse_listen_address(std::string_view text) {
  const size_t colon = text.rfind(':');
  const auto port =
      colon == std::string_view::npos ? std::nullopt : base::parse_uint64(text.substr(colon + 1));
  if (!port || *port > 65535) {
    return base::invalid(base::cat("\"", base::printable(text),
                                   "\" is not an address to listen on; write 127.0.0.1:8080, "
                                   "[::1]:8080 or *:8080"));
  }
  std::string_view host = text.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  }
  if (host.empty() || host == "*") host = "0.0.0.0";
  if (host == "localhost") host = "127.0.0.1";
  return parse_ip_address(host, static_cast<uint16_t>(*port));
}

base::Result<std::unique_ptr<TcpStream>> TcpStream::adopt(EventLoop& loop, int descriptor) {
  const int on = 1;
  setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  std::unique_ptr<TcpStream> stream(new TcpStream(loop, descriptor));
  TRY(loop.watch(descriptor, *stream));
  return stream;
}

base::Result<std::unique_ptr<TcpStream>> TcpStream::begin_connect(EventLoop& loop,
                                                                  const SocketAddress& address) {
  const int descriptor =
      socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
  if (descriptor < 0) return io_error("socket");
  if (connect(descriptor, reinterpret_cast<const sockaddr*>(&address.storage), address.length) !=
          0 &&
      errno != EINPROGRESS) {
    const int reason = errno;
    close(descriptor);
    errno = reason;
    return io_error("connect");
  }
  return adopt(loop, descriptor);
}

TcpStream::~TcpStream() {
  if (descriptor_ < 0) return;
  loop().unwatch(descriptor_, *this);
  close(descriptor_);
}

int TcpStream::release() {
  loop().unwatch(descriptor_, *this);
  return std::exchange(descriptor_, -1);
}

base::Task<int> TcpStream::connected() {
  mark_connecting();
  const ssize_t ready = co_await write("", "");
  if (ready < 0) co_return static_cast<int>(ready);
  int failure = 0;
  socklen_t length = sizeof failure;
  getsockopt(descriptor_, SOL_SOCKET, SO_ERROR, &failure, &length);
  co_return -failure;
}

void TcpStream::shutdown_write() { ::shutdown(descriptor_, SHUT_WR); }

void TcpStream::reset_on_close() {
  const linger reset{.l_onoff = 1, .l_linger = 0};
  setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
}

void TcpStream::hasten_acknowledgement() {
  const int on = 1;
  setsockopt(descriptor_, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof on);
}

ssize_t TcpStream::try_read(char* buffer, size_t bytes_max) {
  while (true) {
    const ssize_t count = receive(descriptor_, buffer, bytes_max);
    if (count >= 0) return count;
    if (errno != EINTR) return -errno;
  }
}

ssize_t TcpStream::try_write(const iovec* parts, int count) {
  while (true) {
    ssize_t written = 0;
    if (count == 1) {
      written = send_one(descriptor_, parts[0]);
    } else {
      msghdr message{};
      message.msg_iov = const_cast<iovec*>(parts);
      message.msg_iovlen = static_cast<size_t>(count);
      written = ::sendmsg(descriptor_, &message, MSG_NOSIGNAL);
    }
    if (written >= 0) return written;
    if (errno != EINTR) return -errno;
  }
}

void TcpStream::on_events(uint32_t events) {
  const bool closed = (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
  became_ready((events & EPOLLIN) != 0, (events & EPOLLOUT) != 0, closed);
}

}  // namespace understudy::net
