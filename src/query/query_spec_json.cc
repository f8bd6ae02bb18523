#include <nlohmann/json.hpp>

#include "query/query_spec.h"
#include "query/value_json.h"

namespace understudy::query {
namespace {

using nlohmann::ordered_json;

ordered_json filters_json(const std::vector<Filter>& filters) {
  ordered_json list = ordered_json::array();
  for (const Filter& filter : filters) {
    ordered_json one = {{"column", filter.column}, {"op", name(filter.op)}};
    switch (filter.op) {
      case FilterOp::kExists:
      case FilterOp::kDoesNotExist:
        break;
      case FilterOp::kIn:
      case FilterOp::kNotIn: {
        ordered_json values = ordered_json::array();
        for (const event::Value& value : filter.values) values.push_back(value_json(value));
        one["value"] = std::move(values);
        break;
      }
      default:
        one["value"] = filter.values.empty() ? ordered_json() : value_json(filter.values.front());
    }
    list.push_back(std::move(one));
  }
  return list;
}

const Calculation* calculation_of(const QuerySpec& spec, const std::string& key) {
  for (const Calculation& calculation : spec.calculations) {
    if (calculation.key() == key) return &calculation;
  }
  return nullptr;
}

// A named calculation is meant by its name, as op and column may occur twice.
ordered_json reference(const QuerySpec& spec, const std::string& key, const char* op_key) {
  const Calculation* calculation = calculation_of(spec, key);
  if (calculation == nullptr || !calculation->name.empty()) return {{"column", key}};
  ordered_json json = {{op_key, calculation->op_name()}};
  if (!calculation->column.empty()) json["column"] = calculation->column;
  return json;
}

}  // namespace

ordered_json spec_json(const QuerySpec& spec) {
  ordered_json json = ordered_json::object();
  if (!spec.breakdowns.empty()) json["breakdowns"] = spec.breakdowns;
  ordered_json calculations = ordered_json::array();
  for (const Calculation& calculation : spec.calculations) {
    ordered_json one = {{"op", calculation.op_name()}};
    if (!calculation.column.empty()) one["column"] = calculation.column;
    if (!calculation.name.empty()) one["name"] = calculation.name;
    if (!calculation.filters.empty()) one["filters"] = filters_json(calculation.filters);
    if (calculation.filter_combination == FilterCombination::kOr) one["filter_combination"] = "OR";
    calculations.push_back(std::move(one));
  }
  json["calculations"] = std::move(calculations);
  if (!spec.filters.empty()) json["filters"] = filters_json(spec.filters);
  if (spec.filter_combination == FilterCombination::kOr) json["filter_combination"] = "OR";
  if (!spec.orders.empty()) json["orders"] = ordered_json::array();
  for (const Order& order : spec.orders) {
    ordered_json one = reference(spec, order.key, "op");
    one["order"] = order.descending ? "descending" : "ascending";
    json["orders"].push_back(std::move(one));
  }
  if (!spec.havings.empty()) json["havings"] = ordered_json::array();
  for (const Having& having : spec.havings) {
    ordered_json one = reference(spec, having.key, "calculate_op");
    one["op"] = name(having.op);
    one["value"] = having.value;
    json["havings"].push_back(std::move(one));
  }
  for (const CalculatedField& field : spec.calculated_fields) {
    json["calculated_fields"].push_back({{"name", field.name}, {"expression", field.expression}});
  }
  for (const Formula& formula : spec.formulas) {
    json["formulas"].push_back({{"name", formula.name}, {"expression", formula.expression}});
  }
  if (spec.compare_time_offset_s) {
    json["compare_time_offset_seconds"] = *spec.compare_time_offset_s;
  }
  if (spec.disable_series) json["disable_series"] = true;
  if (spec.disable_total_by_aggregate) json["disable_total_by_aggregate"] = true;
  if (spec.disable_other_by_aggregate) json["disable_other_by_aggregate"] = true;
  if (spec.limit != QueryLimits::kLimitDefault) json["limit"] = spec.limit;
  if (spec.granularity_s) json["granularity"] = *spec.granularity_s;
  if (spec.start_time_s) json["start_time"] = *spec.start_time_s;
  if (spec.end_time_s) json["end_time"] = *spec.end_time_s;
  if (spec.time_range_s) json["time_range"] = *spec.time_range_s;
  return json;
}

std::string QuerySpec::to_json() const {
  return spec_json(*this).dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

}  // namespace understudy::query
