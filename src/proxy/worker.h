#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <unordered_set>
#include <vector>

#include "base/result.h"
#include "base/rng.h"
#include "flags/snapshot_holder.h"
#include "net/buffer.h"
#include "net/event_loop.h"
#include "net/h1_server.h"
#include "net/listener.h"
#include "net/resolver.h"
#include "net/task_scope.h"
#include "proxy/client_connections.h"
#include "proxy/exchange.h"
#include "proxy/health_checker.h"
#include "proxy/migration_runtime.h"
#include "proxy/outgoing_request.h"
#include "proxy/placement.h"
#include "proxy/proxy.h"

namespace understudy::proxy {

/// One thread of the data plane with all it needs: loop, listeners, pools, connections. Nothing in
/// it is shared with other workers but immutable snapshots and counters.
/// Threads: start, stop and the `post`ed calls from the owner; everything else on its own thread.
class Worker {
 public:
  Worker(int index, const ProxyOptions& options, const flags::SnapshotHolder& flags,
         ExchangeSink& sink);
  ~Worker();

  /// Opens a listener that holds its clients back until apply() says whose they are; the address it
  /// really has. This, apply(), give_up() and drain() on the worker's thread.
  base::Result<net::SocketAddress> open(const net::SocketAddress& address);
  /// Closes what was opened since the last apply().
  void give_up();
  /// Replaces the migrations. An address keeps its listener and its connections, whoever has it
  /// now; those of addresses that nobody has any more close.
  void apply(const std::vector<Placement>& migrations);
  void start();
  /// Runs `call` on the worker's thread and waits for it.
  void run_there(const std::function<void()>& call);
  /// Stops accepting and ends connections as their requests end.
  void drain();
  void stop_and_join();

  uint64_t connections() const { return connection_count_.load(std::memory_order_relaxed); }
  uint64_t requests_in_flight() const { return requests_.load(std::memory_order_relaxed); }
  uint64_t shadows_in_flight() const { return shadows_running_.load(std::memory_order_relaxed); }

  // For flows and shadow calls.
  net::EventLoop& loop() { return loop_; }
  base::Rng& rng() { return rng_; }
  int index() const { return index_; }
  const std::shared_ptr<const flags::FlagSnapshot>& flag_snapshot() { return flags_.get(); }
  OutgoingRequest& outgoing() { return outgoing_; }
  http::ResponseHead& outgoing_answer() { return outgoing_answer_; }
  http::ForwardScratch& answer_scratch() { return answer_scratch_; }
  net::BufferPool& buffers() { return buffers_; }
  net::TaskScope& shadows() { return shadows_; }
  void shadow_started() { shadows_running_.fetch_add(1, std::memory_order_relaxed); }
  void shadow_ended() { shadows_running_.fetch_sub(1, std::memory_order_relaxed); }
  std::unique_ptr<Exchange> new_exchange();
  /// Books the exchange and hands it to the sink, if it wants it.
  void finish(MigrationRuntime& runtime, std::unique_ptr<Exchange> exchange);

 private:
  static constexpr size_t kExchangesKeptMax = 64;
  /// Bytes that all shadow calls together read and write in one turn of the loop. Moving that many
  /// takes about as long as five requests of clients, so it is what a client may have to wait
  /// longer; and a loop with nothing else to do makes thousands of turns a second, so that shadows
  /// are not slow for it: two hundred of them still read 1 GB a second beside clients whose P50
  /// they raise from 0.15 to 0.33 ms (to 3.8 ms without this bound, on two cores and loopback).
  static constexpr size_t kShadowBytesPerTurnMax = 128 * 1024;
  /// Handshakes with clients under way at once. Beyond it new connections are closed and counted.
  static constexpr uint32_t kHandshakesMax = 1024;
  static constexpr int64_t kWarningEveryNs = 10'000'000'000;

  /// What the connections of one address follow through reloads.
  struct Entrance {
    std::shared_ptr<MigrationRuntime> runtime;
    std::shared_ptr<ClientConnections> clients;
    std::unique_ptr<net::Listener> listener;
  };
  using Entrances = std::map<std::string, std::shared_ptr<Entrance>>;  // by address
  /// Asks the services how they are, from now on those of these migrations. Who is asked already
  /// goes on being asked: a check under way ends as it began.
  void watch_health(const std::vector<Placement>& migrations);
  std::shared_ptr<MigrationRuntime> make_runtime(const Placement& migration,
                                                 const MigrationRuntime* former);
  std::shared_ptr<MigrationUse> use_of(const std::string& migration);

  /// A new connection: serves it, or turns it away when there are too many.
  void take(std::unique_ptr<net::TcpStream> stream, const net::SocketAddress& peer,
            const std::shared_ptr<Entrance>& entrance);
  base::Task<void> serve(std::unique_ptr<net::TcpStream> tcp, net::SocketAddress peer,
                         std::shared_ptr<Entrance> entrance, ClientConnections::Place place);
  base::Task<void> turn_away(std::unique_ptr<net::TcpStream> stream);
  /// Null when the client and we did not come to terms in time.
  base::Task<std::unique_ptr<net::Stream>> shake_hands(std::unique_ptr<net::TcpStream> tcp,
                                                       net::SocketAddress peer,
                                                       const MigrationOptions& options);

  const int index_;
  const ProxyOptions& options_;
  ExchangeSink& sink_;
  net::EventLoop loop_;
  net::TurnBudget shadow_turns_{loop_, kShadowBytesPerTurnMax};
  net::BufferPool buffers_;
  net::Resolver resolver_;
  base::Rng rng_;
  flags::SnapshotHolder::Reader flags_;
  OutgoingRequest outgoing_;
  http::ResponseHead outgoing_answer_;
  http::ForwardScratch answer_scratch_;
  std::vector<std::unique_ptr<Exchange>> exchanges_;
  Entrances entrances_;
  Entrances opened_;                                         // since the last apply()
  std::map<std::string, std::weak_ptr<MigrationUse>> uses_;  // by migration
  std::unordered_set<net::H1ServerConnection*> connections_;
  std::atomic<uint64_t> connection_count_{0};
  std::atomic<uint64_t> requests_{0};
  std::atomic<uint64_t> shadows_running_{0};
  std::unordered_set<net::Stream*> handshakes_;  // under way
  uint64_t handshakes_refused_ = 0;
  int64_t handshakes_warned_ns_ = 0;
  bool draining_ = false;
  // Tasks last: they use everything above.
  net::TaskScope shadows_;
  net::TaskScope clients_;
  net::TaskScope turned_away_;
  std::map<std::shared_ptr<SideHealth>, std::unique_ptr<HealthChecker>> health_checkers_;
  std::thread thread_;
};

}  // namespace understudy::proxy
