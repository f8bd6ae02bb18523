#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "flags/snapshot_holder.h"
#include "proxy/accounting.h"
#include "proxy/exchange.h"
#include "proxy/migration_options.h"
#include "proxy/placement.h"

namespace understudy::proxy {

class Worker;

struct ProxyOptions {
  int workers = 1;
  /// How many requests the recorder gets: all, or only those that are compared or went wrong.
  enum class Record { kAll, kComparedOnly } record = Record::kAll;
  /// File descriptors the data plane may use, all together; bounds of migrations are lowered to it.
  uint64_t descriptors_max = std::numeric_limits<uint64_t>::max();
};

/// What the data plane is doing right now, for status pages and tests.
struct ProxyActivity {
  uint64_t client_connections = 0;
  uint64_t requests_in_flight = 0;
  uint64_t shadows_in_flight = 0;
};

/// The data plane: listens for every migration, sends each request where its mode says, and hands
/// what it knows about it to the sink. Runs `workers` threads of its own.
/// Failure: start and reload open everything first and change nothing when any of it fails; the
/// Error names where the address stands in the configuration.
/// Lifetime: flags and sink must outlive it; the destructor stops without draining.
/// Threads: start, reload and stop from one thread; the other methods from any.
class Proxy {
 public:
  using Migrations = std::vector<std::shared_ptr<const MigrationOptions>>;

  Proxy(const ProxyOptions& options, const flags::SnapshotHolder& flags, ExchangeSink& sink);
  ~Proxy();

  /// Opens the listeners (migrations without `listen` are skipped) and starts the workers.
  base::Status start(const Migrations& migrations);
  /// Replaces the migrations for all later requests. Requests under way end as they began,
  /// connections stay open, listeners that stay keep their sockets.
  /// An address may go from one migration to another; its connections go with it. `before_change`
  /// runs once nothing but itself can fail any more.
  base::Status reload(const Migrations& migrations,
                      const std::function<base::Status()>& before_change = {});
  /// Stops accepting, lets requests under way end, and stops the workers; after `timeout` what is
  /// left is cut off. True when nothing had to be cut off.
  bool drain_and_stop(std::chrono::nanoseconds timeout);

  /// The port a migration listens on; 0 when it does not.
  uint16_t port(const std::string& migration) const;
  /// The books of a migration, which survive reloads; made on first use.
  std::shared_ptr<Accounting> accounting(const std::string& migration);
  ProxyActivity activity() const;
  /// The client connections of a migration; both 0 when it does not listen.
  struct Connections {
    uint64_t open = 0;
    uint64_t max = 0;
  };
  Connections connections(const std::string& migration) const;
  /// What the checks of a service say; nothing when it is not asked.
  std::optional<SideHealth::Now> health(const std::string& migration, flags::Service service) const;

 private:
  /// Finds for each migration the address that is bound already, or opens it.
  base::Result<std::vector<Placement>> place(const Migrations& migrations);
  const Placement* find_placement(const std::string& migration) const;
  std::shared_ptr<SideHealth> health_of(const MigrationOptions& migration,
                                        flags::Service service) const;
  base::Result<net::SocketAddress> open_everywhere(net::SocketAddress address);

  void stop_workers();

  const ProxyOptions options_;
  const flags::SnapshotHolder& flags_;
  ExchangeSink& sink_;
  mutable std::mutex mutex_;
  std::vector<std::unique_ptr<Worker>> workers_;  // changed under the mutex, by its only thread
  std::map<std::string, std::shared_ptr<Accounting>> accounting_;
  std::vector<Placement> placements_;  // of the migrations that listen
};

}  // namespace understudy::proxy
