#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "net/event_loop.h"
#include "net/tcp_stream.h"

namespace understudy::net {

/// Turns host names into addresses on threads of its own, with the system's resolver (hosts file,
/// nsswitch and all), so that a slow name server never holds up a loop.
/// A question gets a thread of its own as long as there are fewer than `kThreadsMax`: one name
/// whose server is silent must not make others wait, least of all a candidate's make control's.
/// Failure: the callback gets an Error; more than `kPendingMax` questions at once are refused.
/// Threads: resolve from any; the callback runs on the loop it was asked for. The destructor does
/// not wait for a silent name server: what is under way ends by itself, without an answer.
class Resolver {
 public:
  using Addresses = std::vector<SocketAddress>;
  using Callback = std::function<void(base::Result<Addresses>)>;
  /// Blocks until it knows; called from any number of threads at once.
  using LookUp = std::function<base::Result<Addresses>(const std::string& host, uint16_t port)>;
  static constexpr size_t kPendingMax = 1024;
  static constexpr size_t kThreadsMax = 32;

  /// getaddrinfo.
  static base::Result<Addresses> system_look_up(const std::string& host, uint16_t port);

  explicit Resolver(LookUp look_up = system_look_up);
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;
  ~Resolver();

  void resolve(EventLoop& loop, std::string host, uint16_t port, Callback callback);

 private:
  struct Question {
    EventLoop* loop;
    std::string host;
    uint16_t port;
    Callback callback;
  };
  struct State;
  static void run(const std::shared_ptr<State>& state);

  std::shared_ptr<State> state_;  // outlives this object in threads that wait for a name server
};

}  // namespace understudy::net
