#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "flags/evaluate.h"
#include "flags/snapshot_holder.h"
#include "proxy/accounting.h"
#include "proxy/migration_options.h"
#include "proxy/pool.h"
#include "proxy/route_table.h"

namespace understudy::proxy {

/// Decides whether one more shadow call may start, and keeps the circuit breaker: after
/// `breaker_failures` calls in a row that got no answer, none is tried for `breaker_open_for`, then
/// one, whose outcome decides. Threads: the loop's.
class ShadowGate {
 public:
  ShadowGate(const ShadowOptions& options, uint32_t workers)
      : options_(options),
        in_flight_max_((options.in_flight_max + workers - 1) / workers),
        memory_bytes_max_(options.memory_bytes_max / workers) {}

  /// Empty when the call may start (it then counts as in flight until `leave`), else the reason.
  std::string_view try_enter(int64_t now_ns);
  /// What a call that ends says about the health of the service.
  enum class Sign {
    kAlive,    // it answered
    kSilent,   // no answer came: the breaker counts those
    kUnknown,  // we gave up before anybody could say
  };
  void leave(Sign sign, int64_t now_ns);

  /// The same for a second call to control, which must not crowd out a comparison: such calls take
  /// at most a quarter of `in_flight_max`, and none starts while half of it or half of the memory
  /// is in use. They count as in flight, and say nothing about the health of the other side.
  std::string_view try_enter_noise();
  void leave_noise() {
    --in_flight_;
    --noise_in_flight_;
  }

  /// Takes memory from the common budget; false when it is spent.
  bool charge(uint64_t bytes) {
    if (memory_bytes_ + bytes > memory_bytes_max_) return false;
    memory_bytes_ += bytes;
    return true;
  }
  void refund(uint64_t bytes) { memory_bytes_ -= bytes; }
  uint32_t in_flight() const { return in_flight_; }

 private:
  const ShadowOptions& options_;
  const uint32_t in_flight_max_;
  const uint64_t memory_bytes_max_;
  uint32_t in_flight_ = 0;
  uint32_t noise_in_flight_ = 0;  // part of in_flight_
  uint64_t memory_bytes_ = 0;
  uint32_t failures_in_a_row_ = 0;
  int64_t open_until_ns_ = 0;
  bool probing_ = false;
};

/// One migration as one worker runs it: its options with what they need at run time. Requests hold
/// it while they are under way, so that a reload never takes anything from under them.
struct MigrationRuntime {
  MigrationRuntime(net::EventLoop& loop, net::BufferPool& buffers, net::Resolver& resolver,
                   std::shared_ptr<const MigrationOptions> with, std::shared_ptr<Accounting> books,
                   uint32_t workers)
      : options(std::move(with)),
        accounting(std::move(books)),
        routes(options->routes),
        control(loop, buffers, resolver, options->control, http::Limits::of_answers(),
                per_worker(options->control.connections_max, workers)),
        candidate(loop, buffers, resolver, options->candidate, http::Limits::of_answers(),
                  per_worker(options->candidate.connections_max, workers)),
        shadow_control(loop, buffers, resolver, options->control, http::Limits::of_answers(),
                       per_worker(options->shadow.in_flight_max, workers)),
        shadow_candidate(loop, buffers, resolver, options->candidate, http::Limits::of_answers(),
                         per_worker(options->shadow.in_flight_max, workers)),
        gate(options->shadow, workers) {}

  /// Connections for calls that serve a client.
  Pool& pool(flags::Service service) {
    return service == flags::Service::kControl ? control : candidate;
  }
  /// Connections for shadow calls, which never take one from a client.
  Pool& shadow_pool(flags::Service service) {
    return service == flags::Service::kControl ? shadow_control : shadow_candidate;
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
  const RouteTable routes;
  Pool control;
  Pool candidate;
  Pool shadow_control;
  Pool shadow_candidate;
  ShadowGate gate;
  std::shared_ptr<const flags::FlagSnapshot> flags_seen;
  flags::FlagHandle mode_flag;
  /// Of each answer that is kept to be compared: as the flag says that the comparison goes by.
  uint64_t answer_bytes_max = options->shadow.answer_bytes_max;
  bool closing = false;  // the migration was removed: connections end after their request

 private:
  void follow_compare_flag();
  static uint32_t per_worker(uint32_t total, uint32_t workers) {
    return (total + workers - 1) / workers;
  }
};

}  // namespace understudy::proxy
