#include "proxy/shadow_gate.h"

namespace understudy::proxy {

ShadowGate::Entry ShadowGate::try_enter(int64_t now_ns) {
  if (use_->in_flight >= in_flight_max_) return {.refusal = "in_flight_max", .pass = {}};
  const auto pass = breaker_.admit(now_ns);
  if (!pass) return {.refusal = "circuit_open", .pass = {}};
  ++use_->in_flight;
  return {.refusal = {}, .pass = *pass};
}

std::string_view ShadowGate::try_enter_noise() {
  if (use_->noise_in_flight >= in_flight_max_ / 4 || use_->in_flight >= in_flight_max_ / 2) {
    return "in_flight_max";
  }
  if (use_->memory_bytes >= memory_bytes_max_ / 2) return "memory_bytes_max";
  ++use_->in_flight;
  ++use_->noise_in_flight;
  return {};
}

CircuitChange ShadowGate::leave(Pass pass, Sign sign, int64_t now_ns) {
  --use_->in_flight;
  return breaker_.report(pass, sign, now_ns);
}

}  // namespace understudy::proxy
