#pragma once

// Inside of state/sqlite.

#include <memory>

#include "base/result.h"
#include "state/sqlite/connection.h"
#include "state/sqlite/sqlite_state_store.h"

namespace understudy::state {

/// A connection to the file, which is made, configured and migrated as needed. Failure: see
/// SqliteStateStore.
base::Result<std::unique_ptr<Connection>> open_file(const SqliteOptions& options);

}  // namespace understudy::state
