#include "proxy/migration_runtime.h"

#include "base/config_yaml.h"
#include "flags/snapshot.h"

namespace understudy::proxy {

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
