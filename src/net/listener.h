#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "base/result.h"
#include "net/tcp_stream.h"

namespace understudy::net {

struct ListenerOptions {
  int backlog = 4096;
  /// Several listeners (one per worker) share the port; the kernel spreads connections.
  enum class PortUse { kShared, kExclusive } port_use = PortUse::kShared;
  /// kHeld: clients can connect and wait in the backlog until begin().
  enum class Start { kAtOnce, kHeld } start = Start::kAtOnce;
};

/// Accepts TCP connections on one address for one loop.
/// Failure: open() says which address is in use or not ours. When the process is out of
/// descriptors, accepting pauses for `kPauseNs` instead of spinning.
/// Threads: the loop's.
class Listener final : private Pollable, private Timer {
 public:
  using OnConnection = std::function<void(std::unique_ptr<TcpStream>, const SocketAddress& peer)>;

  static base::Result<std::unique_ptr<Listener>> open(EventLoop& loop, const SocketAddress& address,
                                                      const ListenerOptions& options,
                                                      OnConnection on_connection);
  ~Listener() override;

  /// Accepts from now on; for a listener that was opened kHeld, once.
  base::Status begin();
  /// Hands over the connections that wait already, up to the length of their queue, and closes: who
  /// comes after that is refused. To be called once.
  void retire();

  /// The address it listens on, with the real port when 0 was asked for.
  const SocketAddress& address() const { return address_; }
  /// How often accepting had to pause because the process was out of descriptors.
  uint64_t pauses() const { return pauses_; }

 private:
  static constexpr int kAcceptsPerTurnMax = 64;
  static constexpr int64_t kPauseNs = 100'000'000;
  static constexpr int64_t kLogEveryNs = 10'000'000'000;

  Listener(EventLoop& loop, int descriptor, int backlog, OnConnection on_connection);
  void close_descriptor();
  void on_events(uint32_t events) override;
  /// False when none waits, or accepting has to pause.
  bool accept_one();
  void on_deadline() override;

  EventLoop& loop_;
  int descriptor_;
  const int backlog_;
  OnConnection on_connection_;
  SocketAddress address_;
  uint64_t pauses_ = 0;
  int64_t log_due_ns_ = 0;
};

}  // namespace understudy::net
