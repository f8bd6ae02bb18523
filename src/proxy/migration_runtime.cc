#include "proxy/migration_runtime.h"

namespace understudy::proxy {

std::string_view ShadowGate::try_enter(int64_t now_ns) {
  if (in_flight_ >= in_flight_max_) return "in_flight_max";
  if (failures_in_a_row_ >= options_.breaker_failures) {
    if (now_ns < open_until_ns_ || probing_) return "circuit_open";
    probing_ = true;
  }
  ++in_flight_;
  return {};
}

void ShadowGate::leave(Sign sign, int64_t now_ns) {
  --in_flight_;
  probing_ = false;
  if (sign == Sign::kUnknown) return;
  if (sign == Sign::kAlive) {
    failures_in_a_row_ = 0;
    return;
  }
  if (failures_in_a_row_ < options_.breaker_failures) ++failures_in_a_row_;
  if (failures_in_a_row_ >= options_.breaker_failures) {
    open_until_ns_ = now_ns + options_.breaker_open_for.count();
  }
}

}  // namespace understudy::proxy
