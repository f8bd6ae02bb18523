#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "store/duckdb/database.h"
#include "store/duckdb/dataset_view.h"
#include "store/duckdb/sql_filter.h"
#include "store/select.h"

namespace understudy::store {

/// A question as SQL over the parts of one dataset, and how to read the answer.
/// Lifetime: the view must outlive the query (it keeps the tables alive).
struct SqlPlan {
  Sql sql = {};
  std::vector<ResultTable::ResultColumn> columns = {};

  /// How one cell of the answer is made of SQL columns, which begin at `first`.
  struct Cell {
    enum class Kind {
      kBigint,  // one BIGINT
      kBytes,   // one BLOB
      kDouble,  // one DOUBLE or null
      kValue,   // one SQL column per entry of `types`; the one that is not null
      kSum,     // HUGEINT, DOUBLE, BIGINT: a WeightedSum
      kAvg,
      kMin,  // BIGINT, DOUBLE
      kMax,
    };
    Kind kind = Kind::kBigint;
    std::size_t first = 0;
    std::vector<event::Type> types = {};
  };
  std::vector<Cell> cells = {};

  std::size_t rows_max = 0;       // further rows only say that there are more
  std::size_t groups_column = 0;  // buckets: how many groups there are at least; 0 when unused
  std::size_t groups_max = 0;

  /// Reads all rows.
  ResultTable read(QueryRows rows) const;
};

SqlPlan plan_groups(const Select& select, const TableView& view);
SqlPlan plan_rows(const Select& select, const TableView& view);

/// A text between quotes, `'` for a value and `"` for a name. It must have no zero byte. For paths
/// and the columns of segments, which cannot be parameters; nothing else of a user becomes SQL
/// text.
std::string sql_quoted(std::string_view text, char quote);

/// The events of the select's time range, as a SELECT of seq, ts, rate and the used columns of the
/// dataset; computed columns come over it (event_source.h).
std::string sql_source(const Select& select, const TableView& view, const std::vector<bool>& used);

}  // namespace understudy::store
