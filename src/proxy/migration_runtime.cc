#include "proxy/migration_runtime.h"

#include "base/config_yaml.h"
#include "flags/snapshot.h"

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

std::string_view ShadowGate::try_enter_noise() {
  if (noise_in_flight_ >= in_flight_max_ / 4 || in_flight_ >= in_flight_max_ / 2) {
    return "in_flight_max";
  }
  if (memory_bytes_ >= memory_bytes_max_ / 2) return "memory_bytes_max";
  ++in_flight_;
  ++noise_in_flight_;
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

void MigrationRuntime::follow_compare_flag() {
  const flags::Flag* flag = flags_seen->find_flag(options->compare_flag);
  const flags::Value* section = flag == nullptr ? nullptr : flags::value_for_all(*flag);
  if (section == nullptr) return;
  const flags::Value* bytes_max = section->find("body_bytes_max");
  if (bytes_max == nullptr) {
    answer_bytes_max = ShadowOptions().answer_bytes_max;
    return;
  }
  // What is no size leaves it as it was; the comparison stays as it was, too, and says so.
  const auto node = base::parse_yaml(flags::to_json(*bytes_max), options->compare_flag);
  if (!node.ok()) return;
  if (const auto bytes = node->as_bytes(); bytes.ok()) answer_bytes_max = *bytes;
}

}  // namespace understudy::proxy
