#include "grammar/drawing.h"

#include <nlohmann/json.hpp>

#include "grammar/planner.h"

namespace flamingo {
namespace {

using nlohmann::json;

std::string_view mark_name(Mark mark) {
  switch (mark) {
    case Mark::kBar:
      return "bar";
    case Mark::kLine:
      return "line";
    case Mark::kPoint:
      return "point";
    case Mark::kRect:
      return "rect";
  }
  return "bar";
}

std::string_view type_word(FieldType type) {
  switch (type) {
    case FieldType::kQuantitative:
      return "quantitative";
    case FieldType::kTemporal:
      return "temporal";
    case FieldType::kOrdinal:
      return "ordinal";
    case FieldType::kNominal:
      return "nominal";
  }
  return "quantitative";
}

std::string title_of(const Channel& channel) {
  if (!channel.title.empty()) return channel.title;
  if (channel.time_unit)
    return channel.field + " (" + std::string(time_unit_name(*channel.time_unit)) + ")";
  if (channel.aggregate == Aggregate::kCount) return "number of rows";
  if (channel.aggregate != Aggregate::kNone) {
    return std::string(aggregate_name(channel.aggregate)) + " of " + channel.field;
  }
  return channel.field;
}

double bin_width(const Channel& channel, const Parameters& derived) {
  if (channel.bin->step) return *channel.bin->step;
  const auto found = derived.find("step_" + channel.field);
  if (found == derived.end()) return 1;
  if (const auto* whole = std::get_if<int64_t>(&found->second)) return static_cast<double>(*whole);
  const auto* width = std::get_if<double>(&found->second);
  return width != nullptr ? *width : 1;
}

json time_encoding(const Channel& channel) {
  if (cuts(*channel.time_unit)) {
    return {{"type", "temporal"},
            {"timeUnit", "utc" + std::string(time_unit_name(*channel.time_unit))}};
  }
  json encoding = {{"type", "ordinal"}};
  if (*channel.time_unit == TimeUnit::kDay) {
    encoding["axis"]["labelExpr"] = "['Sun','Mon','Tue','Wed','Thu','Fri','Sat'][datum.value]";
  }
  return encoding;
}

}  // namespace

std::string drawing_json(const ChartSpec& spec, const Parameters& derived) {
  json encoding = json::object();
  json transform = json::array();
  for (const Channel& channel : spec.channels) {
    const std::string column = column_of(channel);
    json drawn = {{"type", type_word(channel.type)}};
    if (channel.time_unit) drawn = time_encoding(channel);
    drawn["field"] = column;
    drawn["title"] = title_of(channel);
    const bool is_position = channel.name == "x" || channel.name == "y";
    if (!is_position) drawn.erase("axis");
    if (channel.bin && is_position) {
      const double width = bin_width(channel, derived);
      const std::string end = column + "_end";
      transform.push_back(
          {{"calculate", "datum." + column + " + " + json(width).dump()}, {"as", end}});
      drawn["bin"] = {{"binned", true}, {"step", width}};
      encoding[channel.name + "2"] = {{"field", end}};
    }
    if (channel.sort && is_position) {
      drawn["sort"] = channel.sort->channel == channel.name
                          ? std::string(channel.sort->descending ? "descending" : "ascending")
                          : (channel.sort->descending ? "-" : "") + channel.sort->channel;
    }
    encoding[channel.name] = std::move(drawn);
  }
  json drawing = {{"$schema", "https://vega.github.io/schema/vega-lite/v6.json"},
                  {"mark", {{"type", mark_name(spec.mark)}, {"tooltip", true}}},
                  {"encoding", std::move(encoding)}};
  if (!spec.title.empty()) drawing["title"] = spec.title;
  if (!transform.empty()) drawing["transform"] = std::move(transform);
  return drawing.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace flamingo
