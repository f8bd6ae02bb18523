#pragma once

#include <duckdb.h>

#include <string>
#include <utility>

#include "dialect/outcome.h"

namespace flamingo::duck {

/// Owners of the C API's handles, and the two calls that every user of it makes. Included by the
/// files that talk to DuckDB, by nothing else.

inline Fault engine_fault(const char* message) {
  return {FaultKind::kInternal, "DuckDbError", message ? message : "unknown"};
}

/// Not for static storage: closing touches thread-local state of DuckDB's, which is gone by the
/// time that static objects are destroyed.
struct Database {
  duckdb_database handle = nullptr;
  Database() = default;
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;
  ~Database() { duckdb_close(&handle); }
};

class Connection {
 public:
  Connection() = default;
  explicit Connection(duckdb_connection handle) : handle_(handle) {}
  Connection(Connection&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Connection& operator=(Connection&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~Connection() {
    if (handle_ != nullptr) duckdb_disconnect(&handle_);
  }
  duckdb_connection get() const { return handle_; }

 private:
  duckdb_connection handle_ = nullptr;
};

struct Result {
  duckdb_result handle{};
  Result() = default;
  Result(const Result&) = delete;
  Result& operator=(const Result&) = delete;
  ~Result() { duckdb_destroy_result(&handle); }
};

struct Prepared {
  duckdb_prepared_statement handle = nullptr;
  Prepared() = default;
  Prepared(const Prepared&) = delete;
  Prepared& operator=(const Prepared&) = delete;
  ~Prepared() { duckdb_destroy_prepare(&handle); }
};

class Chunk {
 public:
  explicit Chunk(duckdb_data_chunk handle) : handle_(handle) {}
  Chunk(const Chunk&) = delete;
  Chunk& operator=(const Chunk&) = delete;
  ~Chunk() {
    if (handle_ != nullptr) duckdb_destroy_data_chunk(&handle_);
  }
  duckdb_data_chunk get() const { return handle_; }

 private:
  duckdb_data_chunk handle_;
};

inline Outcome<Connection> connect(duckdb_database database) {
  duckdb_connection handle = nullptr;
  if (duckdb_connect(database, &handle) != DuckDBSuccess) return engine_fault("cannot connect");
  return Connection(handle);
}

inline Done run_sql(duckdb_connection connection, const std::string& sql) {
  Result result;
  if (duckdb_query(connection, sql.c_str(), &result.handle) != DuckDBSuccess) {
    return engine_fault(duckdb_result_error(&result.handle));
  }
  return done();
}

}  // namespace flamingo::duck
