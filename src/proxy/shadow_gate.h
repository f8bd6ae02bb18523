#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>

#include "proxy/circuit_breaker.h"
#include "proxy/migration_options.h"

namespace understudy::proxy {

/// What the shadow calls of a migration occupy on one worker, whichever settings they began with.
struct ShadowUse {
  uint32_t in_flight = 0;
  uint32_t noise_in_flight = 0;  // part of in_flight
  uint64_t memory_bytes = 0;
};

/// Decides whether one more shadow call may start: within the bounds of the migration, of which
/// each worker has its share, and past the worker's circuit breaker. Its settings never change; a
/// gate with others that shares the `use` counts the calls that the former one let in, so that
/// bounds hold through reloads. Threads: the loop's.
class ShadowGate {
 public:
  using Pass = CircuitBreaker::Pass;

  ShadowGate(const ShadowOptions& options, uint32_t workers, std::shared_ptr<ShadowUse> use)
      : in_flight_max_((options.in_flight_max + workers - 1) / workers),
        memory_bytes_max_(options.memory_bytes_max / workers),
        breaker_(options.breaker_failures, options.breaker_open_for),
        use_(std::move(use)) {}

  struct Entry {
    std::string_view refusal;  // empty: the call may start and counts as in flight until `leave`
    Pass pass;
  };
  Entry try_enter(int64_t now_ns);
  CircuitChange leave(Pass pass, Sign sign, int64_t now_ns);

  /// The same for a second call to control, which must not crowd out a comparison: such calls take
  /// at most a quarter of `in_flight_max`, and none starts while half of it or half of the memory
  /// is in use. They count as in flight, and say nothing about the health of the other side.
  /// Empty when the call may start, else the reason.
  std::string_view try_enter_noise();
  void leave_noise() {
    --use_->in_flight;
    --use_->noise_in_flight;
  }

  /// Takes memory from the common budget; false when it is spent.
  bool charge(uint64_t bytes) {
    if (use_->memory_bytes + bytes > memory_bytes_max_) return false;
    use_->memory_bytes += bytes;
    return true;
  }
  void refund(uint64_t bytes) { use_->memory_bytes -= bytes; }
  uint32_t in_flight() const { return use_->in_flight; }

 private:
  const uint32_t in_flight_max_;
  const uint64_t memory_bytes_max_;
  CircuitBreaker breaker_;
  const std::shared_ptr<ShadowUse> use_;
};

}  // namespace understudy::proxy
