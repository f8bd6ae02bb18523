#include "proxy/shadow_gate.h"

namespace understudy::proxy {

ShadowGate::Entry ShadowGate::try_enter(int64_t now_ns) {
  if (in_flight_ >= in_flight_max_) return {.refusal = "in_flight_max", .pass = {}};
  const auto pass = breaker_.admit(now_ns);
  if (!pass) return {.refusal = "circuit_open", .pass = {}};
  ++in_flight_;
  return {.refusal = {}, .pass = *pass};
}

std::string_view ShadowGate::try_enter_noise() {
  if (noise_in_flight_ >= in_flight_max_ / 4 || in_flight_ >= in_flight_max_ / 2) {
    return "in_flight_max";
  }
  if (memory_bytes_ >= memory_bytes_max_ / 2) return "memory_bytes_max";
  ++in_flight_;
  ++noise_in_flight_;
  return {};
}

CircuitChange ShadowGate::leave(Pass pass, Sign sign, int64_t now_ns) {
  --in_flight_;
  return breaker_.report(pass, sign, now_ns);
}

}  // namespace understudy::proxy
