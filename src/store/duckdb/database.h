#pragma once

#include <duckdb.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "event/value.h"
#include "store/cancellation.h"

/// DuckDB's C API with owners and errors as values. Included in this folder only.
namespace understudy::store {

/// Text for DuckDB to run and the values of its parameters $1, $2, ... The text is made by us from
/// our own words and numbers; whatever a user typed is a parameter.
struct Sql {
  std::string text = {};
  std::vector<event::Value> parameters = {};
};

/// All rows of an answer, in chunks. Threads: one at a time.
class QueryRows {
 public:
  explicit QueryRows(duckdb_result result) : result_(result) {}
  QueryRows(QueryRows&& other) noexcept
      : result_(std::exchange(other.result_, duckdb_result{})),
        chunk_(std::exchange(other.chunk_, nullptr)),
        chunk_rows_(other.chunk_rows_),
        row_(other.row_) {}
  QueryRows& operator=(QueryRows&&) = delete;
  ~QueryRows();

  /// Moves to the next row; false at the end.
  bool next();
  /// Of a stream, after `next` said false: whether that was not the end.
  bool failed() { return duckdb_result_error(&result_) != nullptr; }
  /// Of the current row. The type must be the column's.
  bool is_null(std::size_t column) const;
  bool boolean(std::size_t column) const { return data<bool>(column); }
  std::int64_t bigint(std::size_t column) const { return data<std::int64_t>(column); }
  double number(std::size_t column) const { return data<double>(column); }
  duckdb_hugeint hugeint(std::size_t column) const { return data<duckdb_hugeint>(column); }
  std::string_view text(std::size_t column) const;

 private:
  template <class T>
  const T& data(std::size_t column) const {
    return static_cast<const T*>(
        duckdb_vector_get_data(duckdb_data_chunk_get_vector(chunk_, column)))[row_];
  }

  duckdb_result result_;
  duckdb_data_chunk chunk_ = nullptr;
  idx_t chunk_rows_ = 0;
  idx_t row_ = 0;
};

/// One connection. Threads: one at a time.
class Connection {
 public:
  explicit Connection(duckdb_connection connection) : connection_(connection) {}
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection() { duckdb_disconnect(&connection_); }

  base::Status run(const std::string& text);
  /// Runs to the end or until `deadline` (then kTimeout) or until it is cancelled (then
  /// kCancelled); after either the connection is of no further use. kLimit when DuckDB's memory is
  /// used up.
  base::Result<QueryRows> query(const Sql& sql, std::chrono::steady_clock::time_point deadline,
                                const Cancellation& cancellation = {});
  /// Runs it while its rows are read, in their order; whoever reads must ask `failed` at the end.
  base::Result<QueryRows> stream(const std::string& text);
  duckdb_connection get() const { return connection_; }

 private:
  duckdb_connection connection_;
};

struct DatabaseOptions {
  std::uint64_t memory_bytes_max = 0;
  int threads = 1;
  std::string folder = {};              // the only one whose files it can reach; empty: none
  std::vector<std::string> files = {};  // paths of further files it can reach
};

/// An in-memory database that can reach no file outside one folder, load no extension and change no
/// setting. Its own threads run at a low priority: they give way to those that answer clients and
/// take events in. Threads: `connect` and `release` from any.
class Database {
 public:
  static base::Result<std::unique_ptr<Database>> open(const DatabaseOptions& options);
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;
  ~Database();

  /// A connection nobody else uses; give it back with `release` to have it used again.
  base::Result<std::unique_ptr<Connection>> connect();
  void release(std::unique_ptr<Connection> connection);

 private:
  explicit Database(duckdb_database database) : database_(database) {}
  base::Status configure(const DatabaseOptions& options);

  duckdb_database database_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Connection>> idle_;
};

}  // namespace understudy::store
