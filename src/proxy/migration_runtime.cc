#include "proxy/migration_runtime.h"

#include <utility>

#include "base/config_yaml.h"
#include "flags/snapshot.h"

namespace understudy::proxy {

std::shared_ptr<Pool> MigrationRuntime::pool_for(const WorkerResources& worker,
                                                 const SideOptions& side, uint32_t connections_max,
                                                 PoolShares shares,
                                                 const std::shared_ptr<Pool>& former) {
  const uint32_t share = (connections_max + worker.workers - 1) / worker.workers;
  const bool goes_on =
      former != nullptr && former->connections_max() == share && same_service(former->side(), side);
  if (goes_on) return former;
  return std::make_shared<Pool>(worker.loop, worker.buffers, worker.resolver, side,
                                http::Limits::of_answers(), share, std::move(shares));
}

void MigrationRuntime::retire(const MigrationRuntime* successor) {
  for (const auto pool : {&MigrationRuntime::control, &MigrationRuntime::candidate,
                          &MigrationRuntime::shadow_control, &MigrationRuntime::shadow_candidate}) {
    if (successor == nullptr || successor->*pool != this->*pool) (this->*pool)->retire();
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
