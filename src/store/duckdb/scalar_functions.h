#pragma once

#include <duckdb.h>

#include "base/result.h"

namespace understudy::store {

/// Teaches a database our own functions on text, for which DuckDB's differ from what
/// store/expression.h says. Their names begin with understudy_. Null gives null.
base::Status add_scalar_functions(duckdb_connection connection);

}  // namespace understudy::store
