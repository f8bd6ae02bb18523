#pragma once

// A service under the control of a test. Header only: not in the product.

#include <chrono>
#include <functional>
#include <list>
#include <thread>
#include <utility>
#include <vector>

#include "base/text.h"
#include "proxy/testing/socket.h"

namespace understudy::proxy::testing {

/// What a service got from one connection.
struct Request {
  std::string head;    // with its empty line
  std::string body;    // as sent, chunks and all
  int connection = 0;  // counted from 0 in the order of accepting

  std::string line() const { return head.substr(0, head.find("\r\n")); }
  std::string target() const {
    const size_t begin = head.find(' ') + 1;
    return head.substr(begin, head.find(' ', begin) - begin);
  }
  /// The value of the only field of that name; empty when there is none, "<twice>" when repeated.
  std::string field(std::string_view name) const {
    std::string found;
    int count = 0;
    for (const std::string_view line : base::split(head, '\n')) {
      const size_t colon = line.find(':');
      if (colon == std::string_view::npos) continue;
      if (!base::equals_ignore_case(line.substr(0, colon), name)) continue;
      found = base::trim(line.substr(colon + 1));
      ++count;
    }
    return count > 1 ? "<twice>" : found;
  }
  /// The body without its framing.
  std::string content() const { return unframed().first; }
  /// What follows the last chunk, without its line ends at the end.
  std::string trailers() const { return unframed().second; }

 private:
  std::pair<std::string, std::string> unframed() const {
    if (field("Transfer-Encoding") != "chunked") return {body, ""};
    std::string content;
    size_t at = 0;
    while (at < body.size()) {
      const size_t bytes = std::strtoul(body.c_str() + at, nullptr, 16);
      at = body.find("\r\n", at) + 2;
      if (bytes == 0) break;
      content += body.substr(at, bytes);
      at += bytes + 2;
    }
    std::string trailers = at < body.size() ? body.substr(at) : "";
    while (trailers.ends_with("\r\n")) trailers.resize(trailers.size() - 2);
    return {content, trailers};
  }
};

/// Listens on a port of its own, reads whole requests with a parser that knows nothing of the
/// proxy's, and answers each as the behaviour says. One thread per connection.
class Service {
 public:
  /// Answers on `socket`; the connection is read on afterwards unless it closed the socket.
  using Behaviour = std::function<void(Socket& socket, const Request& request)>;

  /// `before_reading` may hold a new connection back before anything of it is read.
  explicit Service(Behaviour behaviour, std::function<void()> before_reading = {})
      : behaviour_(std::move(behaviour)), before_reading_(std::move(before_reading)) {
    listener_ = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address);
    ::listen(listener_, 1024);
    socklen_t length = sizeof address;
    getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &length);
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { accept_all(); });
  }
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;
  ~Service() { stop(); }

  /// From now on connections are refused, and those that are open end.
  void stop() {
    if (!acceptor_.joinable()) return;
    ::shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    ::close(listener_);
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
      for (const Socket* open : open_) open->hang_up();
    }
    for (std::thread& thread : threads_) thread.join();
  }

  uint16_t port() const { return port_; }
  size_t connections() const {
    const std::lock_guard lock(mutex_);
    return connections_;
  }
  /// Waits for the n-th head; its body may still be on its way.
  bool wait_for_heads(size_t count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, patience(), [&] { return heads_ >= count; });
  }
  bool wait_for_connections(size_t count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, patience(), [&] { return connections_ >= count; });
  }
  /// Waits until the proxy has closed all but `count` connections.
  bool wait_for_open(size_t count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, patience(), [&] { return open_.size() <= count; });
  }
  /// The whole requests seen so far; waits until there are `count`.
  std::vector<Request> requests(size_t count = 0) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, patience(), [&] { return requests_.size() >= count; });
    return requests_;
  }
  /// The first bytes of requests that never became whole.
  std::vector<std::string> fragments() const {
    const std::lock_guard lock(mutex_);
    return fragments_;
  }

 private:
  static std::chrono::seconds patience() { return std::chrono::seconds(kPatienceSeconds); }

  void accept_all() {
    for (int index = 0;; ++index) {
      const int accepted = ::accept(listener_, nullptr, nullptr);
      if (accepted < 0) return;
      {
        const std::lock_guard lock(mutex_);
        ++connections_;
      }
      changed_.notify_all();
      threads_.emplace_back([this, accepted, index] {
        Socket socket(accepted);
        {
          const std::lock_guard lock(mutex_);
          open_.push_back(&socket);
          if (stopping_) socket.hang_up();
        }
        if (before_reading_) before_reading_();
        talk(socket, index);
        {
          const std::lock_guard lock(mutex_);
          open_.remove(&socket);
        }
        socket.close();
        changed_.notify_all();
      });
    }
  }

  void talk(Socket& socket, int index) {
    std::string buffered;
    const auto more = [&] {
      const std::string piece = socket.receive();
      buffered += piece;
      return !piece.empty();
    };
    const auto end = [&] {
      const std::lock_guard lock(mutex_);
      if (!buffered.empty()) fragments_.push_back(buffered);
    };
    while (socket.is_open()) {
      size_t length = 0;
      while ((length = buffered.find("\r\n\r\n")) == std::string::npos) {
        if (!more()) return end();
      }
      Request request{.head = buffered.substr(0, length + 4), .body = {}, .connection = index};
      {
        const std::lock_guard lock(mutex_);
        ++heads_;
      }
      changed_.notify_all();
      const size_t body_at = request.head.size();
      size_t body_bytes = 0;
      if (request.field("Transfer-Encoding") == "chunked") {
        while (true) {
          const size_t line_end = buffered.find("\r\n", body_at + body_bytes);
          if (line_end == std::string::npos) {
            if (!more()) return end();
            continue;
          }
          const size_t chunk = std::strtoul(buffered.c_str() + body_at + body_bytes, nullptr, 16);
          if (chunk == 0) {
            size_t last = 0;
            while ((last = buffered.find("\r\n\r\n", line_end)) == std::string::npos) {
              if (!more()) return end();
            }
            body_bytes = last + 4 - body_at;
            break;
          }
          body_bytes = line_end + 2 + chunk + 2 - body_at;
          while (buffered.size() < body_at + body_bytes) {
            if (!more()) return end();
          }
        }
      } else if (const std::string announced = request.field("Content-Length");
                 !announced.empty()) {
        body_bytes = std::stoul(announced);
        while (buffered.size() < body_at + body_bytes) {
          if (!more()) return end();
        }
      }
      request.body = buffered.substr(body_at, body_bytes);
      buffered.erase(0, body_at + body_bytes);
      {
        const std::lock_guard lock(mutex_);
        requests_.push_back(request);
      }
      changed_.notify_all();
      behaviour_(socket, request);
    }
  }

  Behaviour behaviour_;
  std::function<void()> before_reading_;
  int listener_ = -1;
  uint16_t port_ = 0;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Request> requests_;
  std::vector<std::string> fragments_;
  std::list<const Socket*> open_;
  size_t heads_ = 0;
  size_t connections_ = 0;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
  std::thread acceptor_;
};

/// A whole answer with a length.
inline std::string answer(int status, std::string_view body) {
  return base::cat("HTTP/1.1 ", status, " Word\r\nContent-Length: ", body.size(), "\r\n\r\n", body);
}

/// A service that always answers this body with 200.
inline Service::Behaviour says(std::string body) {
  return [body](Socket& socket, const Request&) { socket.send(answer(200, body)); };
}

/// A port where nobody listens.
inline uint16_t dead_port() { return Service(says("")).port(); }

}  // namespace understudy::proxy::testing
