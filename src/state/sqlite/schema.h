#pragma once

#include <cstdint>

#include "base/result.h"
#include "state/sqlite/connection.h"

namespace understudy::state {

/// The schema version this program writes.
int schema_version();

/// The schema version of an open file, 0 when it is new. Refuses a file of another application and
/// one with a newer schema; both stay untouched.
base::Result<int64_t> check_identity(Connection& connection);

/// Brings an open file to schema_version(), step by step, each in its own transaction, so that a
/// crash between two steps leaves a file that opens again.
base::Status migrate(Connection& connection);

}  // namespace understudy::state
