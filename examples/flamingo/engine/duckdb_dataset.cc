#include "engine/duckdb_dataset.h"

#include <string>
#include <utility>
#include <vector>

#include "engine/connection_pool.h"
#include "engine/duckdb_handles.h"
#include "engine/narrowing.h"
#include "engine/spool_folder.h"
#include "engine/sql_writer.h"

namespace flamingo {
namespace {

using duck::Chunk;
using duck::Connection;
using duck::engine_fault;
using duck::Prepared;
using duck::Result;
using duck::run_sql;

constexpr int64_t kUsPerMs = 1000;

std::string copy_name(size_t index) { return "sorted_" + std::to_string(index); }

std::string sql_type(Type type) {
  switch (type) {
    case Type::kInteger:
      return "BIGINT";
    case Type::kNumber:
      return "DOUBLE";
    case Type::kTime:
      return "TIMESTAMP";
    case Type::kString:
    case Type::kBoolean:
      return "VARCHAR";
  }
  return "VARCHAR";
}

/// Reads one column of a chunk, cell by cell.
class VectorReader {
 public:
  VectorReader(duckdb_data_chunk chunk, idx_t column, Type type, TimeResolution resolution)
      : vector_(duckdb_data_chunk_get_vector(chunk, column)),
        data_(duckdb_vector_get_data(vector_)),
        validity_(duckdb_vector_get_validity(vector_)),
        type_(type),
        resolution_(resolution) {}

  Value cell(idx_t row) const {
    if (validity_ != nullptr && !duckdb_validity_row_is_valid(validity_, row)) return {};
    switch (type_) {
      case Type::kInteger:
        return static_cast<const int64_t*>(data_)[row];
      case Type::kNumber:
        return static_cast<const double*>(data_)[row];
      case Type::kTime: {
        const int64_t micros = static_cast<const duckdb_timestamp*>(data_)[row].micros;
        return resolution_ == TimeResolution::kMicroseconds ? micros : floor_ms(micros);
      }
      case Type::kString:
      case Type::kBoolean: {
        auto* text = static_cast<duckdb_string_t*>(data_) + row;
        return std::string(duckdb_string_t_data(text), duckdb_string_t_length(*text));
      }
    }
    return {};
  }

 private:
  static int64_t floor_ms(int64_t micros) {
    return micros / kUsPerMs - (micros % kUsPerMs < 0 ? 1 : 0);
  }

  duckdb_vector vector_;
  void* data_;
  uint64_t* validity_;
  Type type_;
  TimeResolution resolution_;
};

class DuckDbDataset final : public Dataset {
 public:
  DuckDbDataset(const Manifest& manifest, DuckDbOptions options)
      : stored_(manifest.stored), sorted_by_(manifest.sorted_by), options_(std::move(options)) {}

  Done open(const Manifest& manifest, ObjectStore& store) {
    char* message = nullptr;
    duckdb_config config = nullptr;
    duckdb_create_config(&config);
    duckdb_set_config(config, "threads", std::to_string(options_.threads).c_str());
    duckdb_set_config(config, "memory_limit",
                      (std::to_string(options_.load.bytes_max >> 20) + "MiB").c_str());
    duckdb_set_config(config, "autoinstall_known_extensions", "false");
    duckdb_set_config(config, "autoload_known_extensions", "false");
    const auto opened = duckdb_open_ext(nullptr, &database_.handle, config, &message);
    duckdb_destroy_config(&config);
    if (opened != DuckDBSuccess) {
      const Fault fault = engine_fault(message);
      duckdb_free(message);
      return fault;
    }
    TRY_OUTCOME(const Connection connection, duck::connect(database_.handle));
    TRY_DONE(load(manifest, store, connection.get()));
    for (int i = 0; i < options_.load.connections; ++i) {
      TRY_OUTCOME(Connection pooled, duck::connect(database_.handle));
      connections_.add(std::move(pooled));
    }
    return done();
  }

  size_t bytes() const override { return bytes_; }

  Outcome<ResultSet> run(const BoundQuery& query) override {
    const Sql sql =
        write_sql(query, copy_name(narrowest_order(query, sorted_by_)), SqlFlavor::kDuckDb);
    auto lease = connections_.lease();
    Prepared statement;
    if (duckdb_prepare((*lease).get(), sql.text.c_str(), &statement.handle) != DuckDBSuccess) {
      return engine_fault(duckdb_prepare_error(statement.handle));
    }
    for (size_t i = 0; i < sql.literals.size(); ++i) {
      bind(statement.handle, static_cast<idx_t>(i + 1), sql.literals[i]);
    }
    Result result;
    if (duckdb_execute_prepared(statement.handle, &result.handle) != DuckDBSuccess) {
      return engine_fault(duckdb_result_error(&result.handle));
    }
    return read(query, result.handle);
  }

 private:
  Done load(const Manifest& manifest, ObjectStore& store, duckdb_connection connection) {
    std::string columns;
    for (const Field& field : stored_) {
      columns += (columns.empty() ? "" : ", ") + ("\"" + field.name + "\"::") +
                 sql_type(field.type) + " AS \"" + field.name + "\"";
    }
    const SpoolFolder folder;
    std::string files;
    int64_t rows = 0;
    for (size_t i = 0; i < manifest.parquet.size(); ++i) {
      if (rows >= options_.load.rows_max.value_or(rows + 1)) break;
      TRY_OUTCOME(const std::string bytes, store.get(manifest.parquet[i].key));
      TRY_OUTCOME(const std::string file, folder.write(std::to_string(i) + ".parquet", bytes));
      files += (files.empty() ? "'" : ", '") + file + "'";
      rows += manifest.parquet[i].rows;
    }
    if (files.empty()) {
      return Fault{FaultKind::kUnavailable, "InvalidManifest",
                   "'" + manifest.schema.dataset + "' has no parquet objects"};
    }
    std::string limit;
    if (options_.load.rows_max) limit = " LIMIT " + std::to_string(*options_.load.rows_max);
    TRY_DONE(run_sql(connection, "CREATE TABLE rows AS SELECT " + columns + " FROM read_parquet([" +
                                     files + "])" + limit));
    for (size_t i = 0; i < sorted_by_.size(); ++i) {
      std::string order;
      for (const std::string& field : sorted_by_[i]) {
        order += (order.empty() ? "\"" : ", \"") + field + "\"";
      }
      TRY_DONE(run_sql(
          connection, "CREATE TABLE " + copy_name(i) + " AS SELECT * FROM rows ORDER BY " + order));
    }
    TRY_DONE(run_sql(connection, sorted_by_.empty() ? "ALTER TABLE rows RENAME TO " + copy_name(0)
                                                    : "DROP TABLE rows"));
    return measure(connection);
  }

  /// The memory that the engine holds for the tables.
  Done measure(duckdb_connection connection) {
    Result result;
    if (duckdb_query(connection,
                     "SELECT sum(memory_usage_bytes)::BIGINT FROM duckdb_memory() "
                     "WHERE tag = 'IN_MEMORY_TABLE'",
                     &result.handle) != DuckDBSuccess) {
      return engine_fault(duckdb_result_error(&result.handle));
    }
    const Chunk chunk(duckdb_fetch_chunk(result.handle));
    if (chunk.get() != nullptr && duckdb_data_chunk_get_size(chunk.get()) == 1) {
      const auto* sum = static_cast<const int64_t*>(
          duckdb_vector_get_data(duckdb_data_chunk_get_vector(chunk.get(), 0)));
      bytes_ = static_cast<size_t>(*sum);
    }
    return done();
  }

  static void bind(duckdb_prepared_statement statement, idx_t place, const SqlLiteral& literal) {
    if (const auto* text = std::get_if<std::string>(&literal.value)) {
      duckdb_bind_varchar_length(statement, place, text->data(), text->size());
    } else if (const auto* number = std::get_if<double>(&literal.value)) {
      duckdb_bind_double(statement, place, *number);
    } else if (const auto* integer = std::get_if<int64_t>(&literal.value)) {
      if (literal.type == Type::kTime) {
        duckdb_bind_timestamp(statement, place, {*integer * kUsPerMs});
      } else {
        duckdb_bind_int64(statement, place, *integer);
      }
    }
  }

  Outcome<ResultSet> read(const BoundQuery& query, const duckdb_result& result) const {
    const TimeResolution resolution = options_.resolution->load(std::memory_order_relaxed);
    ResultSet answer;
    for (const OutputColumn& column : query.columns) {
      answer.columns.push_back({column.name, column.type});
    }
    for (;;) {
      const Chunk chunk(duckdb_fetch_chunk(result));
      if (chunk.get() == nullptr) return answer;
      const idx_t rows = duckdb_data_chunk_get_size(chunk.get());
      const size_t first = answer.rows.size();
      answer.rows.resize(first + rows);
      for (size_t column = 0; column < answer.columns.size(); ++column) {
        const VectorReader reader(chunk.get(), static_cast<idx_t>(column),
                                  answer.columns[column].type, resolution);
        for (idx_t row = 0; row < rows; ++row) {
          answer.rows[first + row].push_back(reader.cell(row));
        }
      }
    }
  }

  std::vector<Field> stored_;
  std::vector<std::vector<std::string>> sorted_by_;
  DuckDbOptions options_;
  duck::Database database_;  // outlives the connections
  size_t bytes_ = 0;
  ConnectionPool<Connection> connections_;
};

}  // namespace

Outcome<std::shared_ptr<Dataset>> DuckDbLoader::load(const Manifest& manifest, ObjectStore& store) {
  auto dataset = std::make_shared<DuckDbDataset>(manifest, options_);
  TRY_DONE(dataset->open(manifest, store));
  return std::shared_ptr<Dataset>(std::move(dataset));
}

}  // namespace flamingo
