#include "query/plan.h"

#include <algorithm>

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
  }
  return store::AggregateKind::kCount;
}

size_t calculation_index(const QuerySpec& spec, const std::string& key) {
  const auto found =
      std::find_if(spec.calculations.begin(), spec.calculations.end(),
                   [&](const Calculation& calculation) { return calculation.key() == key; });
  return static_cast<size_t>(found - spec.calculations.begin());
}

store::Order plan_order(const QuerySpec& spec, const Order& order) {
  const auto breakdown = std::find(spec.breakdowns.begin(), spec.breakdowns.end(), order.key);
  if (breakdown != spec.breakdowns.end()) {
    return {.by = store::Order::By::kGroup,
            .index = static_cast<size_t>(breakdown - spec.breakdowns.begin()),
            .descending = order.descending};
  }
  return {.by = store::Order::By::kAggregate,
          .index = calculation_index(spec, order.key),
          .descending = order.descending};
}

}  // namespace

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

store::Select plan_total(const QuerySpec& spec, std::string_view dataset,
                         const TimeWindow& window) {
  store::Select select;
  select.dataset = std::string(dataset);
  select.start_ns = window.start_s * kNsPerS;
  select.end_ns = window.end_s * kNsPerS;
  select.filter = plan_filter(spec.filters, spec.filter_combination);
  for (const Calculation& calculation : spec.calculations) {
    store::Aggregate aggregate;
    aggregate.kind = aggregate_kind(calculation.op);
    aggregate.column = calculation.column;
    aggregate.quantile = calculation.percentile;
    aggregate.filter = plan_filter(calculation.filters, calculation.filter_combination);
    aggregate.name = calculation.key();
    select.aggregates.push_back(std::move(aggregate));
  }
  return select;
}

store::Select plan_groups(const QuerySpec& spec, std::string_view dataset,
                          const TimeWindow& window) {
  store::Select select = plan_total(spec, dataset, window);
  select.group_by = spec.breakdowns;
  for (const Having& having : spec.havings) {
    select.having.push_back({.aggregate = calculation_index(spec, having.key),
                             .op = store_op(having.op),
                             .value = having.value});
  }
  for (const Order& order : spec.orders) select.order.push_back(plan_order(spec, order));
  if (spec.orders.empty()) {
    select.order.push_back({.by = store::Order::By::kAggregate, .index = 0, .descending = true});
  }
  select.limit = static_cast<size_t>(spec.limit);
  return select;
}

}  // namespace understudy::query
