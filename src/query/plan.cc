#include "query/plan.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string>

#include "base/text.h"

namespace understudy::query {
namespace {

constexpr int64_t kNsPerS = 1'000'000'000;

store::FilterOp store_op(FilterOp op) {
  switch (op) {
    case FilterOp::kEqual:
      return store::FilterOp::kEqual;
    case FilterOp::kNotEqual:
      return store::FilterOp::kNotEqual;
    case FilterOp::kGreater:
      return store::FilterOp::kGreater;
    case FilterOp::kGreaterOrEqual:
      return store::FilterOp::kGreaterOrEqual;
    case FilterOp::kLess:
      return store::FilterOp::kLess;
    case FilterOp::kLessOrEqual:
      return store::FilterOp::kLessOrEqual;
    case FilterOp::kStartsWith:
      return store::FilterOp::kStartsWith;
    case FilterOp::kDoesNotStartWith:
      return store::FilterOp::kDoesNotStartWith;
    case FilterOp::kEndsWith:
      return store::FilterOp::kEndsWith;
    case FilterOp::kDoesNotEndWith:
      return store::FilterOp::kDoesNotEndWith;
    case FilterOp::kContains:
      return store::FilterOp::kContains;
    case FilterOp::kDoesNotContain:
      return store::FilterOp::kDoesNotContain;
    case FilterOp::kExists:
      return store::FilterOp::kExists;
    case FilterOp::kDoesNotExist:
      return store::FilterOp::kDoesNotExist;
    case FilterOp::kIn:
      return store::FilterOp::kIn;
    case FilterOp::kNotIn:
      return store::FilterOp::kNotIn;
  }
  return store::FilterOp::kEqual;
}

store::AggregateKind aggregate_kind(CalculationOp op) {
  switch (op) {
    case CalculationOp::kCount:
      return store::AggregateKind::kCount;
    case CalculationOp::kCountDistinct:
      return store::AggregateKind::kCountDistinct;
    case CalculationOp::kSum:
      return store::AggregateKind::kSum;
    case CalculationOp::kAvg:
      return store::AggregateKind::kAvg;
    case CalculationOp::kMin:
      return store::AggregateKind::kMin;
    case CalculationOp::kMax:
      return store::AggregateKind::kMax;
    case CalculationOp::kPercentile:
      return store::AggregateKind::kQuantile;
    case CalculationOp::kConcurrency:
      return store::AggregateKind::kConcurrency;
    case CalculationOp::kRateAvg:
      return store::AggregateKind::kAvg;
    case CalculationOp::kRateSum:
      return store::AggregateKind::kSum;
    case CalculationOp::kRateMax:
      return store::AggregateKind::kMax;
    case CalculationOp::kHeatmap:
      break;
  }
  return store::AggregateKind::kCount;
}

store::FormulaStep::Kind step_kind(FormulaStep::Kind kind) {
  switch (kind) {
    case FormulaStep::Kind::kNumber:
      return store::FormulaStep::Kind::kNumber;
    case FormulaStep::Kind::kCalculation:
      return store::FormulaStep::Kind::kAggregate;
    case FormulaStep::Kind::kAdd:
      return store::FormulaStep::Kind::kAdd;
    case FormulaStep::Kind::kSubtract:
      return store::FormulaStep::Kind::kSubtract;
    case FormulaStep::Kind::kMultiply:
      return store::FormulaStep::Kind::kMultiply;
    case FormulaStep::Kind::kDivide:
      return store::FormulaStep::Kind::kDivide;
  }
  return store::FormulaStep::Kind::kNumber;
}

store::Aggregate plan_aggregate(const Calculation& calculation) {
  store::Aggregate aggregate;
  aggregate.kind = aggregate_kind(calculation.op);
  aggregate.column = calculation.op == CalculationOp::kConcurrency ? std::string(kDurationColumn)
                                                                   : calculation.column;
  aggregate.quantile = calculation.percentile;
  aggregate.filter = plan_filter(calculation.filters, calculation.filter_combination);
  aggregate.name = calculation.key();
  return aggregate;
}

/// Where the number of a calculation or formula stands among those of the store, by its key.
using NumberOf = std::map<std::string, size_t>;

store::Formula plan_formula(const Formula& formula, const NumberOf& number_of) {
  store::Formula planned{.name = formula.name};
  for (const FormulaStep& step : formula.steps) {
    store::FormulaStep made{.kind = step_kind(step.kind), .number = step.number};
    if (step.kind == FormulaStep::Kind::kCalculation) {
      made.aggregate = number_of.at(step.calculation);
    }
    planned.steps.push_back(made);
  }
  return planned;
}

store::Order plan_order(const QuerySpec& spec, const Order& order, const NumberOf& number_of) {
  const auto breakdown = std::find(spec.breakdowns.begin(), spec.breakdowns.end(), order.key);
  if (breakdown != spec.breakdowns.end()) {
    return {.by = store::Order::By::kGroup,
            .index = static_cast<size_t>(breakdown - spec.breakdowns.begin()),
            .descending = order.descending};
  }
  return {.by = store::Order::By::kAggregate,
          .index = number_of.at(order.key),
          .descending = order.descending};
}

}  // namespace

std::vector<store::Computed> computed_columns(const std::vector<CalculatedField>& fields) {
  std::vector<store::Computed> columns;
  columns.reserve(fields.size());
  for (const CalculatedField& field : fields) columns.push_back({field.name, field.parsed});
  return columns;
}

store::Filter plan_filter(const std::vector<Filter>& filters, FilterCombination combination) {
  if (filters.empty()) return store::all_of({});
  std::vector<store::Filter> tests;
  tests.reserve(filters.size());
  for (const Filter& filter : filters) {
    tests.push_back(store::test(filter.column, store_op(filter.op), filter.values));
  }
  return combination == FilterCombination::kOr ? store::any_of(std::move(tests))
                                               : store::all_of(std::move(tests));
}

base::Result<store::Filter> plan_only_groups(const QuerySpec& spec, const std::vector<Row>& rows) {
  constexpr size_t kConditionsMax = store::kFilterNodesMax - 1'000;  // the rest is the user's
  constexpr size_t kValuesMax = store::kFilterValuesMax - 1'000;
  const size_t breakdowns = spec.breakdowns.size();
  if ((breakdowns > 1 && rows.size() * (breakdowns + 1) > kConditionsMax) ||
      rows.size() * breakdowns > kValuesMax) {
    return base::error(
        base::ErrorKind::kLimit,
        base::cat("limit: ", rows.size(), " groups are too many to be looked up once more"));
  }
  if (breakdowns == 1) {
    std::vector<event::Value> values;
    for (const Row& row : rows) values.push_back(row[0]);
    return store::test(spec.breakdowns[0], store::FilterOp::kIn, std::move(values));
  }
  std::vector<store::Filter> any;
  for (const Row& row : rows) {
    std::vector<store::Filter> all;
    for (size_t i = 0; i < breakdowns; ++i) {
      all.push_back(store::test(spec.breakdowns[i], store::FilterOp::kIn, {row[i]}));
    }
    any.push_back(store::all_of(std::move(all)));
  }
  return store::any_of(std::move(any));
}

size_t only_groups_limit(size_t groups) {
  constexpr size_t kTwins = 4;  // an int and an equal double, in more than one breakdown
  return std::min(groups * kTwins + 1, store::kResultRowsMax);
}

store::Select plan_events(const QuerySpec& spec, std::string_view dataset,
                          const TimeWindow& window) {
  store::Select select;
  select.dataset = std::string(dataset);
  select.start_ns = window.start_s * kNsPerS;
  select.end_ns = window.end_s * kNsPerS;
  select.filter = plan_filter(spec.filters, spec.filter_combination);
  select.computed = computed_columns(spec.calculated_fields);
  return select;
}

store::Select GroupPlan::total() const {
  store::Select select = groups;
  select.group_by.clear();
  select.having.clear();
  select.order.clear();
  return select;
}

store::Aggregate plan_histogram(const Calculation& calculation, const TimeWindow& window) {
  return {.kind = store::AggregateKind::kHistogram,
          .column = calculation.column,
          .histogram_bucket_ns = window.granularity_s * kNsPerS,
          .filter = plan_filter(calculation.filters, calculation.filter_combination),
          .name = calculation.key()};
}

namespace {

/// The aggregates of `more` come after those of the calculations; nothing refers to them.
GroupPlan plan_with(const QuerySpec& spec, std::string_view dataset, const TimeWindow& window,
                    std::vector<store::Aggregate> more) {
  GroupPlan plan;
  store::Select& select = plan.groups;
  select = plan_events(spec, dataset, window);
  select.group_by = spec.breakdowns;
  select.limit = static_cast<size_t>(spec.limit);
  NumberOf number_of;
  std::optional<size_t> first;  // that is one number per group
  for (const Calculation& calculation : spec.calculations) {
    if (calculation.op == CalculationOp::kHeatmap) continue;
    const size_t number = select.aggregates.size();
    plan.numbers.push_back(number);
    plan.rates.push_back(is_rate(calculation.op));
    if (!is_rate(calculation.op)) {
      number_of[calculation.key()] = number;
      if (!first) first = number;
    }
    select.aggregates.push_back(plan_aggregate(calculation));
  }
  if (!first) {
    // Something must say which groups are the largest ones.
    first = select.aggregates.size();
    select.aggregates.push_back({.kind = store::AggregateKind::kCount});
  }
  for (store::Aggregate& aggregate : more) select.aggregates.push_back(std::move(aggregate));
  for (const Formula& formula : spec.formulas) {
    const size_t number = select.aggregates.size() + select.formulas.size();
    plan.numbers.push_back(number);
    plan.rates.push_back(false);
    select.formulas.push_back(plan_formula(formula, number_of));
    number_of[formula.name] = number;
  }
  for (const Having& having : spec.havings) {
    select.having.push_back(
        {.aggregate = number_of.at(having.key), .op = store_op(having.op), .value = having.value});
  }
  for (const Order& order : spec.orders) {
    select.order.push_back(plan_order(spec, order, number_of));
  }
  if (spec.orders.empty()) {
    select.order.push_back(
        {.by = store::Order::By::kAggregate, .index = *first, .descending = true});
  }
  return plan;
}

}  // namespace

GroupPlan plan_groups(const QuerySpec& spec, std::string_view dataset, const TimeWindow& window) {
  return plan_with(spec, dataset, window, {});
}

std::optional<HeatmapPlan> plan_groups_with_heatmap(const QuerySpec& spec, std::string_view dataset,
                                                    const TimeWindow& window) {
  std::vector<store::Aggregate> histograms;
  for (const Calculation& calculation : spec.calculations) {
    if (calculation.op != CalculationOp::kHeatmap) continue;
    histograms.push_back(plan_histogram(calculation, window));
  }
  if (histograms.size() != 1) return std::nullopt;
  HeatmapPlan both{.plan = plan_with(spec, dataset, window, std::move(histograms))};
  both.plan.groups.few_groups = true;
  both.histogram = both.plan.groups.aggregates.size() - 1;
  return both;
}

}  // namespace understudy::query
