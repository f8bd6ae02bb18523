#pragma once

#include <cstddef>

#include "api/api.h"
#include "api/evidence_window.h"
#include "base/result.h"
#include "flags/value.h"

namespace understudy::api {

/// The errors of a migration in the window: {"total", "groups", "examples"}: groups of one side,
/// type, place and route, the largest first, each with the newest time and message when it is among
/// the newest errors; and the newest errors themselves.
base::Result<flags::Value> errors_json(const Dependencies& dependencies,
                                       const MigrationNow& migration, const EvidenceWindow& window,
                                       size_t groups_max, size_t examples_max);

}  // namespace understudy::api
