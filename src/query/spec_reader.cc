#include "query/spec_reader.h"

#include <algorithm>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <span>

#include "base/text.h"
#include "event/column.h"
#include "query/expression_parser.h"
#include "query/formula.h"

namespace understudy::query {
namespace {

using base::cat;
using base::Result;
using base::Status;

constexpr std::string_view kCombinations[] = {"AND", "OR"};
constexpr std::string_view kDirections[] = {"ascending", "descending"};

std::string quote(std::string_view text) { return cat("\"", base::printable(text, 60), "\""); }

Result<std::string_view> one_of(const JsonReader& node, std::span<const std::string_view> known) {
  TRY_ASSIGN(const std::string text, node.text());
  for (const std::string_view candidate : known) {
    if (candidate == text) return candidate;
  }
  const std::string_view near = base::nearest(text, known);
  std::string all;
  for (const std::string_view candidate : known) all += cat(all.empty() ? "" : ", ", candidate);
  return node.error(cat(quote(text), " is not known; ",
                        near.empty() ? cat("known are ", all) : cat("did you mean ", near, "?")));
}

}  // namespace

Result<std::string> read_column_name(const JsonReader& node) {
  TRY_ASSIGN(std::string column, node.text());
  if (column.empty()) return node.error("a column name is empty");
  if (column.size() > event::kColumnNameBytesMax) {
    return node.error(cat("a column name is longer than ", event::kColumnNameBytesMax, " bytes"));
  }
  return column;
}

Result<FilterCombination> read_combination(const JsonReader& node) {
  TRY_ASSIGN(const std::string_view text, one_of(node, kCombinations));
  return text == "OR" ? FilterCombination::kOr : FilterCombination::kAnd;
}

namespace {

Result<FilterOp> operator_of(const JsonReader& node) {
  TRY_ASSIGN(const std::string text, node.text());
  if (const auto op = filter_op(text)) return *op;
  TRY(one_of(node, filter_op_names()));
  return node.error(cat(quote(text), " is not known"));
}

Result<Filter> parse_one_filter(const JsonReader& node) {
  TRY(node.only_keys({"column", "op", "value"}));
  Filter filter;
  TRY_ASSIGN(const JsonReader column, node.require("column"));
  TRY_ASSIGN(filter.column, read_column_name(column));
  TRY_ASSIGN(const JsonReader op, node.require("op"));
  TRY_ASSIGN(filter.op, operator_of(op));
  const auto value = node.find("value");
  switch (filter.op) {
    case FilterOp::kExists:
    case FilterOp::kDoesNotExist:
      if (value && !value->is_null()) {
        return value->error(cat(name(filter.op), " takes no value"));
      }
      return filter;
    case FilterOp::kIn:
    case FilterOp::kNotIn: {
      if (!value) return node.error(cat(name(filter.op), " needs a \"value\" that is a list"));
      TRY_ASSIGN(const auto items, value->items(QueryLimits::kFilterValuesMax));
      if (items.empty()) return value->error("the list is empty");
      for (const JsonReader& item : items) {
        TRY_ASSIGN(event::Value constant, item.scalar());
        filter.values.push_back(std::move(constant));
      }
      return filter;
    }
    case FilterOp::kStartsWith:
    case FilterOp::kDoesNotStartWith:
    case FilterOp::kEndsWith:
    case FilterOp::kDoesNotEndWith:
    case FilterOp::kContains:
    case FilterOp::kDoesNotContain: {
      if (!value) return node.error(cat(name(filter.op), " needs a \"value\""));
      TRY_ASSIGN(std::string text, value->text());
      filter.values.emplace_back(std::move(text));
      return filter;
    }
    case FilterOp::kEqual:
    case FilterOp::kNotEqual:
    case FilterOp::kGreater:
    case FilterOp::kGreaterOrEqual:
    case FilterOp::kLess:
    case FilterOp::kLessOrEqual: {
      if (!value) return node.error(cat(name(filter.op), " needs a \"value\""));
      TRY_ASSIGN(event::Value constant, value->scalar());
      filter.values.push_back(std::move(constant));
      return filter;
    }
  }
  return filter;
}

}  // namespace

Result<std::vector<Filter>> read_filters(const JsonReader& node) {
  std::vector<Filter> filters;
  TRY_ASSIGN(const auto items, node.items(QueryLimits::kFiltersMax));
  for (const JsonReader& item : items) {
    TRY_ASSIGN(Filter filter, parse_one_filter(item));
    filters.push_back(std::move(filter));
  }
  return filters;
}

namespace {

// COUNT and COUNT(column) differ only here: an op, and a column where the op takes one.
Result<Calculation> op_and_column(const JsonReader& node, std::string_view op_key) {
  TRY_ASSIGN(const JsonReader op, node.require(op_key));
  TRY_ASSIGN(const std::string text, op.text());
  auto found = calculation_op(text);
  if (!found.ok()) return op.error(found.error().context);
  Calculation calculation = *std::move(found);
  const auto column = node.find("column");
  const bool given = column && !column->is_null();
  if (calculation.op == CalculationOp::kCount) {
    if (given) return column->error("COUNT takes no column; use COUNT_DISTINCT, or a filter");
    return calculation;
  }
  if (calculation.op == CalculationOp::kConcurrency) {
    if (given)
      return column->error(cat("CONCURRENCY takes no column; it goes by ", kDurationColumn));
    return calculation;
  }
  if (!given) return node.error(cat(calculation.op_name(), " needs a \"column\""));
  TRY_ASSIGN(calculation.column, read_column_name(*column));
  return calculation;
}

Result<Calculation> parse_one_calculation(const JsonReader& node) {
  TRY(node.only_keys({"op", "column", "name", "filters", "filter_combination"}));
  TRY_ASSIGN(Calculation calculation, op_and_column(node, "op"));
  if (const auto given = node.find("name")) {
    TRY_ASSIGN(calculation.name, read_column_name(*given));
  }
  if (const auto filters = node.find("filters")) {
    TRY_ASSIGN(calculation.filters, read_filters(*filters));
  }
  if (const auto combined = node.find("filter_combination")) {
    TRY_ASSIGN(calculation.filter_combination, read_combination(*combined));
  }
  return calculation;
}

// The key of the calculation an order or having means. A named calculation is found by op and
// column too, as Honeycomb's clients refer to it that way; one without a name comes first.
std::optional<std::string> key_of(const QuerySpec& spec, const Calculation& wanted) {
  const Calculation* named = nullptr;
  for (const Calculation& calculation : spec.calculations) {
    if (calculation.op != wanted.op || calculation.percentile != wanted.percentile ||
        calculation.column != wanted.column) {
      continue;
    }
    if (calculation.name.empty()) return calculation.key();
    if (named == nullptr) named = &calculation;
  }
  if (named != nullptr) return named->key();
  return std::nullopt;
}

const Calculation* calculation_with(const QuerySpec& spec, const std::string& key) {
  const auto found =
      std::find_if(spec.calculations.begin(), spec.calculations.end(),
                   [&](const Calculation& calculation) { return calculation.key() == key; });
  return found == spec.calculations.end() ? nullptr : &*found;
}

bool is_computed_key(const QuerySpec& spec, const std::string& key) {
  return calculation_with(spec, key) != nullptr ||
         std::any_of(spec.formulas.begin(), spec.formulas.end(),
                     [&](const Formula& formula) { return formula.name == key; });
}

std::string computed_keys(const QuerySpec& spec) {
  std::string all;
  for (const std::string& breakdown : spec.breakdowns) {
    all += cat(all.empty() ? "" : ", ", breakdown);
  }
  for (const Calculation& calculation : spec.calculations) {
    all += cat(all.empty() ? "" : ", ", calculation.key());
  }
  for (const Formula& formula : spec.formulas) all += cat(all.empty() ? "" : ", ", formula.name);
  return all;
}

Result<Order> parse_one_order(const JsonReader& node, const QuerySpec& spec) {
  TRY(node.only_keys({"column", "op", "order"}));
  Order order;
  if (const auto direction = node.find("order")) {
    TRY_ASSIGN(const std::string_view text, one_of(*direction, kDirections));
    order.descending = text == "descending";
  }
  if (node.find("op")) {
    TRY_ASSIGN(const Calculation wanted, op_and_column(node, "op"));
    const auto key = key_of(spec, wanted);
    if (!key) {
      return node.error(cat(wanted.key(), " is not among the calculations: ", computed_keys(spec)));
    }
    order.key = *key;
    return order;
  }
  TRY_ASSIGN(const JsonReader column, node.require("column"));
  TRY_ASSIGN(order.key, read_column_name(column));
  const bool known = std::find(spec.breakdowns.begin(), spec.breakdowns.end(), order.key) !=
                         spec.breakdowns.end() ||
                     is_computed_key(spec, order.key);
  if (!known) {
    return column.error(
        cat(quote(order.key), " is neither a breakdown nor a calculation: ", computed_keys(spec)));
  }
  return order;
}

Result<Having> parse_one_having(const JsonReader& node, const QuerySpec& spec) {
  TRY(node.only_keys({"calculate_op", "column", "op", "value"}));
  Having having;
  const auto column = node.find("column");
  if (!node.find("calculate_op") && column) {
    // Ours: a calculation by its name, for when op and column occur twice.
    TRY_ASSIGN(having.key, read_column_name(*column));
    if (!is_computed_key(spec, having.key)) {
      return column->error(
          cat(quote(having.key), " is not among the calculations: ", computed_keys(spec)));
    }
  } else {
    TRY_ASSIGN(const Calculation wanted, op_and_column(node, "calculate_op"));
    const auto key = key_of(spec, wanted);
    if (!key) {
      return node.error(cat(wanted.key(), " is not among the calculations: ", computed_keys(spec)));
    }
    having.key = *key;
  }
  TRY_ASSIGN(const JsonReader op, node.require("op"));
  TRY_ASSIGN(having.op, operator_of(op));
  if (having.op > FilterOp::kLessOrEqual) {
    return op.error("a having compares with =, !=, >, >=, < or <=");
  }
  TRY_ASSIGN(const JsonReader value, node.require("value"));
  TRY_ASSIGN(having.value, value.number());
  return having;
}

Status read_time_fields(const JsonReader& root, QuerySpec& spec) {
  constexpr int64_t kSecondsMax = 9'223'372'036;  // what 64 bits of nanoseconds reach, April 2262
  const auto read = [&](const char* key, std::optional<int64_t>& into) -> Status {
    if (const auto node = root.find(key); node && !node->is_null()) {
      TRY_ASSIGN(into, node->integer(0, kSecondsMax));
    }
    return {};
  };
  TRY(read("start_time", spec.start_time_s));
  TRY(read("end_time", spec.end_time_s));
  TRY(read("time_range", spec.time_range_s));
  TRY(read("granularity", spec.granularity_s));
  if (spec.granularity_s == 0) spec.granularity_s.reset();
  return {};
}

Result<std::string> expression_text(const JsonReader& node, size_t bytes_max) {
  TRY_ASSIGN(const JsonReader place, node.require("expression"));
  TRY_ASSIGN(std::string text, place.text());
  if (text.empty()) return place.error("is empty");
  if (text.size() > bytes_max) {
    return place.error(cat(text.size(), " bytes are more than ", bytes_max));
  }
  return text;
}

Status read_named_expressions(const JsonReader& root, QuerySpec& spec) {
  if (const auto node = root.find("calculated_fields")) {
    TRY_ASSIGN(const auto items, node->items(QueryLimits::kCalculatedFieldsMax));
    for (const JsonReader& item : items) {
      TRY(item.only_keys({"name", "expression"}));
      CalculatedField field;
      TRY_ASSIGN(const JsonReader name, item.require("name"));
      TRY_ASSIGN(field.name, read_column_name(name));
      TRY_ASSIGN(field.expression, expression_text(item, QueryLimits::kExpressionBytesMax));
      auto parsed = parse_expression(field.expression);
      if (!parsed.ok()) return item.find("expression")->error(parsed.error().context);
      field.parsed = *std::move(parsed);
      spec.calculated_fields.push_back(std::move(field));
    }
  }
  if (const auto node = root.find("formulas")) {
    TRY_ASSIGN(const auto items, node->items(QueryLimits::kFormulasMax));
    for (const JsonReader& item : items) {
      TRY(item.only_keys({"name", "expression"}));
      Formula formula;
      TRY_ASSIGN(const JsonReader name, item.require("name"));
      TRY_ASSIGN(formula.name, read_column_name(name));
      TRY_ASSIGN(formula.expression, expression_text(item, QueryLimits::kFormulaBytesMax));
      auto steps = parse_formula(formula.expression);
      if (!steps.ok()) return item.find("expression")->error(steps.error().context);
      formula.steps = *std::move(steps);
      spec.formulas.push_back(std::move(formula));
    }
  }
  return {};
}

Status read_switches(const JsonReader& root, QuerySpec& spec) {
  const auto read = [&](const char* key, bool& into) -> Status {
    if (const auto node = root.find(key)) {
      TRY_ASSIGN(into, node->boolean());
    }
    return {};
  };
  TRY(read("disable_series", spec.disable_series));
  TRY(read("disable_total_by_aggregate", spec.disable_total_by_aggregate));
  return read("disable_other_by_aggregate", spec.disable_other_by_aggregate);
}

Status read_compare_offset(const JsonReader& root, QuerySpec& spec) {
  const auto node = root.find("compare_time_offset_seconds");
  if (!node || node->is_null()) return {};
  TRY_ASSIGN(const double wanted, node->number());
  if (wanted == 0) return {};
  std::string known;
  for (const int64_t offset_s : kCompareOffsetsS) {
    if (static_cast<double>(offset_s) == wanted) spec.compare_time_offset_s = offset_s;
    known += cat(known.empty() ? "" : ", ", offset_s);
  }
  if (!spec.compare_time_offset_s) return node->error(cat("must be one of ", known));
  return {};
}

}  // namespace

Result<QuerySpec> read_spec(const JsonReader& root) {
  TRY(root.only_keys(kSpecFields));
  QuerySpec spec;
  if (const auto node = root.find("breakdowns")) {
    TRY_ASSIGN(const auto items, node->items(QueryLimits::kBreakdownsMax));
    for (const JsonReader& item : items) {
      TRY_ASSIGN(std::string column, read_column_name(item));
      spec.breakdowns.push_back(std::move(column));
    }
  }
  if (const auto node = root.find("calculations")) {
    TRY_ASSIGN(const auto items, node->items(QueryLimits::kCalculationsMax));
    for (const JsonReader& item : items) {
      TRY_ASSIGN(Calculation calculation, parse_one_calculation(item));
      spec.calculations.push_back(std::move(calculation));
    }
  }
  if (spec.calculations.empty()) spec.calculations.emplace_back();
  TRY(read_named_expressions(root, spec));
  if (const auto node = root.find("filters")) {
    TRY_ASSIGN(spec.filters, read_filters(*node));
  }
  if (const auto node = root.find("filter_combination")) {
    TRY_ASSIGN(spec.filter_combination, read_combination(*node));
  }
  if (const auto node = root.find("orders")) {
    TRY_ASSIGN(const auto items, node->items(QueryLimits::kOrdersMax));
    for (const JsonReader& item : items) {
      TRY_ASSIGN(Order order, parse_one_order(item, spec));
      spec.orders.push_back(std::move(order));
    }
  }
  if (const auto node = root.find("havings")) {
    TRY_ASSIGN(const auto items, node->items(QueryLimits::kHavingsMax));
    for (const JsonReader& item : items) {
      TRY_ASSIGN(Having having, parse_one_having(item, spec));
      spec.havings.push_back(std::move(having));
    }
  }
  TRY(read_switches(root, spec));
  TRY(read_compare_offset(root, spec));
  if (const auto node = root.find("limit")) {
    TRY_ASSIGN(spec.limit,
               node->integer(1, spec.disable_series ? QueryLimits::kLimitMaxWithoutSeries
                                                    : QueryLimits::kLimitMax));
  }
  TRY(read_time_fields(root, spec));
  return spec;
}

}  // namespace understudy::query
