#pragma once

#include <array>
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

/// What a migration occupies on one worker through all reloads: its bounds hold for the sum of what
/// began under any of its settings.
struct MigrationUse {
  ShadowUse shadows;
  uint32_t control_connections = 0;
  uint32_t candidate_connections = 0;
  uint32_t shadow_control_connections = 0;
  uint32_t shadow_candidate_connections = 0;
};

/// What the runtimes of one worker work with.
struct WorkerResources {
  net::EventLoop& loop;
  net::BufferPool& buffers;
  net::Resolver& resolver;
  net::TurnBudget& shadow_turns;
  uint32_t workers;
};

/// One migration as one worker runs it: its options with what they need at run time. Requests hold
/// it while they are under way, so that a reload never takes anything from under them.
struct MigrationRuntime {
  /// `former` is what the migration ran as before the reload, or null: a pool whose service is
  /// called as before goes on with its connections.
  MigrationRuntime(const WorkerResources& worker, const Placement& placement,
                   const std::shared_ptr<MigrationUse>& use, const MigrationRuntime* former)
      : options(placement.options),
        accounting(placement.accounting),
        control_health(placement.control_health),
        candidate_health(placement.candidate_health),
        routes(options->routes),
        control(pool_for(worker, options->control, options->control.connections_max,
                         {.connections = {use, &use->control_connections}},
                         former == nullptr ? nullptr : former->control)),
        candidate(pool_for(worker, options->candidate, options->candidate.connections_max,
                           {.connections = {use, &use->candidate_connections}},
                           former == nullptr ? nullptr : former->candidate)),
        shadow_control(pool_for(
            worker, options->control, placement.shadow_connections_max,
            {.connections = {use, &use->shadow_control_connections}, .turns = &worker.shadow_turns},
            former == nullptr ? nullptr : former->shadow_control)),
        shadow_candidate(pool_for(worker, options->candidate, placement.shadow_connections_max,
                                  {.connections = {use, &use->shadow_candidate_connections},
                                   .turns = &worker.shadow_turns},
                                  former == nullptr ? nullptr : former->shadow_candidate)),
        gate(options->shadow, worker.workers, {use, &use->shadows}),
        shadow_connections_max(placement.shadow_connections_max) {}

  /// Connections for calls that serve a client.
  Pool& pool(flags::Service service) {
    return service == flags::Service::kControl ? *control : *candidate;
  }
  /// Connections for shadow calls, which never take one from a client.
  Pool& shadow_pool(flags::Service service) {
    return service == flags::Service::kControl ? *shadow_control : *shadow_candidate;
  }
  /// Requests under way are the last; what `successor` (null: nobody) did not take over of the
  /// pools is not kept for more.
  void retire(const MigrationRuntime* successor);

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
  const std::shared_ptr<Pool> control;
  const std::shared_ptr<Pool> candidate;
  const std::shared_ptr<Pool> shadow_control;
  const std::shared_ptr<Pool> shadow_candidate;
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
  /// The former pool when the service is called as before, else a new one.
  static std::shared_ptr<Pool> pool_for(const WorkerResources& worker, const SideOptions& side,
                                        uint32_t connections_max, PoolShares shares,
                                        const std::shared_ptr<Pool>& former);
};

}  // namespace understudy::proxy
