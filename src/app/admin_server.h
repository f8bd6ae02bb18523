#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <unordered_set>

#include "api/api.h"
#include "app/work_pool.h"
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
  /// Connections at once; a further one is closed as soon as it is accepted.
  size_t connections_max = 2048;
  /// Bytes of request bodies held at once; a request that would go past it gets 503.
  size_t bodies_bytes_max = size_t{128} << 20;
  /// Threads that answer requests. Queries and the disk make them wait.
  int threads = 4;
  /// Requests waiting for one of them; a further one gets 503.
  size_t queue_len_max = 256;
  net::H1ServerOptions http = default_http();

 private:
  static net::H1ServerOptions default_http();
};

/// The admin interface on the network: an event loop on its own thread reads requests and writes
/// answers, a few worker threads run Api::handle in between, so that a slow query never holds up a
/// health check's connection.
/// Failure: start() says why it cannot listen. A client that does not take an event stream is cut
/// off at the write timeout; what it did not take is merged, never queued (see api::EventStream).
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
  /// way are answered, or cuts them off after `timeout`.
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
  std::unique_ptr<net::Listener> listener_;
  std::unordered_set<Connection*> connections_;
  net::TaskScope clients_;
  size_t bodies_bytes_ = 0;
  bool draining_ = false;
  std::atomic<size_t> connection_count_{0};
  std::unique_ptr<WorkPool> pool_;
  std::thread thread_;
};

}  // namespace understudy::app
