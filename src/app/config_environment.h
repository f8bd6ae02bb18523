#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/config_node.h"
#include "base/result.h"

namespace understudy::app {

/// A variable of the environment: UNDERSTUDY_WORKERS, "2".
struct EnvironmentVariable {
  std::string name;
  std::string value;
};
/// Those of this process whose names begin with UNDERSTUDY_, but for the ones that are no part of
/// the configuration file (kOtherVariables).
std::vector<EnvironmentVariable> understudy_environment();

/// Variables that other parts of the product read: the command line's server address, and its key.
inline constexpr std::string_view kUrlVariable = "UNDERSTUDY_URL";
inline constexpr std::string_view kKeyVariable = "UNDERSTUDY_KEY";

/// The configuration with the environment over it. A variable overrides the scalar whose path,
/// upper-cased and with _ for . and -, it carries: UNDERSTUDY_ADMIN_LISTEN. A migration is
/// addressed by its name: UNDERSTUDY_MIGRATIONS_DATA_ENGINE_CANDIDATE_URL, other list items by
/// their index. Overridable are `settable` (paths that need not be in the file) and every scalar
/// that is in the file.
/// What an orchestrator injects for a service called understudy (UNDERSTUDY_SERVICE_HOST,
/// UNDERSTUDY_PORT_8081_TCP) and names no setting is left alone.
/// Failure: another variable that names nothing, with the nearest one that does; one that names two
/// scalars.
base::Result<base::ConfigNode> with_environment(
    const base::ConfigNode& root, const std::vector<std::string_view>& settable,
    const std::vector<EnvironmentVariable>& environment);

}  // namespace understudy::app
