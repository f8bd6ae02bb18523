#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace understudy::proxy {

/// What a call that ends says about the health of the service.
enum class Sign {
  kAlive,    // it answered
  kSilent,   // no answer came
  kUnknown,  // we gave up before anybody could say
};

/// What the end of a call did to the circuit.
enum class CircuitChange {
  kNone,
  kOpened,
  kStillOpen,  // a probe found the service silent as before
  kClosed,
};

/// Spares a service that gives no answers: after `failures` silent calls in a row it opens and none
/// is admitted for `open_for`; then exactly one, the probe, whose outcome decides. A probe that
/// ends undecided makes room for the next one. Only calls admitted since the last change of state
/// count. What was under way when it opened says nothing about now: neither its late answer nor its
/// late silence. Threads: the loop's. Cost: no allocation.
class CircuitBreaker {
 public:
  /// What a call was admitted with and is reported with.
  class Pass {
    friend class CircuitBreaker;
    uint64_t era = 0;
  };

  CircuitBreaker(uint32_t failures, std::chrono::nanoseconds open_for)
      : failures_max_(failures), open_for_ns_(open_for.count()) {}

  /// Nothing when the call may not be made. Otherwise each pass is to be reported exactly once.
  std::optional<Pass> admit(int64_t now_ns);
  CircuitChange report(Pass pass, Sign sign, int64_t now_ns);

 private:
  enum class State {
    kClosed,   // every call is admitted
    kOpen,     // none is until `open_until_ns_`, then the probe
    kProbing,  // none is until the probe is reported
  };
  void enter(State state);
  void open(int64_t now_ns);

  const uint32_t failures_max_;
  const int64_t open_for_ns_;
  State state_ = State::kClosed;
  uint64_t era_ = 0;  // grows with every change of state
  uint32_t failures_in_a_row_ = 0;
  int64_t open_until_ns_ = 0;
};

}  // namespace understudy::proxy
