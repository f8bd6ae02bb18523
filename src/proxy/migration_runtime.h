#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "flags/evaluate.h"
#include "flags/snapshot_holder.h"
#include "proxy/accounting.h"
#include "proxy/migration_options.h"
#include "proxy/placement.h"
#include "proxy/pool.h"
#include "proxy/route_table.h"
#include "proxy/shadow_gate.h"

namespace understudy::proxy {

/// One migration as one worker runs it: its options with what they need at run time. Requests hold
/// it while they are under way, so that a reload never takes anything from under them.
struct MigrationRuntime {
  MigrationRuntime(net::EventLoop& loop, net::BufferPool& buffers, net::Resolver& resolver,
                   const Placement& placement, uint32_t workers)
      : options(placement.options),
        accounting(placement.accounting),
        control_health(placement.control_health),
        candidate_health(placement.candidate_health),
        routes(options->routes),
        control(loop, buffers, resolver, options->control, http::Limits::of_answers(),
                per_worker(options->control.connections_max, workers)),
        candidate(loop, buffers, resolver, options->candidate, http::Limits::of_answers(),
                  per_worker(options->candidate.connections_max, workers)),
        shadow_control(loop, buffers, resolver, options->control, http::Limits::of_answers(),
                       per_worker(placement.shadow_connections_max, workers)),
        shadow_candidate(loop, buffers, resolver, options->candidate, http::Limits::of_answers(),
                         per_worker(placement.shadow_connections_max, workers)),
        gate(options->shadow, workers),
        shadow_connections_max(placement.shadow_connections_max) {}

  /// Connections for calls that serve a client.
  Pool& pool(flags::Service service) {
    return service == flags::Service::kControl ? control : candidate;
  }
  /// Connections for shadow calls, which never take one from a client.
  Pool& shadow_pool(flags::Service service) {
    return service == flags::Service::kControl ? shadow_control : shadow_candidate;
  }

  /// Its health checks fail, so that asking it is in vain.
  bool unhealthy(flags::Service service) const {
    const auto& health = service == flags::Service::kControl ? control_health : candidate_health;
    return health != nullptr && health->unhealthy();
  }

  /// The mode of a bucket key; looks the flag up once per snapshot.
  flags::ModeDecision decide(const std::shared_ptr<const flags::FlagSnapshot>& snapshot,
                             std::string_view key) {
    if (snapshot.get() != flags_seen.get()) {
      flags_seen = snapshot;
      mode_flag = snapshot->find(options->mode_flag);
      follow_compare_flag();
    }
    return flags::evaluate_mode(*flags_seen, mode_flag, key);
  }

  const std::shared_ptr<const MigrationOptions> options;
  const std::shared_ptr<Accounting> accounting;
  const std::shared_ptr<const SideHealth> control_health;
  const std::shared_ptr<const SideHealth> candidate_health;
  const RouteTable routes;
  Pool control;
  Pool candidate;
  Pool shadow_control;
  Pool shadow_candidate;
  ShadowGate gate;
  const uint32_t shadow_connections_max;  // to each service, over all workers
  std::shared_ptr<const flags::FlagSnapshot> flags_seen;
  flags::FlagHandle mode_flag;
  /// Of each answer that is kept to be compared: as the flag says that the comparison goes by.
  uint64_t answer_bytes_max = options->shadow.answer_bytes_max;
  bool circuit_told = false;  // the log says that the circuit of this worker is open
  bool closing = false;       // the migration was removed: connections end after their request

 private:
  void follow_compare_flag();
  static uint32_t per_worker(uint32_t total, uint32_t workers) {
    return (total + workers - 1) / workers;
  }
};

}  // namespace understudy::proxy
