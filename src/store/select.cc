#include "store/select.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"

namespace understudy::store {
namespace {

struct FilterSize {
  std::size_t nodes = 0;
  std::size_t values = 0;
};

base::Status check_count(std::string_view what, std::size_t count, std::size_t most) {
  if (count <= most) return {};
  return base::error(base::ErrorKind::kLimit, base::cat(what, ": ", count, " is over ", most));
}

base::Status check_values(const Filter& filter) {
  const std::size_t count = filter.values.size();
  switch (filter.op) {
    case FilterOp::kExists:
    case FilterOp::kDoesNotExist:
      if (count != 0) return base::invalid("exists and does-not-exist take no value");
      return {};
    case FilterOp::kIn:
    case FilterOp::kNotIn:
      return {};
    case FilterOp::kEqual:
    case FilterOp::kNotEqual:
    case FilterOp::kLess:
    case FilterOp::kLessOrEqual:
    case FilterOp::kGreater:
    case FilterOp::kGreaterOrEqual:
      if (count != 1) return base::invalid("a comparison takes exactly one value");
      return {};
    case FilterOp::kStartsWith:
    case FilterOp::kDoesNotStartWith:
    case FilterOp::kEndsWith:
    case FilterOp::kDoesNotEndWith:
    case FilterOp::kContains:
    case FilterOp::kDoesNotContain:
      if (count != 1 || !filter.values[0].is_string()) {
        return base::invalid("starts-with, ends-with and contains take exactly one text");
      }
      return {};
  }
  return base::invalid("unknown filter op");
}

base::Status check_filter(const Filter& filter, std::size_t depth, FilterSize& size) {
  if (depth > kFilterDepthMax) {
    return base::error(base::ErrorKind::kLimit,
                       base::cat("a filter nests deeper than ", kFilterDepthMax));
  }
  size.nodes += 1;
  size.values += filter.values.size();
  if (size.nodes > kFilterNodesMax) {
    return base::error(base::ErrorKind::kLimit,
                       base::cat("filters have more than ", kFilterNodesMax, " conditions"));
  }
  if (size.values > kFilterValuesMax) {
    return base::error(base::ErrorKind::kLimit,
                       base::cat("filters have more than ", kFilterValuesMax, " values"));
  }
  switch (filter.kind) {
    case Filter::Kind::kNot:
      if (filter.children.size() != 1) return base::invalid("not takes exactly one condition");
      break;
    case Filter::Kind::kAnd:
    case Filter::Kind::kOr:
      break;
    case Filter::Kind::kTest:
      if (filter.column.empty()) return base::invalid("a filter names no column");
      return check_values(filter);
  }
  for (const Filter& child : filter.children) TRY(check_filter(child, depth + 1, size));
  return {};
}

base::Status check_aggregate(const Aggregate& aggregate, FilterSize& size) {
  const bool needs_column =
      aggregate.kind != AggregateKind::kCount && aggregate.kind != AggregateKind::kRows;
  if (needs_column == aggregate.column.empty()) {
    return base::invalid(needs_column ? "an aggregate names no column" : "count takes no column");
  }
  if (aggregate.kind == AggregateKind::kQuantile &&
      !(aggregate.quantile >= 0 && aggregate.quantile <= 1)) {
    return base::invalid(base::cat("quantile ", aggregate.quantile, " is not within 0 and 1"));
  }
  if (aggregate.kind == AggregateKind::kHistogram &&
      (aggregate.histogram_bucket_ns <= 0 || aggregate.histogram_bucket_ns > kBucketNsMax)) {
    return base::invalid("a time bucket is longer than 0 and at most ten years");
  }
  return check_filter(aggregate.filter, 0, size);
}

}  // namespace

bool asks_for_spans(const Select& select) {
  return std::any_of(select.aggregates.begin(), select.aggregates.end(), [](const auto& aggregate) {
    return aggregate.kind == AggregateKind::kConcurrency;
  });
}

namespace {

base::Status check_sample(const Select& select, FilterSize& size) {
  if (!select.sample) return {};
  if (!select.aggregates.empty()) return base::invalid("only raw rows are sampled");
  if (!select.order.empty()) return base::invalid("a sample has no order");
  for (const double share : {select.sample->marked_share, select.sample->other_share}) {
    if (!(share >= 0 && share <= 1)) return base::invalid("a sample's share is within 0 and 1");
  }
  return check_filter(select.sample->marked, 0, size);
}

/// Concurrency divides by the length of the window.
base::Status check_window(const Select& select) {
  if (!asks_for_spans(select)) return {};
  constexpr std::int64_t kFarthest = std::int64_t{1} << 62;
  if (select.start_ns < -kFarthest || select.end_ns > kFarthest) {
    return base::invalid("concurrency needs a window with a start and an end");
  }
  if (select.end_ns <= select.start_ns) return base::invalid("concurrency needs a window");
  return {};
}

bool is_number(const Select& select, std::size_t number) {
  return number >= select.aggregates.size() ||
         select.aggregates[number].kind != AggregateKind::kHistogram;
}

base::Status check_formula(const Formula& formula, const Select& select) {
  TRY(check_count("formula steps", formula.steps.size(), kFormulaStepsMax));
  std::size_t depth = 0;
  for (const FormulaStep& step : formula.steps) {
    switch (step.kind) {
      case FormulaStep::Kind::kNumber:
        if (!std::isfinite(step.number)) return base::invalid("a formula has a number without end");
        ++depth;
        continue;
      case FormulaStep::Kind::kAggregate:
        if (step.aggregate >= select.aggregates.size()) {
          return base::invalid("a formula refers to an aggregate that is not there");
        }
        if (!is_number(select, step.aggregate)) {
          return base::invalid("a formula computes of numbers, not of histograms");
        }
        ++depth;
        continue;
      case FormulaStep::Kind::kAdd:
      case FormulaStep::Kind::kSubtract:
      case FormulaStep::Kind::kMultiply:
      case FormulaStep::Kind::kDivide:
        if (depth < 2) return base::invalid("a formula's operator lacks an operand");
        --depth;
        continue;
    }
    return base::invalid("unknown formula step");
  }
  if (depth != 1) return base::invalid("a formula does not end in one value");
  return {};
}

base::Status check_having(const Having& having, const Select& select) {
  if (having.aggregate >= select.aggregates.size() + select.formulas.size()) {
    return base::invalid("having refers to an aggregate that is not there");
  }
  if (!is_number(select, having.aggregate)) {
    return base::invalid("having compares numbers, not histograms");
  }
  switch (having.op) {
    case FilterOp::kEqual:
    case FilterOp::kNotEqual:
    case FilterOp::kLess:
    case FilterOp::kLessOrEqual:
    case FilterOp::kGreater:
    case FilterOp::kGreaterOrEqual:
      break;
    default:
      return base::invalid("having takes one of = != < <= > >=");
  }
  if (std::isnan(having.value)) return base::invalid("having compares with NaN");
  return {};
}

base::Status check_order(const Order& order, const Select& select) {
  const bool raw = select.aggregates.empty();
  switch (order.by) {
    case Order::By::kGroup:
      if (order.index >= select.group_by.size()) {
        return base::invalid("order refers to a group-by column that is not there");
      }
      return {};
    case Order::By::kAggregate:
      if (order.index >= select.aggregates.size() + select.formulas.size()) {
        return base::invalid("order refers to an aggregate that is not there");
      }
      if (!is_number(select, order.index)) {
        return base::invalid("groups are ordered by numbers, not by histograms");
      }
      return {};
    case Order::By::kTime:
      if (!raw) return base::invalid("only raw rows are ordered by time");
      return {};
  }
  return base::invalid("unknown order");
}

/// Buckets within a closed-ended time range; an open one is bounded by the result rows.
base::Status check_buckets(const Select& select) {
  if (!select.bucket_ns) return {};
  if (select.aggregates.empty()) return base::invalid("time buckets need an aggregate");
  if (select.rest) return base::invalid("the rest of the groups takes no time buckets");
  for (std::size_t i = 0; i < select.aggregates.size(); ++i) {
    if (!is_number(select, i)) return base::invalid("a histogram has time buckets of its own");
  }
  if (*select.bucket_ns <= 0 || *select.bucket_ns > kBucketNsMax) {
    return base::invalid("a time bucket is longer than 0 and at most ten years");
  }
  if (select.bucket_origin_ns < 0 || select.bucket_origin_ns >= *select.bucket_ns) {
    return base::invalid("the first time bucket begins within one width after the epoch");
  }
  if (select.start_ns == std::numeric_limits<std::int64_t>::min() ||
      select.end_ns == std::numeric_limits<std::int64_t>::max() ||
      select.end_ns <= select.start_ns) {
    return {};
  }
  const auto span =
      static_cast<std::uint64_t>(select.end_ns) - static_cast<std::uint64_t>(select.start_ns);
  return check_count("time buckets", span / static_cast<std::uint64_t>(*select.bucket_ns),
                     kBucketsMax);
}

}  // namespace

Filter all_of(std::vector<Filter> children) {
  return Filter{.kind = Filter::Kind::kAnd, .children = std::move(children)};
}

Filter any_of(std::vector<Filter> children) {
  return Filter{.kind = Filter::Kind::kOr, .children = std::move(children)};
}

Filter negate(Filter child) {
  Filter filter{.kind = Filter::Kind::kNot};
  filter.children.push_back(std::move(child));
  return filter;
}

Filter test(std::string column, FilterOp op, std::vector<event::Value> values) {
  return Filter{.kind = Filter::Kind::kTest,
                .column = std::move(column),
                .op = op,
                .values = std::move(values)};
}

std::string result_name(const Aggregate& aggregate) {
  if (!aggregate.name.empty()) return aggregate.name;
  switch (aggregate.kind) {
    case AggregateKind::kCount:
      return "COUNT";
    case AggregateKind::kRows:
      return "ROWS";
    case AggregateKind::kSum:
      return base::cat("SUM(", aggregate.column, ")");
    case AggregateKind::kAvg:
      return base::cat("AVG(", aggregate.column, ")");
    case AggregateKind::kMin:
      return base::cat("MIN(", aggregate.column, ")");
    case AggregateKind::kMax:
      return base::cat("MAX(", aggregate.column, ")");
    case AggregateKind::kCountDistinct:
      return base::cat("COUNT_DISTINCT(", aggregate.column, ")");
    case AggregateKind::kConcurrency:
      return "CONCURRENCY";
    case AggregateKind::kHistogram:
      return base::cat("HISTOGRAM(", aggregate.column, ")");
    case AggregateKind::kQuantile:
      break;
  }
  std::string digits = base::cat(aggregate.quantile);  // 0.5 gives P50, 0.999 gives P999
  if (!digits.starts_with("0.")) {
    return base::cat("QUANTILE(", aggregate.column, ",", digits, ")");
  }
  digits.erase(0, 2);
  if (digits.size() < 2) digits += '0';
  return base::cat("P", digits, "(", aggregate.column, ")");
}

event::Value evaluate(const Formula& formula, const std::vector<event::Value>& aggregates) {
  std::vector<double> stack;
  for (const FormulaStep& step : formula.steps) {
    if (step.kind == FormulaStep::Kind::kNumber) {
      stack.push_back(step.number);
      continue;
    }
    if (step.kind == FormulaStep::Kind::kAggregate) {
      const event::Value& value = aggregates[step.aggregate];
      if (!value.is_number()) return {};
      stack.push_back(value.as_number());
      continue;
    }
    const double right = stack.back();
    stack.pop_back();
    double& left = stack.back();
    if (step.kind == FormulaStep::Kind::kAdd) left += right;
    if (step.kind == FormulaStep::Kind::kSubtract) left -= right;
    if (step.kind == FormulaStep::Kind::kMultiply) left *= right;
    if (step.kind == FormulaStep::Kind::kDivide) {
      if (right == 0) return {};
      left /= right;
    }
  }
  if (std::isnan(stack.back())) return {};
  return stack.back() + 0.0;
}

base::Status validate(const Select& select) {
  if (select.dataset.empty()) return base::invalid("no dataset is named");
  if (select.limit == 0) return base::invalid("limit: 0 is below 1");
  TRY(check_count("limit", select.limit, kResultRowsMax));
  TRY(check_count("group-by columns", select.group_by.size(), kGroupByMax));
  TRY(check_count("aggregates", select.aggregates.size(), kAggregatesMax));
  TRY(check_count("orders", select.order.size(), kOrderMax));
  TRY(check_count("havings", select.having.size(), kOrderMax));
  TRY(check_count("formulas", select.formulas.size(), kFormulasMax));
  TRY(check_buckets(select));
  TRY(check_window(select));
  TRY(validate(select.computed));
  FilterSize size;
  TRY(check_filter(select.filter, 0, size));
  TRY(check_sample(select, size));
  for (const Aggregate& aggregate : select.aggregates) TRY(check_aggregate(aggregate, size));
  for (const Formula& formula : select.formulas) TRY(check_formula(formula, select));
  for (const Having& having : select.having) TRY(check_having(having, select));
  for (const Order& order : select.order) TRY(check_order(order, select));
  if (select.aggregates.empty()) {
    if (!select.group_by.empty()) return base::invalid("group-by needs an aggregate");
    if (select.rest) return base::invalid("the rest of the groups needs an aggregate");
    if (select.order.size() > 1) return base::invalid("raw rows take one order");
  }
  return {};
}

}  // namespace understudy::store
