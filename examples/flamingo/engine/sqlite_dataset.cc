#include "engine/sqlite_dataset.h"

#include <sqlite3.h>

#include <algorithm>
#include <charconv>
#include <string>
#include <utility>
#include <vector>

#include "data/csv_reader.h"
#include "dialect/moment.h"
#include "engine/connection_pool.h"
#include "engine/sql_writer.h"
#include "engine/sqlite_functions.h"

namespace flamingo {
namespace {

struct CloseConnection {
  void operator()(sqlite3* connection) const { sqlite3_close_v2(connection); }
};
using Connection = std::unique_ptr<sqlite3, CloseConnection>;

struct FinalizeStatement {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using Statement = std::unique_ptr<sqlite3_stmt, FinalizeStatement>;

struct FreeBuffer {
  void operator()(unsigned char* bytes) const { sqlite3_free(bytes); }
};

Fault engine_fault(sqlite3* connection, std::string_view doing) {
  return {FaultKind::kInternal, "SqliteError",
          std::string(doing) + ": " + (connection ? sqlite3_errmsg(connection) : "no memory")};
}

Outcome<Connection> open_memory() {
  sqlite3* raw = nullptr;
  const int code = sqlite3_open_v2(
      ":memory:", &raw, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
  Connection connection(raw);
  if (code != SQLITE_OK || !add_functions(raw)) return engine_fault(raw, "open");
  return connection;
}

Done run_sql(sqlite3* connection, const std::string& sql) {
  if (sqlite3_exec(connection, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) {
    return engine_fault(connection, sql);
  }
  return done();
}

Outcome<Statement> prepare(sqlite3* connection, std::string_view sql) {
  sqlite3_stmt* raw = nullptr;
  if (sqlite3_prepare_v2(connection, sql.data(), static_cast<int>(sql.size()), &raw, nullptr) !=
      SQLITE_OK) {
    return engine_fault(connection, sql);
  }
  return Statement(raw);
}

std::string in_quotes(std::string_view name) { return "\"" + std::string(name) + "\""; }

/// The index of an order: its fields first, then all others, so that a query that starts with them
/// never reads the table.
std::string covering_index(const Manifest& manifest, const std::vector<std::string>& order) {
  std::string name = "by";
  std::string columns;
  for (const std::string& field : order) {
    name += "_" + field;
    columns += (columns.empty() ? "" : ", ") + in_quotes(field);
  }
  for (const Field& field : manifest.stored) {
    if (std::find(order.begin(), order.end(), field.name) != order.end()) continue;
    columns += ", " + in_quotes(field.name);
  }
  return "CREATE INDEX " + in_quotes(name) + " ON " + in_quotes(manifest.schema.dataset) + " (" +
         columns + ")";
}

/// Writes rows of CSV into a database that nobody else sees yet.
class Builder {
 public:
  Builder(const Manifest& manifest, LoadOptions options, sqlite3* connection)
      : manifest_(manifest), options_(options), connection_(connection) {}

  Done build(ObjectStore& store) {
    const std::string table = in_quotes(manifest_.schema.dataset);
    std::string columns;
    std::string marks;
    for (const Field& field : manifest_.stored) {
      columns += (columns.empty() ? "" : ", ") + in_quotes(field.name) + affinity(field.type);
      marks += marks.empty() ? "?" : ", ?";
    }
    TRY_DONE(run_sql(connection_, "PRAGMA page_size=8192; PRAGMA journal_mode=OFF; CREATE TABLE " +
                                      table + " (" + columns + "); BEGIN"));
    TRY_OUTCOME(insert_, prepare(connection_, "INSERT INTO " + table + " VALUES (" + marks + ")"));
    for (const DataObject& object : manifest_.csv) {
      if (rows_ >= options_.rows_max.value_or(rows_ + 1)) break;
      TRY_OUTCOME(const std::string text, store.get(object.key));
      TRY_DONE(insert_all(object.key, text));
      TRY_DONE(check_size());
    }
    TRY_DONE(run_sql(connection_, "COMMIT"));
    for (const auto& order : manifest_.sorted_by) {
      TRY_DONE(run_sql(connection_, covering_index(manifest_, order)));
      TRY_DONE(check_size());
    }
    return run_sql(connection_, "PRAGMA analysis_limit=1000; ANALYZE");
  }

 private:
  static std::string affinity(Type type) {
    switch (type) {
      case Type::kInteger:
      case Type::kTime:
        return " INTEGER";
      case Type::kNumber:
        return " REAL";
      case Type::kString:
      case Type::kBoolean:
        return " TEXT";
    }
    return "";
  }

  Done check_size() {
    TRY_OUTCOME(const Statement pages,
                prepare(connection_,
                        "SELECT page_count * page_size FROM pragma_page_count, "
                        "pragma_page_size"));
    sqlite3_step(pages.get());
    if (static_cast<size_t>(sqlite3_column_int64(pages.get(), 0)) > options_.bytes_max) {
      return Fault{FaultKind::kTooLarge, "DatasetTooLarge",
                   "'" + manifest_.schema.dataset + "' takes more than " +
                       std::to_string(options_.bytes_max) + " bytes of memory"};
    }
    return done();
  }

  Done insert_all(const std::string& key, std::string_view text) {
    CsvReader reader(text);
    std::vector<std::string_view> cells;
    const Fault no_header = malformed(key, 1, "the header does not name the dataset's fields");
    if (!reader.next(cells) || cells.size() != manifest_.stored.size()) return no_header;
    for (size_t i = 0; i < cells.size(); ++i) {
      if (cells[i] != manifest_.stored[i].name) return no_header;
    }
    for (size_t line = 2; reader.next(cells); ++line) {
      if (options_.rows_max && rows_ >= *options_.rows_max) break;
      if (cells.size() != manifest_.stored.size()) {
        return malformed(key, line, "a row of another number of cells");
      }
      for (size_t i = 0; i < cells.size(); ++i) {
        if (!bind(static_cast<int>(i) + 1, cells[i], manifest_.stored[i].type)) {
          return malformed(key, line,
                           "'" + std::string(cells[i].substr(0, 64)) + "' is not of the type of " +
                               manifest_.stored[i].name);
        }
      }
      if (sqlite3_step(insert_.get()) != SQLITE_DONE) return engine_fault(connection_, "insert");
      sqlite3_reset(insert_.get());
      ++rows_;
    }
    return done();
  }

  static Fault malformed(const std::string& key, size_t line, const std::string& message) {
    return {FaultKind::kUnavailable, "MalformedData",
            key + ":" + std::to_string(line) + ": " + message};
  }

  template <class Number>
  static std::optional<Number> parse(std::string_view cell) {
    Number number{};
    const auto end = std::from_chars(cell.data(), cell.data() + cell.size(), number);
    if (end.ec != std::errc() || end.ptr != cell.data() + cell.size()) return std::nullopt;
    return number;
  }

  bool bind(int place, std::string_view cell, Type type) {
    sqlite3_stmt* const insert = insert_.get();
    if (cell.empty() && type != Type::kString) return sqlite3_bind_null(insert, place) == SQLITE_OK;
    switch (type) {
      case Type::kInteger:
        if (const auto number = parse<int64_t>(cell)) {
          return sqlite3_bind_int64(insert, place, *number) == SQLITE_OK;
        }
        return false;
      case Type::kNumber:
        if (const auto number = parse<double>(cell)) {
          return sqlite3_bind_double(insert, place, *number) == SQLITE_OK;
        }
        return false;
      case Type::kTime:
        if (const auto moment = parse_moment(cell)) {
          return sqlite3_bind_int64(insert, place, *moment) == SQLITE_OK;
        }
        return false;
      case Type::kString:
      case Type::kBoolean:
        return sqlite3_bind_text(insert, place, cell.empty() ? "" : cell.data(),
                                 static_cast<int>(cell.size()), SQLITE_STATIC) == SQLITE_OK;
    }
    return false;
  }

  const Manifest& manifest_;
  LoadOptions options_;
  sqlite3* connection_;
  Statement insert_;
  int64_t rows_ = 0;
};

/// One frozen database image and the connections that read it.
class SqliteDataset final : public Dataset {
 public:
  static Outcome<std::shared_ptr<Dataset>> freeze(std::string table, sqlite3* built,
                                                  int connections) {
    auto dataset = std::make_shared<SqliteDataset>();
    dataset->table_ = std::move(table);
    sqlite3_int64 bytes = 0;
    dataset->image_.reset(sqlite3_serialize(built, "main", &bytes, 0));
    if (!dataset->image_) return engine_fault(nullptr, "serialize");
    dataset->bytes_ = static_cast<size_t>(bytes);
    for (int i = 0; i < connections; ++i) {
      TRY_OUTCOME(Connection connection, open_memory());
      if (sqlite3_deserialize(connection.get(), "main", dataset->image_.get(), bytes, bytes,
                              SQLITE_DESERIALIZE_READONLY) != SQLITE_OK) {
        return engine_fault(connection.get(), "deserialize");
      }
      TRY_DONE(run_sql(connection.get(), "PRAGMA mmap_size=" + std::to_string(bytes)));
      dataset->connections_.add(std::move(connection));
    }
    return std::shared_ptr<Dataset>(std::move(dataset));
  }

  size_t bytes() const override { return bytes_; }

  Outcome<ResultSet> run(const BoundQuery& query) override {
    const Sql sql = write_sql(query, table_, SqlFlavor::kSqlite);
    auto lease = connections_.lease();
    sqlite3* const connection = (*lease).get();
    TRY_OUTCOME(const Statement statement, prepare(connection, sql.text));
    for (size_t i = 0; i < sql.literals.size(); ++i) {
      bind(statement.get(), static_cast<int>(i) + 1, sql.literals[i].value);
    }
    ResultSet answer;
    for (const OutputColumn& column : query.columns) {
      answer.columns.push_back({column.name, column.type});
    }
    int code = SQLITE_ROW;
    while ((code = sqlite3_step(statement.get())) == SQLITE_ROW) {
      auto& row = answer.rows.emplace_back();
      row.reserve(query.columns.size());
      for (size_t i = 0; i < query.columns.size(); ++i) {
        row.push_back(cell(statement.get(), static_cast<int>(i), query.columns[i].type));
      }
    }
    if (code != SQLITE_DONE) return engine_fault(connection, "query");
    return answer;
  }

 private:
  static void bind(sqlite3_stmt* statement, int place, const Value& value) {
    if (const auto* integer = std::get_if<int64_t>(&value)) {
      sqlite3_bind_int64(statement, place, *integer);
    } else if (const auto* number = std::get_if<double>(&value)) {
      sqlite3_bind_double(statement, place, *number);
    } else if (const auto* text = std::get_if<std::string>(&value)) {
      sqlite3_bind_text(statement, place, text->data(), static_cast<int>(text->size()),
                        SQLITE_STATIC);
    }
  }

  static Value cell(sqlite3_stmt* statement, int place, Type type) {
    if (sqlite3_column_type(statement, place) == SQLITE_NULL) return {};
    switch (type) {
      case Type::kInteger:
      case Type::kTime:
        return int64_t{sqlite3_column_int64(statement, place)};
      case Type::kNumber:
        return sqlite3_column_double(statement, place);
      case Type::kString:
      case Type::kBoolean: {
        const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement, place));
        return std::string(text, static_cast<size_t>(sqlite3_column_bytes(statement, place)));
      }
    }
    return {};
  }

  std::string table_;
  std::unique_ptr<unsigned char, FreeBuffer> image_;  // outlives the connections
  size_t bytes_ = 0;
  ConnectionPool<Connection> connections_;
};

}  // namespace

Outcome<std::shared_ptr<Dataset>> SqliteLoader::load(const Manifest& manifest, ObjectStore& store) {
  TRY_OUTCOME(const Connection connection, open_memory());
  TRY_DONE(Builder(manifest, options_, connection.get()).build(store));
  return SqliteDataset::freeze(manifest.schema.dataset, connection.get(), options_.connections);
}

}  // namespace flamingo
