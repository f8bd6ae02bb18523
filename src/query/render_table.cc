#include "query/render_table.h"

#include <algorithm>
#include <vector>

#include "base/text.h"
#include "query/cell_text.h"
#include "query/rfc3339.h"

namespace understudy::query {
namespace {

using base::cat;

struct Cell {
  std::string text;
  bool right = false;
};
using TableRow = std::vector<Cell>;

std::string draw(const std::vector<TableRow>& rows) {
  std::vector<size_t> widths;
  for (const TableRow& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], character_count(row[i].text));
    }
  }
  std::string out;
  for (const TableRow& row : rows) {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i) {
      const std::string padding(widths[i] - character_count(row[i].text), ' ');
      if (i > 0) line += "  ";
      line += row[i].right ? padding + row[i].text : row[i].text + padding;
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + "\n";
  }
  return out;
}

// What is missing from an answer because the store no longer has it.
std::string missing_text(const std::optional<int64_t>& complete_since_ns) {
  if (!complete_since_ns) return {};
  return cat("not complete: of what happened before ", rfc3339_nanoseconds(*complete_since_ns),
             " some can no longer be queried\n");
}

Cell header(const std::string& name, bool right) { return {base::printable(name), right}; }

}  // namespace

std::string render_table(const QueryResult& result, const TableOptions& options) {
  std::vector<TableRow> rows;
  TableRow names;
  for (size_t i = 0; i < result.columns.size(); ++i) {
    names.push_back(header(result.columns[i], i >= result.breakdowns));
  }
  rows.push_back(std::move(names));
  const auto add = [&](const Row& row, std::string_view null_group) {
    TableRow cells;
    for (size_t i = 0; i < row.size(); ++i) {
      const bool group = i < result.breakdowns;
      cells.push_back(
          {cell_text(row[i], group ? null_group : "-", options.cell_width_max), !group});
    }
    rows.push_back(std::move(cells));
  };
  for (const Row& row : result.results) add(row, "(none)");
  if (result.other) add(*result.other, "(other)");
  if ((result.results.size() > 1 || result.other) && !result.total.empty()) {
    add(result.total, "(all)");
  }
  std::string out = draw(rows);
  out += cat(result.results.size(), result.results.size() == 1 ? " group" : " groups",
             result.groups_cut ? " (more exist; raise the limit)" : "", ", ",
             rfc3339_seconds(result.window.start_s), " to ", rfc3339_seconds(result.window.end_s),
             "\n", missing_text(result.complete_since_ns));
  return out;
}

std::string render_table(const RawEvents& events, const TableOptions& options) {
  std::vector<TableRow> rows;
  TableRow names{{"time", false}};
  for (const std::string& column : events.columns) names.push_back(header(column, false));
  rows.push_back(std::move(names));
  for (size_t i = 0; i < events.rows.size(); ++i) {
    TableRow cells{{rfc3339_nanoseconds(events.times_ns[i]), false}};
    for (const event::Value& value : events.rows[i]) {
      cells.push_back({cell_text(value, "", options.cell_width_max), value.is_number()});
    }
    rows.push_back(std::move(cells));
  }
  return cat(draw(rows), events.rows.size(), events.rows.size() == 1 ? " event" : " events",
             events.more ? " (older ones exist; raise the limit)" : "", "\n",
             missing_text(events.complete_since_ns));
}

}  // namespace understudy::query
