#include "store/duckdb/sql_plan.h"

#include <algorithm>
#include <map>

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

std::string sql_quoted(std::string_view text, char quote) {
  std::string out(1, quote);
  for (const char c : text) {
    if (c == quote) out += quote;
    out += c;
  }
  return out + quote;
}

namespace {

/// Segments that one scan reads: they have the used columns under the same names.
struct Scan {
  std::string columns;
  std::string condition;
  std::string files;
};

/// The used columns of a segment, as `, "name" AS c7, NULL::BIGINT AS c8`.
std::string segment_columns(const Schema& schema, const SegmentLayout& layout,
                            const std::vector<bool>& used) {
  std::string list;
  for (std::size_t i = 0; i < used.size(); ++i) {
    if (!used[i]) continue;
    const auto found = layout.find(static_cast<int>(i));
    if (found == layout.end()) {
      list += base::cat(", NULL::", sql_type(schema.physical[i]), " AS c", i);
    } else {
      list += base::cat(", ", sql_quoted(found->second, '"'), " AS c", i);
    }
  }
  return list;
}

std::vector<Scan> segment_scans(const Select& select, const TableView& view,
                                const std::vector<bool>& used) {
  std::vector<Scan> scans;
  std::map<const SegmentLayout*, std::string> lists;
  for (const auto& segment : view.segments) {
    const Segment::Content& content = **segment;
    if (content.time_max_ns < select.start_ns || content.time_min_ns >= select.end_ns) continue;
    auto [list, is_new] = lists.try_emplace(content.layout.get());
    if (is_new) list->second = segment_columns(*view.schema, *content.layout, used);
    std::string condition;
    if (content.time_min_ns < select.start_ns) {
      condition = base::cat(" WHERE time >= make_timestamp_ns(", select.start_ns, ")");
    }
    if (content.time_max_ns >= select.end_ns) {
      condition += base::cat(condition.empty() ? " WHERE" : " AND", " time < make_timestamp_ns(",
                             select.end_ns, ")");
    }
    auto scan = std::find_if(scans.begin(), scans.end(), [&](const Scan& other) {
      return other.columns == list->second && other.condition == condition;
    });
    if (scan == scans.end()) {
      scan = scans.insert(scans.end(), Scan{list->second, std::move(condition), {}});
    }
    scan->files += base::cat(scan->files.empty() ? "" : ", ", sql_quoted(content.path, '\''));
  }
  return scans;
}

}  // namespace

std::string sql_source(const Select& select, const TableView& view, const std::vector<bool>& used) {
  std::vector<std::string> parts;
  for (const Scan& scan : segment_scans(select, view, used)) {
    parts.push_back(base::cat("SELECT seq, epoch_ns(time) AS ts, sample_rate AS rate", scan.columns,
                              " FROM read_parquet([", scan.files, "], hive_partitioning = false)",
                              scan.condition));
  }
  std::string list = "SELECT seq, ts, rate";
  for (std::size_t i = 0; i < used.size(); ++i) {
    if (used[i]) list += base::cat(", c", i);
  }
  bool in_tail = false;
  for (const BlockView& block : view.blocks) {
    if (block.time_max_ns < select.start_ns || block.time_min_ns >= select.end_ns) continue;
    in_tail = true;
  }
  if (in_tail) {
    parts.push_back(base::cat(list, " FROM tail_scan(", view.tail,
                              ") WHERE ts >= ", select.start_ns, " AND ts < ", select.end_ns));
  }
  if (!parts.empty()) return base::join(parts, " UNION ALL ");
  std::string nothing = "SELECT 0::BIGINT AS seq, 0::BIGINT AS ts, 1::BIGINT AS rate";
  for (std::size_t i = 0; i < used.size(); ++i) {
    if (used[i]) nothing += base::cat(", NULL::", sql_type(view.schema->physical[i]), " AS c", i);
  }
  return nothing + " WHERE false";
}

namespace {

std::string sql_marked(const Sample& sample, SqlFilter& filter) {
  return base::cat("(ts >= ", sample.marked_start_ns, " AND ts < ", sample.marked_end_ns, " AND ",
                   filter.write(sample.marked), ")");
}

/// True for about the wanted shares of the rows.
std::string sql_taken(const Sample& sample) {
  constexpr double kRange = 4'294'967'296;
  const auto part = [&](double share) { return static_cast<std::uint64_t>(share * kRange); };
  return base::cat("hash(seq) % ", static_cast<std::uint64_t>(kRange), " < CASE WHEN marked THEN ",
                   part(sample.marked_share), " ELSE ", part(sample.other_share), " END");
}

}  // namespace

SqlPlan plan_rows(const Select& select, const TableView& view) {
  SqlPlan plan;
  const EventSource source(select, view, plan.sql.parameters);
  const Schema& schema = source.schema();
  std::vector<std::string> names = select.row_columns;
  if (names.empty()) {
    for (const auto& [name, physical] : schema.columns) names.push_back(name);
  }
  plan.columns = row_result_columns(select, names);
  plan.rows_max = std::min(select.limit, result_rows_max(plan.columns.size()));
  SqlFilter filter(schema, plan.sql.parameters);
  const std::string condition = filter.write(select.filter);
  std::string list = "ts, rate";
  std::size_t next = 2;
  plan.cells = {{.first = 0}, {.first = 1}};
  std::string marked;
  if (select.sample) {
    marked = sql_marked(*select.sample, filter);
    list += ", marked";
    plan.cells.push_back(
        {.kind = SqlPlan::Cell::Kind::kValue, .first = next++, .types = {Type::kBool}});
  }
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
  if (select.sample) {
    plan.sql.text = base::cat("SELECT ", list, " FROM (SELECT *, ", marked, " AS marked FROM (",
                              source.sql(filter.used()), ")) WHERE ", condition, " AND ",
                              sql_taken(*select.sample), " LIMIT ", plan.rows_max + 1);
    return plan;
  }
  const bool oldest_first = !select.order.empty() && !select.order[0].descending;
  plan.sql.text =
      base::cat("SELECT ", list, " FROM (", source.sql(filter.used()), ") WHERE ", condition,
                oldest_first ? " ORDER BY ts, seq" : " ORDER BY ts DESC, seq DESC", " LIMIT ",
                plan.rows_max + 1);
  return plan;
}

}  // namespace understudy::store
