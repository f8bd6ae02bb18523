#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "store/duckdb/database.h"
#include "store/sql_console.h"

namespace understudy::store {

/// The SQL that makes the view of a dataset, and what must be held while it is used.
struct SqlTable {
  std::string sql;
  std::shared_ptr<const void> kept = {};
};

/// Where the console finds the datasets.
struct SqlDatasets {
  std::function<std::vector<std::string>()> names;
  std::function<base::Result<SqlTable>(const std::string& dataset)> table;
};

/// A SELECT of a person, held off from all else three times over: by a check of the tree that
/// DuckDB's parser makes of it (sql_guard.h), by the type of the prepared statement, and by a
/// database of its own, which holds nothing, may open files in the folder of the segments only,
/// cannot change its settings, and has memory and a thread of its own. What is run is our SELECT
/// around the person's, which bounds the rows and makes columns of few types.
/// A dataset's table has "time" (TIMESTAMP_NS, UTC), "sample_rate" and a column for each of its
/// columns; one of several types has a column "name:type" for each of them.
/// Lifetime: what `datasets` reads outlives it. Threads: any.
class DuckDbSqlConsole {
 public:
  struct Options {
    std::uint64_t memory_bytes_max = 256U << 20;
    std::string folder = {};              // of the segments
    std::vector<std::string> files = {};  // that may be opened besides
  };
  static base::Result<std::unique_ptr<DuckDbSqlConsole>> open(const Options& options,
                                                              SqlDatasets datasets);
  /// For functions that the SQL of the tables uses.
  Database& database() { return *database_; }

  base::Result<SqlAnswer> run(const SqlQuestion& question,
                              std::chrono::steady_clock::time_point deadline,
                              const Cancellation& cancellation);

 private:
  DuckDbSqlConsole(std::unique_ptr<Database> database, SqlDatasets datasets)
      : database_(std::move(database)), datasets_(std::move(datasets)) {}
  base::Result<std::vector<std::string>> datasets_of(Connection& connection,
                                                     const std::string& text,
                                                     std::chrono::steady_clock::time_point deadline,
                                                     const Cancellation& cancellation) const;

  const std::unique_ptr<Database> database_;
  const SqlDatasets datasets_;
};

}  // namespace understudy::store
