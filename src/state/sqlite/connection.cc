#include "state/sqlite/connection.h"

#include <cstring>
#include <utility>

#include "base/text.h"

namespace understudy::state {

using base::cat;
using base::Error;
using base::ErrorKind;
using base::Result;
using base::Status;

Result<bool> Statement::step() {
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  Error failure = connection_->error_of(code);
  reset();
  return failure;
}

Status Statement::run() {
  TRY_ASSIGN(const bool has_row, step());
  (void)has_row;
  reset();
  return base::ok_status();
}

void Statement::reset() {
  sqlite3_reset(statement_.get());
  sqlite3_clear_bindings(statement_.get());
}

int64_t Statement::integer(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

std::optional<int64_t> Statement::optional_integer(int column) const {
  if (sqlite3_column_type(statement_.get(), column) == SQLITE_NULL) return std::nullopt;
  return integer(column);
}

std::string Statement::text(int column) const {
  const auto* letters =
      reinterpret_cast<const char*>(sqlite3_column_text(statement_.get(), column));
  if (letters == nullptr) return {};
  return std::string(letters, static_cast<size_t>(sqlite3_column_bytes(statement_.get(), column)));
}

int Statement::bind_one(int index, int64_t value) {
  return sqlite3_bind_int64(statement_.get(), index, value);
}

int Statement::bind_one(int index, std::optional<int64_t> value) {
  return value ? bind_one(index, *value) : sqlite3_bind_null(statement_.get(), index);
}

int Statement::bind_one(int index, std::string_view text) {
  return sqlite3_bind_text64(statement_.get(), index, text.data() != nullptr ? text.data() : "",
                             text.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
}

Status Statement::status(int code) const {
  if (code == SQLITE_OK) return base::ok_status();
  return connection_->error_of(code);
}

Result<std::unique_ptr<Connection>> Connection::open(const std::string& path,
                                                     std::chrono::milliseconds busy_timeout) {
  sqlite3* handle = nullptr;
  const int code = sqlite3_open_v2(
      path.c_str(), &handle,
      SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
      nullptr);
  std::unique_ptr<Connection> connection(new Connection(path, handle, busy_timeout));
  if (code != SQLITE_OK) return connection->error_of(code);
  sqlite3_busy_timeout(handle, static_cast<int>(busy_timeout.count()));
  // A file that may only be read is opened for reading without a word.
  if (sqlite3_db_readonly(handle, "main") == 1) return connection->error_of(SQLITE_READONLY);
  return connection;
}

Status Connection::execute(const char* sql) {
  const int code = sqlite3_exec(handle_.get(), sql, nullptr, nullptr, nullptr);
  if (code == SQLITE_OK) return base::ok_status();
  return error_of(code);
}

Result<Statement> Connection::prepare(std::string_view sql) const {
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v3(handle_.get(), sql.data(), static_cast<int>(sql.size()), 0,
                                      &statement, nullptr);
  if (code != SQLITE_OK) return error_of(code);
  return Statement(*this, statement);
}

Result<int64_t> Connection::query_integer(std::string_view sql) const {
  TRY_ASSIGN(Statement statement, prepare(sql));
  TRY_ASSIGN(const bool has_row, statement.step());
  return has_row ? statement.integer(0) : int64_t{0};
}

Error Connection::error_of(int code) const {
  const int cause = handle_ != nullptr ? sqlite3_system_errno(handle_.get()) : 0;
  const std::string why = cause != 0 ? cat(": ", std::strerror(cause)) : std::string();
  switch (code & 0xFF) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED: {
      Error busy = base::error(
          ErrorKind::kUnavailable,
          cat(path_, " is held by another process (waited ", busy_timeout_.count(), " ms)"));
      busy.retry = base::Retry::kSafe;
      return busy;
    }
    case SQLITE_FULL:
      return base::error(ErrorKind::kIo,
                         cat(path_, " cannot grow: the disk is full or its size limit is reached"));
    case SQLITE_NOTADB:
      return base::invalid(cat(path_, " is not an SQLite database"));
    case SQLITE_CORRUPT:
      return base::error(ErrorKind::kIo,
                         cat(path_,
                             " is corrupt; restore it from a backup, or move it away to "
                             "start with the flags of the configuration"));
    case SQLITE_CANTOPEN:
      return base::error(ErrorKind::kIo, cat(path_, " cannot be opened", why));
    case SQLITE_READONLY:
    case SQLITE_PERM:
      return base::error(ErrorKind::kIo, cat(path_, " cannot be written", why));
    case SQLITE_IOERR:
      return base::error(ErrorKind::kIo, cat("reading or writing ", path_, " failed", why));
    case SQLITE_TOOBIG:
    case SQLITE_NOMEM:
      return base::error(ErrorKind::kLimit, cat(path_, ": ", sqlite3_errstr(code)));
    default:
      return base::error(
          ErrorKind::kInternal,
          cat(path_, ": ", handle_ != nullptr ? sqlite3_errmsg(handle_.get()) : "no memory"));
  }
}

Result<Transaction> Transaction::begin(Connection& connection, Kind kind) {
  // A write transaction takes the lock at once: waiting for it later could not be retried.
  TRY(connection.execute(kind == Kind::kWrite ? "BEGIN IMMEDIATE" : "BEGIN"));
  return Transaction(connection);
}

Transaction::~Transaction() {
  // A rollback that fails leaves the transaction to the next open of the file, which undoes it.
  if (connection_ != nullptr && connection_->in_transaction()) {
    (void)connection_->execute("ROLLBACK").ok();
  }
}

Status Transaction::commit() { return connection_->execute("COMMIT"); }

}  // namespace understudy::state
