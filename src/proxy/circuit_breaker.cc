#include "proxy/circuit_breaker.h"

namespace understudy::proxy {

std::optional<CircuitBreaker::Pass> CircuitBreaker::admit(int64_t now_ns) {
  switch (state_) {
    case State::kClosed:
      break;
    case State::kOpen:
      if (now_ns < open_until_ns_) return std::nullopt;
      enter(State::kProbing);
      break;
    case State::kProbing:
      return std::nullopt;
  }
  Pass pass;
  pass.era = era_;
  return pass;
}

CircuitChange CircuitBreaker::report(Pass pass, Sign sign, int64_t now_ns) {
  if (pass.era != era_) return CircuitChange::kNone;
  switch (sign) {
    case Sign::kAlive:
      failures_in_a_row_ = 0;
      if (state_ == State::kProbing) {
        enter(State::kClosed);
        return CircuitChange::kClosed;
      }
      break;
    case Sign::kSilent:
      if (state_ == State::kProbing) {
        open(now_ns);
        return CircuitChange::kStillOpen;
      }
      if (++failures_in_a_row_ >= failures_max_) {
        open(now_ns);
        return CircuitChange::kOpened;
      }
      break;
    case Sign::kUnknown:
      // Its time has passed already, so the next call is the next probe.
      if (state_ == State::kProbing) enter(State::kOpen);
      break;
  }
  return CircuitChange::kNone;
}

void CircuitBreaker::open(int64_t now_ns) {
  enter(State::kOpen);
  open_until_ns_ = now_ns + open_for_ns_;
}

void CircuitBreaker::enter(State state) {
  state_ = state;
  ++era_;
}

}  // namespace understudy::proxy
