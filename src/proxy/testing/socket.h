#pragma once

// A blocking socket for tests that play a client or a service. Header only: not in the product.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

namespace understudy::proxy::testing {

/// How long a test waits for what must come, so that a broken proxy fails it instead of hanging it.
inline constexpr int kPatienceSeconds = 20;

/// Something one thread waits for and another declares to have happened.
class Event {
 public:
  void happen() {
    {
      const std::lock_guard lock(mutex_);
      happened_ = true;
    }
    changed_.notify_all();
  }
  /// False when it did not happen in time.
  bool wait() {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(kPatienceSeconds),
                             [this] { return happened_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool happened_ = false;
};

/// What a peer sent until its end.
struct Received {
  std::string bytes;
  enum class End {
    kClosed,  // orderly
    kReset,
    kSilence,  // it neither sent nor closed in time
  } end = End::kClosed;
};

/// A connected TCP socket whose calls block. One thread uses it; another may hang_up() meanwhile.
class Socket {
 public:
  explicit Socket(int descriptor) : descriptor_(descriptor) {
    const timeval limit{.tv_sec = kPatienceSeconds, .tv_usec = 0};
    setsockopt(descriptor_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(descriptor_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    const int on = 1;
    setsockopt(descriptor_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }
  Socket(Socket&& other) noexcept : descriptor_(other.descriptor_.exchange(-1)) {}
  Socket& operator=(Socket&& other) noexcept {
    close();
    descriptor_ = other.descriptor_.exchange(-1);
    silence_ = other.silence_;
    return *this;
  }
  ~Socket() { close(); }

  /// `receive_buffer_bytes` above 0 makes a client that takes little without reading.
  static Socket connect(uint16_t port, int receive_buffer_bytes = 0) {
    const int descriptor = ::socket(AF_INET, SOCK_STREAM, 0);
    if (receive_buffer_bytes > 0) {
      setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &receive_buffer_bytes,
                 sizeof receive_buffer_bytes);
    }
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    Socket socket(descriptor);
    if (::connect(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
      socket.close();
    }
    return socket;
  }

  bool is_open() const { return descriptor_ >= 0; }
  /// False when the peer no longer takes it.
  bool send(std::string_view text) const {
    while (!text.empty()) {
      const ssize_t sent = ::send(descriptor_, text.data(), text.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      text.remove_prefix(static_cast<size_t>(sent));
    }
    return true;
  }
  /// What is there; empty at the end of the stream, after a reset, or when nothing came in time.
  std::string receive() const {
    char buffer[65536];
    const ssize_t count = ::recv(descriptor_, buffer, sizeof buffer, 0);
    silence_ = count < 0 && errno == EAGAIN;
    return count > 0 ? std::string(buffer, static_cast<size_t>(count)) : std::string();
  }
  /// The last receive() ended because the peer neither sent nor closed.
  bool met_silence() const { return silence_; }
  std::string receive_until(std::string_view mark) const {
    std::string text;
    while (text.find(mark) == std::string::npos) {
      const std::string more = receive();
      if (more.empty()) break;
      text += more;
    }
    return text;
  }
  std::string receive_exactly(size_t bytes) const {
    std::string text(bytes, '\0');
    const ssize_t count = ::recv(descriptor_, text.data(), bytes, MSG_WAITALL);
    text.resize(count > 0 ? static_cast<size_t>(count) : 0);
    return text;
  }
  Received receive_to_end() const {
    Received received;
    char buffer[65536];
    while (true) {
      const ssize_t count = ::recv(descriptor_, buffer, sizeof buffer, 0);
      if (count > 0) {
        received.bytes.append(buffer, static_cast<size_t>(count));
        continue;
      }
      if (count < 0) {
        received.end = errno == EAGAIN ? Received::End::kSilence : Received::End::kReset;
      }
      return received;
    }
  }
  std::string receive_all() const { return receive_to_end().bytes; }
  /// No more bytes will be sent; the other direction stays open.
  void finish() const { ::shutdown(descriptor_, SHUT_WR); }
  /// Both directions end, as another thread may be reading.
  void hang_up() const {
    const std::lock_guard lock(*ending_);
    if (descriptor_ >= 0) ::shutdown(descriptor_, SHUT_RDWR);
  }
  void close() {
    const std::lock_guard lock(*ending_);
    if (descriptor_ >= 0) ::close(descriptor_.exchange(-1));
  }
  void reset() {
    const linger now{.l_onoff = 1, .l_linger = 0};
    setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close();
  }
  int descriptor() const { return descriptor_; }

 private:
  std::atomic<int> descriptor_;
  std::unique_ptr<std::mutex> ending_ = std::make_unique<std::mutex>();
  mutable bool silence_ = false;
};

}  // namespace understudy::proxy::testing
