#pragma once

// Inside of state/sqlite: the only code that knows SQLite's C API.

#include <sqlite3.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace understudy::state {

class Connection;

/// A prepared statement. Bind, step through its rows, reset; reused for as long as its connection.
/// Column numbers start at 0, as in SQLite. Threads: one at a time.
class Statement {
 public:
  /// Starts over with these parameters, in the order of their question marks.
  template <class... Args>
  base::Status bind(const Args&... args) {
    reset();
    int index = 0;
    int code = SQLITE_OK;
    ((code = code == SQLITE_OK ? bind_one(++index, args) : code), ...);
    return status(code);
  }
  /// True when there is a row, false at the end.
  base::Result<bool> step();
  /// Runs a statement without rows to its end.
  base::Status run();
  void reset();

  int64_t integer(int column) const;
  std::optional<int64_t> optional_integer(int column) const;
  std::string text(int column) const;

 private:
  friend class Connection;
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  Statement(const Connection& connection, sqlite3_stmt* statement)
      : connection_(&connection), statement_(statement) {}

  int bind_one(int index, int64_t value);
  int bind_one(int index, std::optional<int64_t> value);
  int bind_one(int index, std::string_view text);
  base::Status status(int code) const;

  const Connection* connection_;
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

/// An open file. Errors name it and say what a person can do. Threads: one at a time.
class Connection {
 public:
  static base::Result<std::unique_ptr<Connection>> open(const std::string& path,
                                                        std::chrono::milliseconds busy_timeout);

  /// Runs SQL without parameters and without rows. Only ever our own text.
  base::Status execute(const char* sql);
  base::Result<Statement> prepare(std::string_view sql) const;
  /// The one integer a query returns; 0 when it returns no row.
  base::Result<int64_t> query_integer(std::string_view sql) const;

  bool in_transaction() const { return sqlite3_get_autocommit(handle_.get()) == 0; }
  int64_t last_id() const { return sqlite3_last_insert_rowid(handle_.get()); }
  const std::string& path() const { return path_; }
  base::Error error_of(int code) const;

 private:
  struct Close {
    void operator()(sqlite3* handle) const { sqlite3_close_v2(handle); }
  };
  Connection(std::string path, sqlite3* handle, std::chrono::milliseconds busy_timeout)
      : path_(std::move(path)), handle_(handle), busy_timeout_(busy_timeout) {}

  std::string path_;
  std::unique_ptr<sqlite3, Close> handle_;
  std::chrono::milliseconds busy_timeout_;
};

/// A transaction that is rolled back unless it was committed.
class Transaction {
 public:
  enum class Kind { kRead, kWrite };
  static base::Result<Transaction> begin(Connection& connection, Kind kind);
  Transaction(Transaction&& other) noexcept
      : connection_(std::exchange(other.connection_, nullptr)) {}
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();

  /// What was written is durable when this returned without an error.
  base::Status commit();

 private:
  explicit Transaction(Connection& connection) : connection_(&connection) {}
  Connection* connection_;
};

}  // namespace understudy::state
