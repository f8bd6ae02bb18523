#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "store/sql_console.h"
#include "store/sql_process/frame_channel.h"

namespace understudy::store {

/// What a statement reads of a dataset: the SQL that makes its view, the file of what is only in
/// memory, and what must be held until the process has ended.
struct SqlProcessTable {
  std::string sql;
  Descriptor tail = Descriptor();
  std::shared_ptr<const void> kept = {};
};

struct SqlProcessOptions {
  std::string executable;  // our own
  std::uint64_t memory_bytes_max = 0;
  std::string folder;  // of the segments
};

/// Runs a statement in a process of its own (store/duckdb/sql_worker.h), which says by and by which
/// datasets it needs. Whatever it does, it is gone when this returns, and nothing of it is believed
/// but an answer within the bounds of one.
/// Failure: as SqlConsole; kLimit when it ran out of memory or crashed. Threads: any.
base::Result<SqlAnswer> run_in_process(
    const SqlProcessOptions& options, const SqlQuestion& question,
    const std::vector<std::string>& datasets,
    const std::function<base::Result<SqlProcessTable>(std::string_view dataset, int table)>& table,
    std::chrono::steady_clock::time_point deadline, const Cancellation& cancellation);

}  // namespace understudy::store
