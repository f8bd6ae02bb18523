#include "store/duckdb/database.h"

#include <sys/resource.h>

#include <thread>

#include "base/text.h"
#include "store/duckdb/histogram_function.h"
#include "store/duckdb/scalar_functions.h"
#include "store/event_store.h"

namespace understudy::store {
namespace {

// Connections kept for the next query.
constexpr std::size_t kIdleConnectionsMax = 8;
// A tenth of the processor time of a thread that answers clients, when there is not enough.
constexpr int kEngineNiceness = 10;

base::Error engine_error(const char* message, duckdb_error_type type) {
  const std::string_view text = message == nullptr ? "unknown error" : message;
  // Functions of our own can only say it in the text.
  const bool memory = type == DUCKDB_ERROR_OUT_OF_MEMORY || text.starts_with("Out of Memory") ||
                      text.starts_with("Invalid Input Error: Out of Memory");
  return base::error(memory ? base::ErrorKind::kLimit : base::ErrorKind::kInternal,
                     base::cat("duckdb: ", text));
}

std::string quoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("''") : std::string(1, c);
  return out + "'";
}

struct Statement {
  ~Statement() { duckdb_destroy_prepare(&handle); }
  duckdb_prepared_statement handle = nullptr;
};

struct Pending {
  ~Pending() { duckdb_destroy_pending(&handle); }
  duckdb_pending_result handle = nullptr;
};

duckdb_state bind(duckdb_prepared_statement statement, idx_t index, const event::Value& value) {
  switch (value.type()) {
    case event::Type::kNull:
      return duckdb_bind_null(statement, index);
    case event::Type::kBool:
      return duckdb_bind_boolean(statement, index, value.as_bool());
    case event::Type::kInt:
      return duckdb_bind_int64(statement, index, value.as_int());
    case event::Type::kDouble:
      return duckdb_bind_double(statement, index, value.as_double());
    case event::Type::kString:
      return duckdb_bind_varchar_length(statement, index, value.as_string().data(),
                                        value.as_string().size());
  }
  return DuckDBError;
}

/// Runs the pending query task by task, so that deadline and cancellation are looked at in between.
base::Status run_until(duckdb_connection connection, duckdb_pending_result pending,
                       std::chrono::steady_clock::time_point deadline,
                       const Cancellation& cancellation) {
  for (;;) {
    const duckdb_pending_state state = duckdb_pending_execute_task(pending);
    if (state == DUCKDB_PENDING_ERROR) {
      return engine_error(duckdb_pending_error(pending), DUCKDB_ERROR_INVALID);
    }
    if (duckdb_pending_execution_is_finished(state)) return {};
    if (cancellation.cancelled()) {
      duckdb_interrupt(connection);
      return cancelled_query();
    }
    if (std::chrono::steady_clock::now() >= deadline) {
      duckdb_interrupt(connection);
      return base::error(base::ErrorKind::kTimeout, "the query took longer than query_timeout");
    }
    if (state == DUCKDB_PENDING_NO_TASKS_AVAILABLE) {
      std::this_thread::sleep_for(std::chrono::microseconds(100));  // its threads are at work
    }
  }
}

}  // namespace

QueryRows::~QueryRows() {
  if (chunk_ != nullptr) duckdb_destroy_data_chunk(&chunk_);
  duckdb_destroy_result(&result_);
}

bool QueryRows::next() {
  if (chunk_ != nullptr && ++row_ < chunk_rows_) return true;
  for (;;) {
    if (chunk_ != nullptr) duckdb_destroy_data_chunk(&chunk_);
    chunk_ = duckdb_fetch_chunk(result_);
    if (chunk_ == nullptr) return false;
    chunk_rows_ = duckdb_data_chunk_get_size(chunk_);
    row_ = 0;
    if (chunk_rows_ > 0) return true;
  }
}

bool QueryRows::is_null(std::size_t column) const {
  std::uint64_t* validity =
      duckdb_vector_get_validity(duckdb_data_chunk_get_vector(chunk_, column));
  return validity != nullptr && !duckdb_validity_row_is_valid(validity, row_);
}

std::string_view QueryRows::text(std::size_t column) const {
  auto* strings = static_cast<duckdb_string_t*>(
      duckdb_vector_get_data(duckdb_data_chunk_get_vector(chunk_, column)));
  return {duckdb_string_t_data(&strings[row_]), duckdb_string_t_length(strings[row_])};
}

base::Status Connection::run(const std::string& text) {
  duckdb_result result;
  const duckdb_state state = duckdb_query(connection_, text.c_str(), &result);
  base::Status status;
  if (state == DuckDBError) {
    status = engine_error(duckdb_result_error(&result), duckdb_result_error_type(&result));
  }
  duckdb_destroy_result(&result);
  return status;
}

base::Result<QueryRows> Connection::stream(const std::string& text) {
  Statement statement;
  if (duckdb_prepare(connection_, text.c_str(), &statement.handle) == DuckDBError) {
    return engine_error(duckdb_prepare_error(statement.handle), DUCKDB_ERROR_INVALID);
  }
  Pending pending;
  if (duckdb_pending_prepared_streaming(statement.handle, &pending.handle) == DuckDBError) {
    return engine_error(duckdb_pending_error(pending.handle), DUCKDB_ERROR_INVALID);
  }
  duckdb_result result;
  if (duckdb_execute_pending(pending.handle, &result) == DuckDBError) {
    const base::Error failure =
        engine_error(duckdb_result_error(&result), duckdb_result_error_type(&result));
    duckdb_destroy_result(&result);
    return failure;
  }
  return QueryRows(result);
}

base::Result<QueryRows> Connection::query(const Sql& sql,
                                          std::chrono::steady_clock::time_point deadline,
                                          const Cancellation& cancellation) {
  Statement statement;
  if (duckdb_prepare(connection_, sql.text.c_str(), &statement.handle) == DuckDBError) {
    return engine_error(duckdb_prepare_error(statement.handle), DUCKDB_ERROR_INVALID);
  }
  for (std::size_t i = 0; i < sql.parameters.size(); ++i) {
    if (bind(statement.handle, i + 1, sql.parameters[i]) == DuckDBError) {
      return engine_error(duckdb_prepare_error(statement.handle), DUCKDB_ERROR_INVALID);
    }
  }
  Pending pending;
  if (duckdb_pending_prepared(statement.handle, &pending.handle) == DuckDBError) {
    return engine_error(duckdb_pending_error(pending.handle), DUCKDB_ERROR_INVALID);
  }
  TRY(run_until(connection_, pending.handle, deadline, cancellation));
  duckdb_result result;
  if (duckdb_execute_pending(pending.handle, &result) == DuckDBError) {
    const base::Error failure =
        engine_error(duckdb_result_error(&result), duckdb_result_error_type(&result));
    duckdb_destroy_result(&result);
    return failure;
  }
  return QueryRows(result);
}

base::Result<std::unique_ptr<Database>> Database::open(const DatabaseOptions& options) {
  std::unique_ptr<Database> database;
  base::Status opened;
  // DuckDB's threads take the priority of the one that starts them.
  std::thread([&] {
    setpriority(PRIO_PROCESS, 0, kEngineNiceness);
    duckdb_database handle = nullptr;
    if (duckdb_open(nullptr, &handle) == DuckDBError) {
      opened =
          base::error(base::ErrorKind::kInternal, "duckdb: an in-memory database does not open");
      return;
    }
    database.reset(new Database(handle));
    opened = database->configure(options);
  }).join();
  TRY(opened);
  return database;
}

base::Status Database::configure(const DatabaseOptions& options) {
  TRY_ASSIGN(auto connection, connect());
  std::string files;
  for (const std::string& file : options.files) {
    files += base::cat(files.empty() ? "" : ", ", quoted(file));
  }
  if (!files.empty()) TRY(connection->run(base::cat("SET allowed_paths = [", files, "]")));
  if (!options.folder.empty()) {
    TRY(connection->run(base::cat("SET allowed_directories = [", quoted(options.folder), "]")));
    TRY(connection->run("SET parquet_metadata_cache = true"));
  }
  for (const std::string& setting :
       {base::cat("SET memory_limit = '", options.memory_bytes_max, "B'"),
        base::cat("SET threads = ", options.threads), std::string("SET temp_directory = ''"),
        std::string("SET autoload_known_extensions = false"),
        std::string("SET autoinstall_known_extensions = false"),
        std::string("SET enable_external_access = false"),
        std::string("SET lock_configuration = true")}) {
    TRY(connection->run(setting));
  }
  TRY(register_histogram_function(connection->get()));
  TRY(add_scalar_functions(connection->get()));
  release(std::move(connection));
  return {};
}

Database::~Database() {
  idle_.clear();
  duckdb_close(&database_);
}

base::Result<std::unique_ptr<Connection>> Database::connect() {
  {
    const std::lock_guard lock(mutex_);
    if (!idle_.empty()) {
      std::unique_ptr<Connection> connection = std::move(idle_.back());
      idle_.pop_back();
      return connection;
    }
  }
  duckdb_connection handle = nullptr;
  if (duckdb_connect(database_, &handle) == DuckDBError) {
    return base::error(base::ErrorKind::kInternal, "duckdb: no connection");
  }
  return std::make_unique<Connection>(handle);
}

void Database::release(std::unique_ptr<Connection> connection) {
  const std::lock_guard lock(mutex_);
  if (idle_.size() < kIdleConnectionsMax) idle_.push_back(std::move(connection));
}

}  // namespace understudy::store
