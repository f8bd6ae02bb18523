#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "event/value.h"
#include "store/expression.h"

namespace understudy::query {

/// What is computed per group. The percentiles are one kind with a level, see Calculation.
enum class CalculationOp {
  kCount,          // events, weighted by sample rate; takes no column
  kConcurrency,    // spans that ran at once, by kDurationColumn; takes no column
  kCountDistinct,  // different values; not weighted
  kSum,
  kAvg,
  kMin,
  kMax,
  kPercentile,  // P001, P01, P05, P10, P20, P25, P50, P75, P80, P90, P95, P99, P999
  kRateAvg,     // difference of AVG between a time bucket and the one before
  kRateSum,
  kRateMax,
  kHeatmap,  // time x value, see heatmap.h; not a number, so it has no column in results
};

/// How long an event's span is, in milliseconds; it begins at the time of the event.
inline constexpr std::string_view kDurationColumn = "duration_ms";

/// RATE_AVG, RATE_SUM and RATE_MAX.
bool is_rate(CalculationOp op);
/// Whether the op takes a column.
bool takes_column(CalculationOp op);

/// How a column is held against a constant.
enum class FilterOp {
  kEqual,
  kNotEqual,
  kGreater,
  kGreaterOrEqual,
  kLess,
  kLessOrEqual,
  kStartsWith,
  kDoesNotStartWith,
  kEndsWith,
  kDoesNotEndWith,
  kContains,
  kDoesNotContain,
  kExists,        // takes no value
  kDoesNotExist,  // takes no value
  kIn,            // takes a list
  kNotIn,         // takes a list
};

enum class FilterCombination { kAnd, kOr };

/// "=", "starts-with", "not-in", ...
std::string_view name(FilterOp op);
std::optional<FilterOp> filter_op(std::string_view text);

/// One condition on one column.
struct Filter {
  std::string column{};
  FilterOp op = FilterOp::kExists;
  std::vector<event::Value>
      values{};  // none for the exists pair, one or more for the in pair, else 1

  friend bool operator==(const Filter&, const Filter&) = default;
};

/// One number per group.
struct Calculation {
  CalculationOp op = CalculationOp::kCount;
  double percentile = 0;          // level in (0, 1) when op is kPercentile
  std::string column{};           // empty for COUNT
  std::string name{};             // as the user named it; empty: "P99(duration_ms)"
  std::vector<Filter> filters{};  // only events that match count for this calculation
  FilterCombination filter_combination = FilterCombination::kAnd;

  /// "COUNT", "P99", "COUNT_DISTINCT".
  std::string op_name() const;
  /// The key of this number in a result: the name, or "OP(column)", or "OP".
  std::string key() const;

  friend bool operator==(const Calculation&, const Calculation&) = default;
};

/// A column computed of each event's fields by Honeycomb's expressions, for this question only.
struct CalculatedField {
  std::string name{};
  std::string expression{};    // as the user wrote it
  store::Expression parsed{};  // what it means (expression_parser.h)

  friend bool operator==(const CalculatedField&, const CalculatedField&) = default;
};

/// Calculated fields as columns of a question to the store.
std::vector<store::Computed> computed_columns(const std::vector<CalculatedField>& fields);

/// One step of a formula in postfix order: `a / b * 100` is a, b, divide, 100, multiply.
struct FormulaStep {
  enum class Kind { kNumber, kCalculation, kAdd, kSubtract, kMultiply, kDivide };
  Kind kind = Kind::kNumber;
  double number = 0;
  std::string calculation{};  // its key

  friend bool operator==(const FormulaStep&, const FormulaStep&) = default;
};

/// Arithmetic over the calculations of a group (formula.h). Its key in a result is its name.
struct Formula {
  std::string name{};
  std::string expression{};          // as the user wrote it
  std::vector<FormulaStep> steps{};  // what it means

  friend bool operator==(const Formula&, const Formula&) = default;
};

/// One sort key: a breakdown column, a calculation by its key or a formula by its name.
struct Order {
  std::string key{};
  bool descending = false;

  friend bool operator==(const Order&, const Order&) = default;
};

/// Keeps only groups whose calculation or formula (by its key) compares so; op is one of the first
/// six.
struct Having {
  std::string key{};
  FilterOp op = FilterOp::kGreater;
  double value = 0;

  friend bool operator==(const Having&, const Having&) = default;
};

/// Bounds on one specification; a text beyond them is refused with an error that names the field.
struct QueryLimits {
  static constexpr size_t kTextBytesMax = 256 * 1024;
  static constexpr size_t kBreakdownsMax = 100;
  static constexpr size_t kCalculationsMax = 100;
  static constexpr size_t kFiltersMax = 100;
  static constexpr size_t kFilterValuesMax = 1'000;
  static constexpr size_t kOrdersMax = 100;
  static constexpr size_t kHavingsMax = 100;
  static constexpr size_t kFormulasMax = 100;
  static constexpr size_t kFormulaBytesMax = 4'095;
  static constexpr size_t kFormulaStepsMax = 200;
  static constexpr size_t kCalculatedFieldsMax = 100;
  static constexpr size_t kExpressionBytesMax = 4'095;  // as the parser of expressions has it
  static constexpr size_t kHeatmapsMax = 10;
  static constexpr int64_t kLimitDefault = 100;
  static constexpr int64_t kLimitMax = 1'000;
  static constexpr int64_t kLimitMaxWithoutSeries = 10'000;
  static constexpr int64_t kTimeRangeDefaultS = 7'200;
  static constexpr int64_t kJsonDepthMax = 16;
};

/// A question about one dataset, in the shape of Honeycomb's query specification. Filled by `parse`
/// or by cli_syntax.h and then only read. Nothing in it is text for an engine.
struct QuerySpec {
  std::vector<std::string> breakdowns{};
  std::vector<Calculation> calculations{};  // never empty after parse: COUNT when nothing is asked
  std::vector<Filter> filters{};
  FilterCombination filter_combination = FilterCombination::kAnd;
  std::optional<int64_t> granularity_s{};  // absent: chosen from the range
  std::vector<Order> orders{};
  std::vector<Having> havings{};
  int64_t limit = QueryLimits::kLimitDefault;
  std::optional<int64_t> start_time_s{};  // Unix seconds
  std::optional<int64_t> end_time_s{};
  std::optional<int64_t> time_range_s{};
  std::vector<CalculatedField> calculated_fields{};
  std::vector<Formula> formulas{};
  std::optional<int64_t> compare_time_offset_s{};  // one of kCompareOffsetsS
  bool disable_series = false;                     // no time buckets wanted
  bool disable_total_by_aggregate = false;
  bool disable_other_by_aggregate = false;

  /// Reads the JSON specification (docs/query.md). Every error names the field:
  /// "calculations[1].op: P98 is not known; did you mean P99?". Fields of Honeycomb's that are not
  /// supported are refused by name, never ignored. Cost: linear in the text, which is bounded.
  static base::Result<QuerySpec> parse(std::string_view json);

  /// The same specification as JSON, with defaults left out; parse(to_json()) is the same spec.
  std::string to_json() const;

  friend bool operator==(const QuerySpec&, const QuerySpec&) = default;
};

/// How far back a comparison may look.
inline constexpr std::array<int64_t, 8> kCompareOffsetsS = {1'800,  3'600,   7'200,     28'800,
                                                            86'400, 604'800, 2'419'200, 15'724'800};

/// Checks what spans several fields: orders, havings and formulas refer to something computed that
/// can be used so, time fields are consistent, keys are unique. `parse` and cli_syntax.h end with
/// it.
base::Status validate(const QuerySpec& spec);

/// The columns of an answer: breakdowns, calculations but heatmaps, formulas.
std::vector<std::string> result_columns(const QuerySpec& spec);

/// Every op and every filter operator as users write them.
std::vector<std::string_view> calculation_op_names();
std::vector<std::string_view> filter_op_names();

/// Reads an op as users write it, in any case: "P99" sets op and percentile. The error names what
/// is supported and the nearest known op.
base::Result<Calculation> calculation_op(std::string_view text);

}  // namespace understudy::query
