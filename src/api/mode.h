#pragma once

#include <string_view>

#include "api/api.h"
#include "base/result.h"
#include "flags/value.h"

namespace understudy::api {

/// The mode of a migration as the API shows it: {"flag", "version", "on", "mode", "mix",
/// "changed"}; when the flag is missing or is not a mode flag, "error" says so in place of the mix.
base::Result<flags::Value> mode_json(const Dependencies& dependencies, std::string_view migration);

/// kNotFound with the nearest name when there is no such migration.
base::Status check_migration(const Dependencies& dependencies, std::string_view name);

}  // namespace understudy::api
