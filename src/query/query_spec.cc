#include "query/query_spec.h"

#include <algorithm>
#include <set>

#include "base/text.h"
#include "query/json_reader.h"
#include "query/spec_reader.h"

namespace understudy::query {
namespace {

using base::cat;
using base::Result;
using base::Status;

std::string quote(std::string_view text) { return cat("\"", base::printable(text, 60), "\""); }

const Calculation* calculation_with(const QuerySpec& spec, const std::string& key) {
  const auto found =
      std::find_if(spec.calculations.begin(), spec.calculations.end(),
                   [&](const Calculation& calculation) { return calculation.key() == key; });
  return found == spec.calculations.end() ? nullptr : &*found;
}

}  // namespace

Result<QuerySpec> QuerySpec::parse(std::string_view json) {
  TRY_ASSIGN(const JsonDocument document, JsonDocument::parse(json));
  TRY_ASSIGN(QuerySpec spec, read_spec(document.root()));
  TRY(validate(spec));
  return spec;
}

std::vector<std::string> result_columns(const QuerySpec& spec) {
  std::vector<std::string> columns = spec.breakdowns;
  for (const Calculation& calculation : spec.calculations) {
    if (calculation.op != CalculationOp::kHeatmap) columns.push_back(calculation.key());
  }
  for (const Formula& formula : spec.formulas) columns.push_back(formula.name);
  return columns;
}

namespace {

// A rate is a difference between buckets and a heatmap is many numbers: neither orders groups.
Status check_one_number(const QuerySpec& spec, const std::string& key, const std::string& field) {
  const Calculation* calculation = calculation_with(spec, key);
  if (calculation == nullptr) return {};
  if (!is_rate(calculation->op) && calculation->op != CalculationOp::kHeatmap) return {};
  return base::invalid(cat(field, ": ", quote(key), " is a ", calculation->op_name(),
                           ", which gives no single number for a group"));
}

Status check_references(const QuerySpec& spec) {
  for (size_t i = 0; i < spec.formulas.size(); ++i) {
    const std::string field = cat("formulas[", i, "].expression");
    for (const FormulaStep& step : spec.formulas[i].steps) {
      if (step.kind != FormulaStep::Kind::kCalculation) continue;
      if (calculation_with(spec, step.calculation) == nullptr) {
        std::vector<std::string> keys;
        for (const Calculation& one : spec.calculations) keys.push_back(one.key());
        const std::vector<std::string_view> known(keys.begin(), keys.end());
        const std::string_view near = base::nearest(step.calculation, known);
        return base::invalid(cat(field, ": ", quote(step.calculation),
                                 " is not among the calculations",
                                 near.empty() ? cat(": ", base::join(keys, ", "))
                                              : cat("; did you mean ", quote(near), "?")));
      }
      TRY(check_one_number(spec, step.calculation, field));
    }
  }
  for (size_t i = 0; i < spec.orders.size(); ++i) {
    TRY(check_one_number(spec, spec.orders[i].key, cat("orders[", i, "]")));
  }
  for (size_t i = 0; i < spec.havings.size(); ++i) {
    TRY(check_one_number(spec, spec.havings[i].key, cat("havings[", i, "]")));
  }
  return {};
}

Status check_calculated_fields(const std::vector<CalculatedField>& fields) {
  std::set<std::string> names;
  for (size_t i = 0; i < fields.size(); ++i) {
    if (!names.insert(fields[i].name).second) {
      return base::invalid(cat("calculated_fields[", i, "].name: ", quote(fields[i].name),
                               " is the name of another one too"));
    }
  }
  if (const Status status = store::validate(computed_columns(fields)); !status.ok()) {
    return base::error(status.error().kind, cat("calculated_fields: ", status.error().context));
  }
  return {};
}

}  // namespace

Status validate(const QuerySpec& spec) {
  std::set<std::string> keys;
  for (const std::string& breakdown : spec.breakdowns) {
    if (!keys.insert(breakdown).second) {
      return base::invalid(cat("breakdowns: ", quote(breakdown), " is given twice"));
    }
  }
  for (size_t i = 0; i < spec.calculations.size(); ++i) {
    const std::string key = spec.calculations[i].key();
    if (!keys.insert(key).second) {
      return base::invalid(cat("calculations[", i, "]: ", quote(key),
                               " is computed twice; give one of them a \"name\""));
    }
  }
  for (size_t i = 0; i < spec.formulas.size(); ++i) {
    if (!keys.insert(spec.formulas[i].name).second) {
      return base::invalid(cat("formulas[", i, "].name: ", quote(spec.formulas[i].name),
                               " is the name of something else too"));
    }
  }
  const auto heatmaps =
      std::count_if(spec.calculations.begin(), spec.calculations.end(),
                    [](const Calculation& one) { return one.op == CalculationOp::kHeatmap; });
  if (static_cast<size_t>(heatmaps) > QueryLimits::kHeatmapsMax) {
    return base::invalid(
        cat("calculations: ", heatmaps, " heatmaps are more than ", QueryLimits::kHeatmapsMax));
  }
  TRY(check_calculated_fields(spec.calculated_fields));
  TRY(check_references(spec));
  if (spec.start_time_s && spec.end_time_s && spec.time_range_s) {
    return base::invalid(
        "time_range: start_time and end_time already say the range; leave one of the three out");
  }
  if (spec.start_time_s && spec.end_time_s && *spec.end_time_s <= *spec.start_time_s) {
    return base::invalid(
        cat("end_time: ", *spec.end_time_s, " is not after start_time ", *spec.start_time_s));
  }
  if (spec.time_range_s && *spec.time_range_s <= 0) {
    return base::invalid("time_range: must be at least 1 second");
  }
  if (spec.limit < 1 || spec.limit > (spec.disable_series ? QueryLimits::kLimitMaxWithoutSeries
                                                          : QueryLimits::kLimitMax)) {
    return base::invalid(
        cat("limit: ", spec.limit, " is not within 1 and ",
            spec.disable_series ? QueryLimits::kLimitMaxWithoutSeries : QueryLimits::kLimitMax));
  }
  return {};
}

}  // namespace understudy::query
