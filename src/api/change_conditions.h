#pragma once

#include <cstdint>
#include <optional>

#include "api/call.h"
#include "base/result.h"
#include "state/state_store.h"

namespace understudy::api {

/// The version that what is changed must have: `expected_version` as parameter, or If-Match with
/// the ETag that GET gave.
base::Result<std::optional<int64_t>> expected_version(const Call& call);
/// Who changes it, and the parameter `comment`.
state::Change change_of(const Call& call);

}  // namespace understudy::api
