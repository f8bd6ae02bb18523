#include "proxy/descriptor_budget.h"

#include <algorithm>

#include "base/text.h"
#include "net/tcp_stream.h"
#include "proxy/client_connections.h"

namespace understudy::proxy {
namespace {

/// The descriptors of a loop, and one for a connection that was accepted and not yet looked at.
constexpr uint64_t kPerWorker = 3;
/// A look-up of a host name: a socket to the name server and an open file.
constexpr uint64_t kPerLookUp = 2;
/// Pools of a migration, each of which looks its host up by itself and rounds its share up.
constexpr uint64_t kPoolsPerMigration = 4;

/// Descriptors for that many clients and the connections made on their behalf.
uint64_t needed_for_clients(const MigrationOptions& migration, uint64_t clients) {
  return clients + std::min<uint64_t>(clients, migration.control.connections_max) +
         std::min<uint64_t>(clients, migration.candidate.connections_max);
}

uint32_t clients_within(const MigrationOptions& migration, uint64_t descriptors) {
  uint32_t low = 0;
  uint32_t high = migration.connections_max;
  while (low < high) {
    const uint32_t middle = low + (high - low + 1) / 2;
    if (needed_for_clients(migration, middle) <= descriptors) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  return low;
}

uint64_t wanted_by(const MigrationOptions& migration) {
  return needed_for_clients(migration, migration.connections_max) +
         2ull * migration.shadow.in_flight_max;
}

/// What is in use however few clients there are.
uint64_t fixed_for(const MigrationOptions& migration, uint64_t workers) {
  const bool named = !net::parse_ip_address(migration.control.url.host, 0).ok() ||
                     !net::parse_ip_address(migration.candidate.url.host, 0).ok();
  const uint64_t checks = (migration.control.health ? 1 : 0) + (migration.candidate.health ? 1 : 0);
  // A reload holds the old listener and the new one; a pool's share is rounded up on each worker.
  return workers * (2 + kPoolsPerMigration + (named ? kPoolsPerMigration * kPerLookUp : 0)) +
         checks * (1 + kPerLookUp);
}

}  // namespace

base::Result<DescriptorBudget> share_descriptors(
    uint64_t descriptors, const std::vector<std::shared_ptr<const MigrationOptions>>& migrations,
    uint32_t workers) {
  constexpr uint64_t kLeast = 8;  // one client, one shadow call to each service, and rounding
  uint64_t fixed = workers * (kPerWorker + kTurnedAwayPerWorkerMax);
  uint64_t wanted = 0;
  uint64_t listening = 0;
  for (const auto& migration : migrations) {
    if (migration->listen.empty()) continue;
    ++listening;
    fixed += fixed_for(*migration, workers);
    wanted += wanted_by(*migration);
  }
  const uint64_t least = fixed + listening * kLeast;
  if (descriptors < least) {
    return base::error(
        base::ErrorKind::kLimit,
        base::cat("the process may open too few files: ", listening, " migration",
                  listening == 1 ? "" : "s", " on ", workers, " worker", workers == 1 ? "" : "s",
                  " need at least ", least - descriptors, " more; raise the limit (ulimit -n)"));
  }
  const uint64_t available = descriptors - fixed;
  DescriptorBudget budget;
  budget.lowered = wanted > available;
  const double part = static_cast<double>(available - listening * kLeast) /
                      static_cast<double>(std::max<uint64_t>(wanted, 1));
  for (const auto& migration : migrations) {
    DescriptorShare share;
    if (!budget.lowered) {
      share = {.clients_max = migration->connections_max,
               .shadow_connections_max = migration->shadow.in_flight_max};
    } else if (!migration->listen.empty()) {
      const auto own =
          kLeast + static_cast<uint64_t>(part * static_cast<double>(wanted_by(*migration)));
      share.shadow_connections_max = static_cast<uint32_t>(
          std::min<uint64_t>(migration->shadow.in_flight_max, std::max<uint64_t>(own / 8, 1)));
      share.clients_max = clients_within(*migration, own - 2ull * share.shadow_connections_max);
    }
    budget.shares.push_back(share);
  }
  return budget;
}

}  // namespace understudy::proxy
