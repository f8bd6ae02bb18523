#include "store/duckdb/sql_plan.h"

#include <algorithm>

#include "base/text.h"
#include "store/aggregate_result.h"
#include "store/duckdb/event_source.h"
#include "store/intake.h"
#include "store/value_order.h"

namespace understudy::store {
namespace {

using event::Type;
using event::Value;

Value typed_value(const QueryRows& rows, std::size_t column, Type type) {
  switch (type) {
    case Type::kNull:
      return {};
    case Type::kBool:
      return rows.boolean(column);
    case Type::kInt:
      return rows.bigint(column);
    case Type::kDouble:
      return rows.number(column);
    case Type::kString:
      return rows.text(column);
  }
  return {};
}

WeightedSum weighted_sum(const QueryRows& rows, std::size_t first) {
  WeightedSum sum;
  if (!rows.is_null(first)) {
    const duckdb_hugeint ints = rows.hugeint(first);
    sum.ints = static_cast<Int128>(ints.upper) * (static_cast<Int128>(1) << 64) +
               static_cast<Int128>(ints.lower);
  }
  if (!rows.is_null(first + 1)) sum.doubles = rows.number(first + 1);
  if (!rows.is_null(first + 2)) sum.weight = rows.bigint(first + 2);
  return sum;
}

Value extreme(const QueryRows& rows, std::size_t first, bool least) {
  const Value whole = rows.is_null(first) ? Value() : Value(rows.bigint(first));
  if (rows.is_null(first + 1)) return whole;
  const Value number = without_negative_zero(rows.number(first + 1));
  if (whole.is_null()) return number;
  const auto order = compare_numbers(number.view(), whole.view());
  return (least ? order < 0 : order > 0) ? number : whole;
}

Value read_cell(const QueryRows& rows, const SqlPlan::Cell& cell) {
  using Kind = SqlPlan::Cell::Kind;
  switch (cell.kind) {
    case Kind::kBigint:
      return rows.is_null(cell.first) ? Value() : Value(rows.bigint(cell.first));
    case Kind::kBytes:
      return rows.is_null(cell.first) ? Value() : Value(rows.text(cell.first));
    case Kind::kDouble:
      return rows.is_null(cell.first) ? Value()
                                      : Value(without_negative_zero(rows.number(cell.first)));
    case Kind::kValue:
      for (std::size_t i = 0; i < cell.types.size(); ++i) {
        if (!rows.is_null(cell.first + i)) {
          return typed_value(rows, cell.first + i, cell.types[i]);
        }
      }
      return {};
    case Kind::kSum:
      return weighted_sum(rows, cell.first).sum();
    case Kind::kAvg:
      return weighted_sum(rows, cell.first).avg();
    case Kind::kMin:
      return extreme(rows, cell.first, true);
    case Kind::kMax:
      return extreme(rows, cell.first, false);
  }
  return {};
}

}  // namespace

ResultTable SqlPlan::read(QueryRows rows) const {
  ResultTable table{.columns = columns};
  while (rows.next()) {
    if (groups_column > 0 && rows.bigint(groups_column) > static_cast<std::int64_t>(groups_max)) {
      table.truncated = true;
    }
    if (table.rows.size() == rows_max) {
      table.truncated = true;
      break;
    }
    std::vector<Value>& row = table.rows.emplace_back();
    row.reserve(cells.size());
    for (const Cell& cell : cells) row.push_back(read_cell(rows, cell));
  }
  return table;
}

std::string sql_source(const Select& select, const TableView& view, const std::vector<bool>& used) {
  const auto select_list = [&](std::size_t physical) {
    std::string list;
    for (std::size_t i = 0; i < used.size(); ++i) {
      if (!used[i]) continue;
      if (i < physical) {
        list += base::cat(", c", i);
      } else {
        list += base::cat(", NULL::", sql_type(view.schema->physical[i]), " AS c", i);
      }
    }
    return list;
  };
  std::string text;
  for (const PartView& part : view.parts) {
    if (part.events == 0 || part.time_max_ns < select.start_ns ||
        part.time_min_ns >= select.end_ns) {
      continue;
    }
    if (!text.empty()) text += " UNION ALL ";
    text += base::cat("SELECT seq, ts, rate", select_list(part.physical), " FROM ",
                      part.part->name(), " WHERE seq < ", part.seq_end);
    if (part.time_min_ns < select.start_ns) text += base::cat(" AND ts >= ", select.start_ns);
    if (part.time_max_ns >= select.end_ns) text += base::cat(" AND ts < ", select.end_ns);
  }
  if (!text.empty()) return text;
  return base::cat("SELECT 0::BIGINT AS seq, 0::BIGINT AS ts, 1::BIGINT AS rate", select_list(0),
                   " WHERE false");
}

SqlPlan plan_rows(const Select& select, const TableView& view) {
  SqlPlan plan;
  const EventSource source(select, view, plan.sql.parameters);
  const Schema& schema = source.schema();
  std::vector<std::string> names = select.row_columns;
  if (names.empty()) {
    for (const auto& [name, physical] : schema.columns) names.push_back(name);
  }
  plan.columns = row_result_columns(names);
  plan.rows_max = std::min(select.limit, result_rows_max(plan.columns.size()));
  SqlFilter filter(schema, plan.sql.parameters);
  const std::string condition = filter.write(select.filter);
  std::string list = "ts, rate";
  std::size_t next = 2;
  plan.cells = {{.first = 0}, {.first = 1}};
  for (const std::string& name : names) {
    SqlPlan::Cell cell{.kind = SqlPlan::Cell::Kind::kValue, .first = next};
    for (const int physical : schema.find(name)) {
      if (physical == kAbsent) continue;
      list += base::cat(", ", filter.column(physical));
      cell.types.push_back(schema.physical[static_cast<std::size_t>(physical)]);
      ++next;
    }
    plan.cells.push_back(std::move(cell));
  }
  const bool oldest_first = !select.order.empty() && !select.order[0].descending;
  plan.sql.text =
      base::cat("SELECT ", list, " FROM (", source.sql(filter.used()), ") WHERE ", condition,
                oldest_first ? " ORDER BY ts, seq" : " ORDER BY ts DESC, seq DESC", " LIMIT ",
                plan.rows_max + 1);
  return plan;
}

}  // namespace understudy::store
