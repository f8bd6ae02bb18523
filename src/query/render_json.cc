#include "query/render_json.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "query/rfc3339.h"
#include "query/value_json.h"

namespace understudy::query {

using nlohmann::ordered_json;

ordered_json value_json(const event::Value& value) {
  switch (value.type()) {
    case event::Type::kNull:
      return nullptr;
    case event::Type::kBool:
      return value.as_bool();
    case event::Type::kInt:
      return value.as_int();
    case event::Type::kDouble:
      return std::isfinite(value.as_double()) ? ordered_json(value.as_double())
                                              : ordered_json(nullptr);
    case event::Type::kString:
      return value.as_string();
  }
  return nullptr;
}

namespace {

// Cells by column name. A group's missing breakdown is left out, as Honeycomb does; a number that
// could not be computed is null.
ordered_json row_json(const std::vector<std::string>& columns, const Row& row, size_t skip_nulls) {
  ordered_json json = ordered_json::object();
  for (size_t i = 0; i < columns.size() && i < row.size(); ++i) {
    if (i < skip_nulls && row[i].is_null()) continue;
    json[columns[i]] = value_json(row[i]);
  }
  return json;
}

// Whether the store still had everything the question was about, and if not, since when it has.
void add_completeness(ordered_json& json, const std::optional<int64_t>& since_ns) {
  json["complete"] = !since_ns;
  if (since_ns) json["complete_since"] = rfc3339_nanoseconds(*since_ns);
}

// A group's missing breakdowns are left out of "group", as in a row.
ordered_json heatmap_json(const QueryResult& result, const Heatmap& map) {
  ordered_json json = {{"key", map.key},
                       {"column", map.column},
                       {"group", row_json(result.columns, map.group, result.breakdowns)},
                       {"edges", map.edges},
                       {"scale", map.logarithmic ? "log" : "linear"},
                       {"times", ordered_json::array()}};
  for (const int64_t time_s : map.times_s) json["times"].push_back(rfc3339_seconds(time_s));
  json["counts"] = map.counts;
  json["not_numbers"] = map.not_numbers;
  json["total"] = map.total;
  return json;
}

void add_warnings(ordered_json& json, const std::vector<std::string>& warnings) {
  if (!warnings.empty()) json["warnings"] = warnings;
}

std::string dump(const ordered_json& json) {
  return json.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

}  // namespace

std::string render_json(const QueryResult& result) {
  const auto row = [&](const Row& cells) {
    return ordered_json{{"data", row_json(result.columns, cells, result.breakdowns)}};
  };
  const auto rows = [&](const std::vector<Row>& all) {
    ordered_json list = ordered_json::array();
    for (const Row& cells : all) list.push_back(row(cells));
    return list;
  };
  const auto series = [&](const std::vector<SeriesPoint>& points) {
    ordered_json list = ordered_json::array();
    for (const SeriesPoint& point : points) {
      list.push_back({{"time", rfc3339_seconds(point.time_s)},
                      {"data", row_json(result.columns, point.cells, result.breakdowns)}});
    }
    return list;
  };
  ordered_json data = {{"series", series(result.series)}, {"results", rows(result.results)}};
  if (!result.spec.disable_total_by_aggregate) {
    data["total_by_aggregate"] = row(result.total);
    data["total_by_aggregate_series"] = series(result.total_series);
  }
  if (result.other) data["other_by_aggregate"] = row(*result.other);
  if (!result.heatmaps.empty()) {
    data["heatmaps"] = ordered_json::array();
    for (const Heatmap& map : result.heatmaps) {
      data["heatmaps"].push_back(heatmap_json(result, map));
    }
    data["heatmaps_cut"] = result.heatmaps_cut;
  }
  if (result.comparison) {
    const Comparison& then = *result.comparison;
    ordered_json compare = {{"offset_seconds", then.offset_s},
                            {"results", rows(then.results)},
                            {"series", series(then.series)}};
    if (!result.spec.disable_total_by_aggregate) compare["total_by_aggregate"] = row(then.total);
    add_completeness(compare, then.complete_since_ns);
    data["compare"] = std::move(compare);
  }
  ordered_json query = spec_json(result.spec);
  query["granularity"] = result.window.granularity_s;
  query["start_time"] = result.window.start_s;
  query["end_time"] = result.window.end_s;
  query.erase("time_range");
  ordered_json json = {{"query", std::move(query)}};
  add_completeness(json, result.complete_since_ns);
  add_warnings(json, result.warnings);
  json["data"] = std::move(data);
  json["groups_cut"] = result.groups_cut;
  json["series_cut"] = result.series_cut;
  json["elapsed_us"] = result.elapsed_us;
  return dump(json);
}

std::string render_json(const RawEvents& events) {
  ordered_json json = {
      {"columns", events.columns}, {"events", ordered_json::array()}, {"more", events.more}};
  add_completeness(json, events.complete_since_ns);
  add_warnings(json, events.warnings);
  for (size_t i = 0; i < events.rows.size(); ++i) {
    json["events"].push_back(
        {{"time", rfc3339_nanoseconds(events.times_ns[i])},
         {"data", row_json(events.columns, events.rows[i], events.columns.size())}});
  }
  return dump(json);
}

}  // namespace understudy::query
