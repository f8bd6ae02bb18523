#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/task.h"
#include "net/buffer.h"
#include "net/h1_client.h"
#include "net/resolver.h"
#include "net/tcp_stream.h"
#include "net/tls_context.h"
#include "net/turn_budget.h"
#include "proxy/migration_options.h"

namespace understudy::proxy {

class Pool;

/// A connection on loan from a pool, counted there until it is gone.
class PooledConnection final : private net::CloseWatcher, private net::Timer {
 public:
  PooledConnection(Pool& pool, std::unique_ptr<net::Stream> stream);
  ~PooledConnection() override;

  net::H1ClientConnection& http() { return http_; }

 private:
  friend class Pool;
  void on_peer_closed() override;
  void on_deadline() override;

  Pool& pool_;
  net::H1ClientConnection http_;
};

/// Why a pool had no connection to give.
struct AcquireResult {
  std::unique_ptr<PooledConnection> connection;  // null: see the rest
  net::StreamError error = net::StreamError::kNone;
  bool full = false;  // connections_max is reached
  std::string detail;
};

/// What a pool has in common with others.
struct PoolShares {
  /// Connections that are open or being opened: pools that share the count share the bound on it,
  /// each with its own idea of how high that is. Null: its own.
  std::shared_ptr<uint32_t> connections;
  /// What its connections read and write counts towards. Null: they have their turns to themselves.
  net::TurnBudget* turns = nullptr;
};

/// Connections of one worker to one service, used again in last-in-first-out order, so that under
/// light load few stay open. A host with several addresses is tried in turn from the last that
/// worked; one that failed is left alone for `kShunnedNs` as long as another answers. A service
/// behind TLS is one whose certificate was found good before a byte is sent; its session is resumed
/// by the next connection. A connection that closes or speaks while idle is dropped, never lent.
/// Lifetime: outlives its connections. Threads: the loop's.
class Pool {
 public:
  Pool(net::EventLoop& loop, net::BufferPool& buffers, net::Resolver& resolver, SideOptions side,
       const http::Limits& limits, uint32_t connections_max, PoolShares shares = {});
  ~Pool();

  /// A connection that can be used at once, or null.
  std::unique_ptr<PooledConnection> take_idle();
  /// A new connection, by `deadline_ns` (steady) or the connect timeout, whichever comes first;
  /// the handshake of TLS is part of it.
  base::Task<AcquireResult> connect(int64_t deadline_ns);
  /// Keeps the connection for the next request if it can be used again, else closes it.
  void give_back(std::unique_ptr<PooledConnection> connection);

  const SideOptions& side() const { return side_; }
  uint32_t connections_max() const { return connections_max_; }
  /// Nobody comes after those who use it now: closes what is idle, and what is given back.
  void retire();

 private:
  friend class PooledConnection;
  static constexpr int64_t kAddressesFreshNs = 30'000'000'000;
  static constexpr int64_t kShunnedNs = 60'000'000'000;

  struct Resolution;
  base::Task<net::StreamError> resolve(int64_t deadline_ns, std::string& detail);
  /// The addresses as they are to be tried: those that failed of late come last.
  std::vector<net::SocketAddress> in_turn();
  void worked(const net::SocketAddress& address);
  void failed(const net::SocketAddress& address);
  /// Fills in the connection, or the error.
  base::Task<void> connect_to(net::SocketAddress address, int64_t deadline_ns,
                              AcquireResult& result);
  void drop_idle(PooledConnection* connection);

  net::EventLoop& loop_;
  net::BufferPool& buffers_;
  net::Resolver& resolver_;
  const SideOptions side_;
  const http::Limits limits_;
  const uint32_t connections_max_;
  const std::shared_ptr<uint32_t> connections_;
  net::TurnBudget* const turns_;
  net::TlsSession tls_session_;
  bool retired_ = false;
  std::vector<std::unique_ptr<PooledConnection>> idle_;
  std::vector<net::SocketAddress> addresses_;
  bool literal_address_ = false;
  int64_t resolved_ns_ = 0;
  size_t address_index_ = 0;
  std::map<std::string, int64_t> shunned_until_ns_;  // by address; empty while all work
  std::shared_ptr<Resolution> resolution_;
};

}  // namespace understudy::proxy
