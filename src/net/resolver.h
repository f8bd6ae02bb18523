#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/result.h"
#include "net/event_loop.h"
#include "net/tcp_stream.h"

namespace understudy::net {

/// Turns host names into addresses on a thread of its own, with the system's resolver (hosts file,
/// nsswitch and all), so that a slow name server never holds up a loop.
/// Failure: the callback gets an Error; more than `kPendingMax` questions at once are refused.
/// Threads: resolve from any; the callback runs on the loop it was asked for. Questions that wait
/// at destruction are dropped without an answer.
class Resolver {
 public:
  using Addresses = std::vector<SocketAddress>;
  using Callback = std::function<void(base::Result<Addresses>)>;
  static constexpr size_t kPendingMax = 1024;

  Resolver();
  ~Resolver();

  void resolve(EventLoop& loop, std::string host, uint16_t port, Callback callback);

 private:
  struct Question {
    EventLoop* loop;
    std::string host;
    uint16_t port;
    Callback callback;
  };
  void run();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Question> questions_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace understudy::net
