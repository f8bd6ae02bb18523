#pragma once

struct sqlite3;

namespace flamingo {

/// Adds what the dialect needs and SQLite has not: flamingo_bin(x, step),
/// flamingo_time_unit(unix_ms, unit), flamingo_median(x) and flamingo_stdev(x).
/// Null in, null out; the aggregates skip nulls.
/// False when SQLite refuses one.
bool add_functions(sqlite3* connection);

}  // namespace flamingo
