#include "store/duckdb/row_window.h"

#include <algorithm>

#include "base/text.h"
#include "store/duckdb/event_source.h"
#include "store/duckdb/sql_filter.h"
#include "store/intake.h"

namespace understudy::store {
namespace {

// Fewer events than this are read faster than they are asked about twice.
constexpr std::uint64_t kEventsMin = 256;

bool oldest_first(const Select& select) {
  return !select.order.empty() && !select.order[0].descending;
}

}  // namespace

bool has_row_window(const Select& select, const TableView& view) {
  if (!select.aggregates.empty() || select.sample) return false;
  std::uint64_t events = 0;
  for (const auto& segment : view.segments) events += (*segment)->events;
  for (const BlockView& block : view.blocks) events += block.rows;
  return events >= kEventsMin;
}

Sql row_window(const Select& select, const TableView& view) {
  Sql sql;
  const EventSource source(select, view, sql.parameters);
  SqlFilter filter(source.schema(), sql.parameters);
  const std::string condition = filter.write(select.filter);
  const bool up = oldest_first(select);
  sql.text =
      base::cat("SELECT ", up ? "max" : "min", "(ts) FROM (SELECT ts FROM (",
                source.sql(filter.used()), ") WHERE ", condition, " ORDER BY ts", up ? "" : " DESC",
                " LIMIT ", std::min(select.limit, kResultRowsMax) + 1, ")");
  return sql;
}

Select within_row_window(Select select, std::int64_t last_ns) {
  if (oldest_first(select)) {
    select.end_ns = std::min(select.end_ns, last_ns + 1);
  } else {
    select.start_ns = std::max(select.start_ns, last_ns);
  }
  return select;
}

}  // namespace understudy::store
