#include "query/render_csv.h"

#include "query/cell_text.h"
#include "query/rfc3339.h"

namespace understudy::query {

void append_csv_text(std::string& out, std::string_view text) {
  const bool formula =
      !text.empty() && std::string_view("=+-@\t\r").find(text[0]) != std::string_view::npos;
  const bool needs_quotes = text.empty() ||
                            text.find_first_of(",\"\r\n") != std::string_view::npos ||
                            text.front() == ' ' || text.back() == ' ';
  if (!formula && !needs_quotes) {
    out += text;
    return;
  }
  out += '"';
  if (formula) out += '\'';
  for (const char letter : text) {
    if (letter == '"') out += '"';
    out += letter;
  }
  out += '"';
}

namespace {

void add_cell(std::string& out, const event::Value& value) {
  if (value.is_string()) {
    append_csv_text(out, value.as_string());
  } else {
    out += exact_text(value);
  }
}

void add_cells(std::string& out, const Row& row) {
  for (size_t i = 0; i < row.size(); ++i) {
    if (i > 0) out += ',';
    add_cell(out, row[i]);
  }
  out += "\r\n";
}

void add_names(std::string& out, const std::vector<std::string>& names) {
  for (size_t i = 0; i < names.size(); ++i) {
    if (i > 0) out += ',';
    append_csv_text(out, names[i]);
  }
  out += "\r\n";
}

}  // namespace

std::string render_csv(const QueryResult& result) {
  std::string out;
  add_names(out, result.columns);
  for (const Row& row : result.results) add_cells(out, row);
  return out;
}

std::string render_series_csv(const QueryResult& result) {
  std::string out = "time,";
  add_names(out, result.columns);
  for (const SeriesPoint& point : result.series) {
    out += rfc3339_seconds(point.time_s) + ",";
    add_cells(out, point.cells);
  }
  return out;
}

std::string render_csv(const RawEvents& events) {
  std::string out = "time";
  if (!events.columns.empty()) out += ',';
  add_names(out, events.columns);
  for (size_t i = 0; i < events.rows.size(); ++i) {
    out += rfc3339_nanoseconds(events.times_ns[i]);
    if (!events.rows[i].empty()) out += ',';
    add_cells(out, events.rows[i]);
  }
  return out;
}

}  // namespace understudy::query
