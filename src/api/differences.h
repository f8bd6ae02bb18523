#pragma once

#include <cstddef>

#include "api/api.h"
#include "api/evidence_window.h"
#include "api/noise.h"
#include "base/result.h"
#include "flags/value.h"

namespace understudy::api {

/// The differences of a migration, grouped by cause: {"source", "total", "ungrouped", "groups",
/// "rules", "window_reason"}, the `groups_max` largest groups. They come from the stored events of
/// the window, which hold what every process reported: where it has none, there are none. Only when
/// the store cannot answer they come from this process's memory, and "fallback" says why.
/// A group at a place where control differs from itself says so and offers to ignore it.
base::Result<flags::Value> differences_json(const Dependencies& dependencies,
                                            const MigrationNow& migration,
                                            const EvidenceWindow& window, const NoiseSeen& noise,
                                            size_t groups_max);

}  // namespace understudy::api
