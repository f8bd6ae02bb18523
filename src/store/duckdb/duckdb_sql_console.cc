#include "store/duckdb/duckdb_sql_console.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/text.h"
#include "store/duckdb/sql_guard.h"

namespace understudy::store {
namespace {

using base::cat;

struct Statement {
  ~Statement() { duckdb_destroy_prepare(&handle); }
  duckdb_prepared_statement handle = nullptr;
};

/// How a column of the person's statement reaches us.
struct Form {
  const char* name;  // of its type
  const char* cast;  // the type it is read as
};

Form form_of(duckdb_type type) {
  switch (type) {
    case DUCKDB_TYPE_BOOLEAN:
      return {"boolean", "BOOLEAN"};
    case DUCKDB_TYPE_TINYINT:
    case DUCKDB_TYPE_SMALLINT:
    case DUCKDB_TYPE_INTEGER:
    case DUCKDB_TYPE_UTINYINT:
    case DUCKDB_TYPE_USMALLINT:
    case DUCKDB_TYPE_UINTEGER:
    case DUCKDB_TYPE_BIGINT:
      return {"bigint", "BIGINT"};
    case DUCKDB_TYPE_UBIGINT:
    case DUCKDB_TYPE_HUGEINT:
    case DUCKDB_TYPE_UHUGEINT:
    case DUCKDB_TYPE_DECIMAL:
    case DUCKDB_TYPE_FLOAT:
    case DUCKDB_TYPE_DOUBLE:
      return {"double", "DOUBLE"};
    case DUCKDB_TYPE_TIMESTAMP:
    case DUCKDB_TYPE_TIMESTAMP_S:
    case DUCKDB_TYPE_TIMESTAMP_MS:
    case DUCKDB_TYPE_TIMESTAMP_NS:
    case DUCKDB_TYPE_TIMESTAMP_TZ:
      return {"timestamp", "VARCHAR"};
    case DUCKDB_TYPE_DATE:
      return {"date", "VARCHAR"};
    case DUCKDB_TYPE_INTERVAL:
      return {"interval", "VARCHAR"};
    default:
      return {"varchar", "VARCHAR"};
  }
}

event::Value cell(const QueryRows& rows, std::size_t column, const Form& form) {
  if (rows.is_null(column)) return {};
  const std::string_view cast = form.cast;
  if (cast == "BOOLEAN") return event::Value(rows.boolean(column));
  if (cast == "BIGINT") return event::Value(rows.bigint(column));
  if (cast == "DOUBLE") return event::Value(rows.number(column));
  return event::Value(rows.text(column));
}

base::Error refused(base::Error failure) {
  // What does not bind or cannot be cast is the person's to mend.
  if (failure.kind == base::ErrorKind::kInternal) failure.kind = base::ErrorKind::kInvalid;
  // DuckDB's own text is advice to whoever may set its limits.
  for (const char* memory : {"Out of Memory", "bad_alloc", "llocation failure"}) {
    if (failure.context.find(memory) == std::string::npos) continue;
    return base::error(base::ErrorKind::kLimit,
                       "the statement needs more memory than it has; ask for less at once");
  }
  constexpr std::string_view kPrefix = "duckdb: ";
  if (failure.context.starts_with(kPrefix)) failure.context.erase(0, kPrefix.size());
  return failure;
}

struct Wrapped {
  std::string text;
  SqlAnswer answer;
  std::vector<Form> forms;
};

/// Our SELECT around the person's, once DuckDB says that it is one and of which columns.
base::Result<Wrapped> wrap(Connection& connection, const std::string& text, std::size_t rows_max) {
  Statement statement;
  if (duckdb_prepare(connection.get(), text.c_str(), &statement.handle) == DuckDBError) {
    const char* const why = duckdb_prepare_error(statement.handle);
    return refused(base::invalid(why == nullptr ? "the statement is not valid" : why));
  }
  if (duckdb_prepared_statement_type(statement.handle) != DUCKDB_STATEMENT_TYPE_SELECT) {
    return base::invalid("only a SELECT is possible here; nothing can be changed or set");
  }
  const idx_t columns = duckdb_prepared_statement_column_count(statement.handle);
  if (columns > kSqlColumnsMax) {
    return base::error(base::ErrorKind::kLimit,
                       cat("the answer has ", columns, " columns, more than ", kSqlColumnsMax));
  }
  Wrapped wrapped;
  std::string casts;
  std::string names;
  for (idx_t i = 0; i < columns; ++i) {
    const char* const name = duckdb_prepared_statement_column_name(statement.handle, i);
    const Form form = form_of(duckdb_prepared_statement_column_type(statement.handle, i));
    wrapped.answer.columns.push_back({name == nullptr ? "" : name, form.name});
    duckdb_free(const_cast<char*>(name));
    wrapped.forms.push_back(form);
    casts += cat(i == 0 ? "" : ", ", "CAST(\"", i, "\" AS ", form.cast, ")");
    names += cat(i == 0 ? "" : ", ", "\"", i, "\"");
  }
  wrapped.text =
      cat("SELECT ", casts, " FROM (\n", text, "\n) AS answer(", names, ") LIMIT ", rows_max + 1);
  return wrapped;
}

/// Without the semicolons and white space at its end.
std::string trimmed(std::string_view text) {
  text = base::trim(text);
  while (text.ends_with(';')) text = base::trim(text.substr(0, text.size() - 1));
  return std::string(text);
}

}  // namespace

base::Result<std::unique_ptr<DuckDbSqlConsole>> DuckDbSqlConsole::open(const Options& options,
                                                                       SqlDatasets datasets) {
  TRY_ASSIGN(auto database, Database::open({.memory_bytes_max = options.memory_bytes_max,
                                            .threads = 1,
                                            .folder = options.folder,
                                            .files = options.files}));
  return std::unique_ptr<DuckDbSqlConsole>(
      new DuckDbSqlConsole(std::move(database), std::move(datasets)));
}

base::Result<std::vector<std::string>> DuckDbSqlConsole::datasets_of(
    Connection& connection, const std::string& text, std::chrono::steady_clock::time_point deadline,
    const Cancellation& cancellation) const {
  TRY_ASSIGN(QueryRows tree,
             connection.query({.text = "SELECT json_serialize_sql($1::VARCHAR)::VARCHAR",
                               .parameters = {event::Value(text)}},
                              deadline, cancellation));
  if (!tree.next() || tree.is_null(0)) return base::invalid("the statement is empty");
  TRY_ASSIGN(const SqlReads reads, check_sql(tree.text(0)));
  const std::vector<std::string> known = datasets_.names();
  std::set<std::string> wanted;
  for (const std::string& table : reads.tables) {
    auto found = std::find(known.begin(), known.end(), table);
    if (found == known.end()) {
      found = std::find_if(known.begin(), known.end(), [&](const std::string& name) {
        return base::equals_ignore_case(name, table);
      });
    }
    if (found != known.end()) {
      wanted.insert(*found);
      continue;
    }
    const bool written =
        std::any_of(reads.written.begin(), reads.written.end(),
                    [&](const std::string& name) { return base::equals_ignore_case(name, table); });
    if (written) continue;
    const std::vector<std::string_view> names(known.begin(), known.end());
    const std::string_view meant = base::nearest(table, names);
    return base::invalid(cat("there is no dataset '", base::printable(table), "'",
                             meant.empty() ? std::string() : cat("; did you mean '", meant, "'?")));
  }
  return std::vector<std::string>(wanted.begin(), wanted.end());
}

base::Result<SqlAnswer> DuckDbSqlConsole::run(const SqlQuestion& question,
                                              std::chrono::steady_clock::time_point deadline,
                                              const Cancellation& cancellation) {
  if (question.text.size() > kSqlBytesMax) {
    return base::error(base::ErrorKind::kLimit, cat("the statement has ", question.text.size(),
                                                    " bytes, more than ", kSqlBytesMax));
  }
  if (question.text.find('\0') != std::string::npos) {
    return base::invalid("the statement has a NUL character");
  }
  const std::string text = trimmed(question.text);
  // The time the parser takes grows with the square of them.
  constexpr std::size_t kCommentsMax = 100;
  std::size_t comments = 0;
  for (auto at = text.find("/*"); at != std::string::npos; at = text.find("/*", at + 2)) ++comments;
  if (comments > kCommentsMax) {
    return base::invalid(cat("there are more than ", kCommentsMax, " comments (/*)"));
  }
  if (text.empty()) return base::invalid("the statement is empty");
  // Never given back: its views go with it.
  TRY_ASSIGN(const auto connection, database_->connect());
  const auto datasets = datasets_of(*connection, text, deadline, cancellation);
  if (!datasets.ok()) return refused(datasets.error());
  for (std::size_t i = 1; i < datasets->size(); ++i) {
    for (std::size_t k = 0; k < i; ++k) {
      if (!base::equals_ignore_case((*datasets)[i], (*datasets)[k])) continue;
      return base::invalid(cat("'", (*datasets)[k], "' and '", (*datasets)[i],
                               "' differ in case only: SQL cannot read them in one statement"));
    }
  }
  std::vector<std::shared_ptr<const void>> kept;  // until the end
  for (const std::string& dataset : *datasets) {
    TRY_ASSIGN(SqlTable table, datasets_.table(dataset));
    kept.push_back(std::move(table.kept));
    TRY(connection->run(table.sql));
  }
  TRY_ASSIGN(Wrapped wrapped, wrap(*connection, text, question.rows_max));
  auto rows = connection->query({.text = wrapped.text}, deadline, cancellation);
  if (!rows.ok()) return refused(rows.error());
  SqlAnswer answer = std::move(wrapped.answer);
  std::size_t bytes = 0;
  while (rows->next()) {
    if (answer.rows.size() == question.rows_max) {
      answer.truncated = true;
      break;
    }
    std::vector<event::Value>& row = answer.rows.emplace_back();
    for (std::size_t i = 0; i < wrapped.forms.size(); ++i) {
      row.push_back(cell(*rows, i, wrapped.forms[i]));
      if (row.back().is_string()) bytes += row.back().as_string().size();
    }
    if (answer.rows.size() * wrapped.forms.size() > kSqlCellsMax) {
      return base::error(base::ErrorKind::kLimit, cat("the answer has more than ", kSqlCellsMax,
                                                      " cells; ask for fewer rows or columns"));
    }
    if (bytes > kSqlCellBytesMax) {
      return base::error(base::ErrorKind::kLimit,
                         cat("the texts of the answer have more than ", kSqlCellBytesMax,
                             " bytes; ask for fewer rows or columns"));
    }
  }
  return answer;
}

}  // namespace understudy::store
