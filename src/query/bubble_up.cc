#include "query/bubble_up.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "base/text.h"
#include "query/column_difference.h"
#include "query/plan.h"
#include "query/spec_reader.h"
#include "query/time_window.h"
#include "query/value_json.h"
#include "store/event_store.h"

namespace understudy::query {
namespace {

using base::cat;
using base::Result;
using nlohmann::ordered_json;

constexpr int64_t kNsPerS = 1'000'000'000;
constexpr double kTimeMaxS = 9'223'372'036;  // what 64 bits of nanoseconds reach

base::Status read_bound(const JsonReader& node, const char* key, std::optional<double>& into) {
  const auto found = node.find(key);
  if (!found || found->is_null()) return {};
  TRY_ASSIGN(into, found->number());
  return {};
}

base::Status read_time(const JsonReader& node, const char* key, std::optional<double>& into) {
  TRY(read_bound(node, key, into));
  if (!into || (*into >= 0 && *into <= kTimeMaxS)) return {};
  return node.find(key)->error("is no time in Unix seconds");
}

Result<Selection> read_selection(const JsonReader& node) {
  TRY(node.only_keys(
      {"start_time", "end_time", "column", "min", "max", "filters", "filter_combination"}));
  Selection selection;
  TRY(read_time(node, "start_time", selection.start_time_s));
  TRY(read_time(node, "end_time", selection.end_time_s));
  if (selection.start_time_s && selection.end_time_s &&
      *selection.end_time_s <= *selection.start_time_s) {
    return node.find("end_time")->error("is not after start_time");
  }
  if (const auto column = node.find("column")) {
    TRY_ASSIGN(selection.column, read_column_name(*column));
  }
  TRY(read_bound(node, "min", selection.min));
  TRY(read_bound(node, "max", selection.max));
  const bool bounded = selection.min || selection.max;
  if (bounded && selection.column.empty()) return node.error("min and max need a \"column\"");
  if (!bounded && !selection.column.empty()) return node.error("\"column\" needs a min or a max");
  if (selection.min && selection.max && *selection.max < *selection.min) {
    return node.find("max")->error("is below min");
  }
  if (const auto filters = node.find("filters")) {
    TRY_ASSIGN(selection.filters, read_filters(*filters));
  }
  if (const auto combination = node.find("filter_combination")) {
    TRY_ASSIGN(selection.filter_combination, read_combination(*combination));
  }
  if (!selection.start_time_s && !selection.end_time_s && !bounded && selection.filters.empty()) {
    return node.error("chooses nothing: give times, a column with min and max, or filters");
  }
  return selection;
}

store::Filter value_filter(const Selection& selection) {
  std::vector<store::Filter> all;
  if (selection.min) {
    all.push_back(
        store::test(selection.column, store::FilterOp::kGreaterOrEqual, {*selection.min}));
  }
  if (selection.max) {
    all.push_back(store::test(selection.column, store::FilterOp::kLessOrEqual, {*selection.max}));
  }
  if (!selection.filters.empty()) {
    all.push_back(plan_filter(selection.filters, selection.filter_combination));
  }
  return store::all_of(std::move(all));
}

int64_t to_ns(double seconds) { return std::llround(seconds * 1e9); }

struct Counts {
  int64_t weighted = 0;
  int64_t rows = 0;
};

Result<Counts> count(store::EventStore& store, store::Select select) {
  select.aggregates = {{.kind = store::AggregateKind::kCount},
                       {.kind = store::AggregateKind::kRows}};
  TRY_ASSIGN(const store::ResultTable table, store.select(select));
  if (table.rows.size() != 1 || table.rows[0].size() != 2 || !table.rows[0][0].is_int() ||
      !table.rows[0][1].is_int()) {
    return base::error(base::ErrorKind::kInternal, "the store gave no count");
  }
  return Counts{table.rows[0][0].as_int(), table.rows[0][1].as_int()};
}

/// The columns to compare: those asked for, or all but those the selection is made of.
Result<std::vector<std::string>> columns_of(store::EventStore& store,
                                            const BubbleUpRequest& request) {
  if (!request.columns.empty()) return request.columns;
  std::set<std::string> own;
  own.insert(request.selection.column);
  for (const Filter& filter : request.selection.filters) own.insert(filter.column);
  std::set<std::string> names;
  const auto known = store.columns(request.dataset);
  if (!known.ok() && known.error().kind != base::ErrorKind::kNotFound) return known.error();
  if (known.ok()) {
    for (const store::DatasetColumn& column : *known) names.insert(column.name);
  }
  for (const CalculatedField& field : request.query.calculated_fields) names.insert(field.name);
  std::vector<std::string> columns;
  std::set_difference(names.begin(), names.end(), own.begin(), own.end(),
                      std::back_inserter(columns));
  return columns;
}

double share_for(int64_t rows) {
  return rows <= kBubbleUpRowsMax
             ? 1.0
             : static_cast<double>(kBubbleUpRowsMax) / static_cast<double>(rows);
}

}  // namespace

Result<BubbleUpRequest> BubbleUpRequest::parse(std::string_view json) {
  TRY_ASSIGN(const JsonDocument document, JsonDocument::parse(json));
  const JsonReader root = document.root();
  TRY(root.only_keys({"dataset", "query", "selection", "columns", "limit"}));
  BubbleUpRequest request;
  TRY_ASSIGN(const JsonReader dataset, root.require("dataset"));
  TRY_ASSIGN(request.dataset, dataset.text());
  if (request.dataset.empty()) return dataset.error("is empty");
  if (const auto query = root.find("query")) {
    TRY_ASSIGN(request.query, read_spec(*query));
    if (const auto status = validate(request.query); !status.ok()) {
      return base::invalid(cat("query.", status.error().context));
    }
  }
  TRY_ASSIGN(const JsonReader selection, root.require("selection"));
  TRY_ASSIGN(request.selection, read_selection(selection));
  if (const auto columns = root.find("columns"); columns && !columns->is_null()) {
    TRY_ASSIGN(const auto items, columns->items(kColumnsMax));
    for (const JsonReader& item : items) {
      TRY_ASSIGN(std::string column, read_column_name(item));
      request.columns.push_back(std::move(column));
    }
  }
  if (const auto limit = root.find("limit"); limit && !limit->is_null()) {
    TRY_ASSIGN(request.limit, limit->integer(1, kLimitMax));
  }
  return request;
}

Result<BubbleUp> bubble_up(store::EventStore& store, const BubbleUpRequest& request,
                           const base::Clock& clock) {
  TRY_ASSIGN(const TimeWindow window,
             resolve_time_window(request.query, clock.unix_ns() / kNsPerS + 1));
  const store::Select events = plan_events(request.query, request.dataset, window);
  store::Sample sample{.marked = value_filter(request.selection)};
  store::Select selected = events;
  if (request.selection.start_time_s) {
    sample.marked_start_ns = to_ns(*request.selection.start_time_s);
    selected.start_ns = std::max(selected.start_ns, sample.marked_start_ns);
  }
  if (request.selection.end_time_s) {
    sample.marked_end_ns = to_ns(*request.selection.end_time_s);
    selected.end_ns = std::min(selected.end_ns, sample.marked_end_ns);
  }
  selected.filter = store::all_of({selected.filter, sample.marked});

  BubbleUp found;
  TRY_ASSIGN(const Counts all, count(store, events));
  Counts chosen;
  if (selected.start_ns < selected.end_ns) {
    TRY_ASSIGN(chosen, count(store, selected));
  }
  // What is written between the two counts is in one of them only.
  const Counts rest{std::max<int64_t>(all.weighted - chosen.weighted, 0),
                    std::max<int64_t>(all.rows - chosen.rows, 0)};
  found.selected = chosen.weighted;
  found.baseline = rest.weighted;
  if (chosen.rows == 0 || rest.rows == 0) return found;
  sample.marked_share = share_for(chosen.rows);
  sample.other_share = share_for(rest.rows);
  found.sampled = sample.marked_share < 1 || sample.other_share < 1;

  TRY_ASSIGN(const std::vector<std::string> columns, columns_of(store, request));
  for (size_t first = 0; first < columns.size(); first += kBubbleUpColumnsAtOnce) {
    const size_t end = std::min(first + kBubbleUpColumnsAtOnce, columns.size());
    store::Select rows = events;
    rows.sample = sample;
    rows.row_columns.assign(columns.begin() + static_cast<std::ptrdiff_t>(first),
                            columns.begin() + static_cast<std::ptrdiff_t>(end));
    // Room for the swings of chance and for what was written meanwhile.
    rows.limit = static_cast<size_t>(3 * kBubbleUpRowsMax);
    TRY_ASSIGN(const store::ResultTable table, store.select(rows));
    found.looked_at = std::max(found.looked_at, static_cast<int64_t>(table.rows.size()));
    std::vector<ColumnCell> cells(table.rows.size());
    for (size_t i = first; i < end; ++i) {
      constexpr size_t kLeading = 3;  // time, sample rate, marked
      for (size_t row = 0; row < cells.size(); ++row) {
        const auto& values = table.rows[row];
        cells[row] = {.value = values[kLeading + i - first].view(),
                      .weight = values[1].as_number(),
                      .selected = values[2].as_bool()};
      }
      ColumnDifference one =
          compare_column(cells, {.selection = chosen.weighted, .baseline = rest.weighted});
      one.column = columns[i];
      found.columns.push_back(std::move(one));
    }
  }
  std::stable_sort(found.columns.begin(), found.columns.end(),
                   [](const ColumnDifference& a, const ColumnDifference& b) {
                     return a.score != b.score ? a.score > b.score : a.distance > b.distance;
                   });
  const auto limit = static_cast<size_t>(request.limit);
  if (found.columns.size() > limit) found.columns.resize(limit);
  return found;
}

std::string render_json(const BubbleUp& found) {
  ordered_json json = {{"selected", found.selected},
                       {"baseline", found.baseline},
                       {"looked_at", found.looked_at},
                       {"sampled", found.sampled},
                       {"columns", ordered_json::array()}};
  for (const ColumnDifference& column : found.columns) {
    ordered_json one = {
        {"column", column.column},
        {"kind", column.measure ? "measure" : "dimension"},
        {"score", column.score},
        {"distance", column.distance},
        {"missing",
         {{"selection", column.missing_selection}, {"baseline", column.missing_baseline}}}};
    if (column.measure) {
      one["edges"] = column.edges;
      one["selection"] = column.selection;
      one["baseline"] = column.baseline;
    } else {
      one["values"] = ordered_json::array();
      for (const ValueShares& value : column.values) {
        one["values"].push_back({{"value", value_json(value.value)},
                                 {"selection", value.selection},
                                 {"baseline", value.baseline},
                                 {"selection_count", value.selection_count},
                                 {"baseline_count", value.baseline_count}});
      }
      one["other"] = {{"selection", column.other_selection}, {"baseline", column.other_baseline}};
    }
    json["columns"].push_back(std::move(one));
  }
  return json.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

}  // namespace understudy::query
