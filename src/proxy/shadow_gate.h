#pragma once

#include <cstdint>
#include <string_view>

#include "proxy/circuit_breaker.h"
#include "proxy/migration_options.h"

namespace understudy::proxy {

/// Decides whether one more shadow call may start: within the bounds of the migration, of which
/// each worker has its share, and past the worker's circuit breaker. Threads: the loop's.
class ShadowGate {
 public:
  using Pass = CircuitBreaker::Pass;

  ShadowGate(const ShadowOptions& options, uint32_t workers)
      : in_flight_max_((options.in_flight_max + workers - 1) / workers),
        memory_bytes_max_(options.memory_bytes_max / workers),
        breaker_(options.breaker_failures, options.breaker_open_for) {}

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
  const uint32_t in_flight_max_;
  const uint64_t memory_bytes_max_;
  CircuitBreaker breaker_;
  uint32_t in_flight_ = 0;
  uint32_t noise_in_flight_ = 0;  // part of in_flight_
  uint64_t memory_bytes_ = 0;
};

}  // namespace understudy::proxy
