#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <unordered_set>

#include "api/api.h"
#include "app/connection_slots.h"
#include "app/work_pool.h"
#include "base/clock.h"
#include "base/result.h"
#include "http/date.h"
#include "net/buffer.h"
#include "net/event_loop.h"
#include "net/h1_server.h"
#include "net/listener.h"
#include "net/task_scope.h"

namespace understudy::app {

struct AdminServerOptions {
  std::string listen = "127.0.0.1:8081";
  /// Connections at once; a further one takes the place of one that is idle (ConnectionSlots).
  size_t connections_max = 2048;
  /// Of one client address, loopback too: far above what a person, an agent or a proxy opens.
  size_t connections_per_address_max = 256;
  /// A body up to here always finds room, whatever else is under way, so that a mode can be
  /// changed: connections_max of them, 32 MiB, are at most held beside bodies_bytes_max.
  size_t small_body_bytes = size_t{16} << 10;
  /// Bytes of larger request bodies held at once; a request that would go past it gets 503.
  size_t bodies_bytes_max = size_t{96} << 20;
  /// Threads that answer requests. The disk makes them wait.
  int threads = 4;
  /// Threads that answer requests which ask the event store: apart, so that no number of slow
  /// queries holds up a change of a mode or the intake, and at a low priority.
  int query_threads = 4;
  /// Requests waiting for one of either; a further one gets 503.
  size_t queue_len_max = 256;
  net::H1ServerOptions http = default_http();
  const base::Clock* clock = &base::system_clock();

  /// From a new connection to the end of its first request's head.
  static constexpr std::chrono::seconds kFirstRequestTimeout{5};
  /// From the end of a head to the last byte of its body, also one that comes byte by byte. Past
  /// it: 408, and its bytes are free for others.
  static constexpr std::chrono::seconds kBodyTimeout{30};

 private:
  static net::H1ServerOptions default_http();
};

/// The admin interface on the network: an event loop on its own thread reads requests and writes
/// answers, a few worker threads run Api::handle in between, so that a slow query never holds up a
/// health check's connection; nor a change of a mode, as queries have threads of their own.
/// When a client closes its side before it is answered, the request's cancellation is cancelled.
/// Failure: start() says why it cannot listen. A client that does not take an event stream is cut
/// off at the write timeout; what it did not take is merged, never queued (see api::EventStream).
/// Trust: what the head alone can say (Host, Origin, key, type, length) is said before a byte of
/// the body is taken, and clients that hold connections or bodies without end keep nobody else out.
/// Lifetime: the api must outlive it; the destructor stops it.
/// Threads: start and stop from the owner.
class AdminServer {
 public:
  static base::Result<std::unique_ptr<AdminServer>> start(api::Api& api,
                                                          AdminServerOptions options);
  ~AdminServer();
  AdminServer(const AdminServer&) = delete;
  AdminServer& operator=(const AdminServer&) = delete;

  /// "127.0.0.1:8081", with the real port when 0 was asked for.
  const std::string& address() const { return address_; }

  /// Stops accepting, ends idle connections and event streams, and waits until the requests under
  /// way are answered, or cancels their queries and cuts them off after `timeout`.
  void stop(std::chrono::nanoseconds timeout);

 private:
  class Connection;

  AdminServer(api::Api& api, AdminServerOptions options);
  base::Status listen();
  void run();
  base::Task<void> serve(std::unique_ptr<net::TcpStream> stream, std::string client_address);

  api::Api& api_;
  const AdminServerOptions options_;
  std::string address_;
  net::EventLoop loop_;
  net::BufferPool buffers_;
  http::DateCache date_;
  ConnectionSlots slots_;
  std::unique_ptr<net::Listener> listener_;
  std::unordered_set<Connection*> connections_;
  net::TaskScope clients_;
  size_t bodies_bytes_ = 0;
  bool draining_ = false;
  std::atomic<size_t> connection_count_{0};
  std::unique_ptr<WorkPool> pool_;
  std::unique_ptr<WorkPool> query_pool_;
  std::thread thread_;
};

}  // namespace understudy::app
