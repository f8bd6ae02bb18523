#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "dialect/binder.h"

namespace flamingo {

/// The engines that a query can be written for.
enum class SqlFlavor {
  kSqlite,  // times are milliseconds; bin, time_unit, median and stdev are our own functions
  kDuckDb,  // times are TIMESTAMP, everything is built in
};

/// A literal on its way to an engine: never part of the SQL text.
struct SqlLiteral {
  Value value;
  Type type = Type::kInteger;
};

struct Sql {
  std::string text;
  std::vector<SqlLiteral> literals;  // in the order of the question marks
};

/// Writes a bound query as SQL over `table`. The text holds only words of this writer, names of the
/// dataset's schema and the table's name: every literal of the user is a question mark.
Sql write_sql(const BoundQuery& query, std::string_view table, SqlFlavor flavor);

}  // namespace flamingo
