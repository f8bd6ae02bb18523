#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "event/value.h"
#include "store/expression.h"

/// What is asked of a store, independent of the engine.
///
/// Rules every engine keeps, and a differential test compares:
/// - A column holds values of several types side by side. Text never equals a number; an int and a
///   double are equal when the numbers are (exactly, also beyond 2^53).
/// - A field that is absent and a field that is null are the same: it does not exist.
/// - A test on a column that does not exist is false; its negated form (`!=`, `not in`,
///   `does-not-...`) is the exact complement and so is true there.
/// - `< <= > >=` compare numbers with numbers, text with text (by bytes) and bools with bools
///   (false < true), and are false otherwise. NaN equals NaN and is neither less nor greater than
///   anything; -0.0 equals 0.0; infinities are ordinary numbers.
/// - starts-with, ends-with and contains look at text by bytes and are false for other types.
/// - Sample rates weigh everything but min, max and count_distinct: an event of rate r counts r
///   times.
/// - Numeric aggregates skip what is not a number, and NaN. With nothing left they give null
///   (count gives 0). sum, avg and quantile are doubles; the order of additions is not defined.
/// - quantile p: with W the sum of rates, rank = max(1, W - floor(W - p*W)) (the least integer not
///   below p*W, forgiving the rounding of p*W), and the result is the least value whose rates,
///   added up over all values not above it, reach that rank: the inverse of the weighted empirical
///   distribution. Always a value that occurred; p=0 is the minimum, p=1 the maximum.
/// - min and max keep the type of the value; between an equal int and double the int wins.
/// - count_distinct is exact and tells types apart (5, 5.0 and "5" are three), NaN is one value.
/// - Groups tell types apart likewise; absence is a group of its own (null); -0.0 shows as 0.0.
/// - concurrency is how many spans ran at once, on average over the window or bucket: the sum of
/// the
///   parts of it that each event's span covers, by rate. A span begins at the event's time and is
///   `column` milliseconds long (to the nanosecond); what is not a finite number above 0 is no
///   span. Spans that began up to kSpanLookBackNs before the window count with the part that is
///   inside; for every other aggregate those events are not there. A bucket that is partly outside
///   the window counts with the part inside. With nothing running it is 0.
/// - A histogram counts numbers, by rate; text, bools, NaN and infinities it counts as not numbers.
///   It has time buckets of its own, and takes none of the select.
/// - Formulas are computed of doubles. With an operand that is null, a divisor that is 0, or a
///   result that is NaN they give null.
/// - Order of values: null, false, true, numbers, text by bytes. Numbers compare as doubles, NaN
///   greatest; ties put ints before doubles and then compare ints exactly.
namespace understudy::store {

/// Limits of one Select, checked by `validate`.
inline constexpr std::size_t kFilterNodesMax = 5'000;
inline constexpr std::size_t kFilterDepthMax = 64;
inline constexpr std::size_t kFilterValuesMax = 10'000;  // in all value lists together
inline constexpr std::size_t kGroupByMax = 100;
inline constexpr std::size_t kAggregatesMax = 200;
inline constexpr std::size_t kOrderMax = 100;
inline constexpr std::size_t kFormulasMax = 100;
inline constexpr std::size_t kFormulaStepsMax = 200;  // of one formula
inline constexpr std::size_t kFewGroupsMax = 40;
inline constexpr std::size_t kBucketsMax = 100'000;
inline constexpr std::int64_t kBucketNsMax = 315'360'000'000'000'000;  // ten years
inline constexpr std::int64_t kSpanLookBackNs = 3'600'000'000'000;     // one hour
/// Limits of one answer; beyond them `truncated` is set.
inline constexpr std::size_t kResultRowsMax = 100'000;
inline constexpr std::size_t kResultCellsMax = 4'000'000;

enum class FilterOp {
  kEqual,           // =
  kNotEqual,        // !=
  kLess,            // <
  kLessOrEqual,     // <=
  kGreater,         // >
  kGreaterOrEqual,  // >=
  kIn,              // equal to one of `values`
  kNotIn,
  kExists,  // `values` is empty
  kDoesNotExist,
  kStartsWith,
  kDoesNotStartWith,
  kEndsWith,
  kDoesNotEndWith,
  kContains,
  kDoesNotContain,
};

/// A tree of conditions. Build with the functions below:
/// `all_of({test("http.route", FilterOp::kEqual, {"query"}), negate(exists("error"))})`.
/// A null value in `values` equals absence.
struct Filter {
  enum class Kind {
    kAnd,   // every child; true when there is none
    kOr,    // at least one child; false when there is none
    kNot,   // its one child is false
    kTest,  // column, op, values
  };
  Kind kind = Kind::kAnd;
  std::vector<Filter> children = {};
  std::string column = {};
  FilterOp op = FilterOp::kExists;
  std::vector<event::Value> values = {};
};

Filter all_of(std::vector<Filter> children);
Filter any_of(std::vector<Filter> children);
Filter negate(Filter child);
Filter test(std::string column, FilterOp op, std::vector<event::Value> values = {});

enum class AggregateKind {
  kCount,          // no column
  kRows,           // no column; stored events, whatever their rates
  kSum,            // double
  kAvg,            // double
  kMin,            // int or double
  kMax,            // int or double
  kQuantile,       // double; `quantile` in [0, 1]
  kCountDistinct,  // int
  kConcurrency,    // double; `column` holds milliseconds; the window must have both ends
  kHistogram,      // text: the bytes of a Histogram (histogram.h) of numbers by time and value
};

struct Aggregate {
  AggregateKind kind = AggregateKind::kCount;
  std::string column = {};               // empty for kCount
  double quantile = 0;                   // kQuantile only
  std::int64_t histogram_bucket_ns = 0;  // kHistogram only: its time buckets, from the epoch on
  Filter filter = {};                    // only rows that also pass this; by default all
  std::string name = {};                 // name of the result column; empty: see result_name
};

/// One step of a formula.
struct FormulaStep {
  enum class Kind {
    kNumber,     // puts `number` on the stack
    kAggregate,  // puts an aggregate's value on the stack
    kAdd,        // this and the rest take two values from the stack and put one back
    kSubtract,
    kMultiply,
    kDivide,
  };
  Kind kind = Kind::kNumber;
  double number = 0;
  std::size_t aggregate = 0;  // index into Select::aggregates

  friend bool operator==(const FormulaStep&, const FormulaStep&) = default;
};

/// Arithmetic over the aggregates of one group (and bucket), in postfix order.
struct Formula {
  std::string name = {};
  std::vector<FormulaStep> steps = {};
};

/// The value of a formula, given the values of its group's aggregates.
event::Value evaluate(const Formula& formula, const std::vector<event::Value>& aggregates);

/// Keeps a group when `aggregate op value` holds over the whole time range; null passes only !=.
struct Having {
  std::size_t aggregate = 0;         // index into aggregates, and beyond them into formulas
  FilterOp op = FilterOp::kGreater;  // = != < <= > >=
  double value = 0;
};

struct Order {
  enum class By { kGroup, kAggregate, kTime };
  By by = By::kAggregate;
  std::size_t index = 0;  // into group_by; or into aggregates, and beyond them formulas
  bool descending = false;
};

/// Takes some of the raw rows at random, of two kinds in one pass. Whether a row is taken depends
/// on its place in the log alone, so that the same question has the same answer.
struct Sample {
  Filter marked = {};  // of rows that pass this, from marked_start_ns on, before marked_end_ns,
  std::int64_t marked_start_ns = std::numeric_limits<std::int64_t>::min();
  std::int64_t marked_end_ns = std::numeric_limits<std::int64_t>::max();
  double marked_share = 1;  // so many are taken, and of the others so many; both in [0, 1]
  double other_share = 1;
};

/// One question. With aggregates it gives groups, without it gives raw rows.
///
/// Groups: one row per group (and bucket): [bucket start, when bucket_ns is set], the group_by
/// columns, the aggregates, the formulas. Without group_by there is exactly one group, also when no
/// event matches. `having`, `order` and `limit` choose among groups by their aggregates over the
/// whole time range; with bucket_ns set each chosen group then gives one row for each bucket in
/// which it has events (or spans that run, with kConcurrency), groups in the chosen order, buckets
/// ascending within. Ties and the unspecified rest are ordered by the group's values ascending.
///
/// Raw rows: columns `time` (unix ns), `sample_rate` (int), then `row_columns`; newest first (equal
/// times: last appended first); `order` may be one kTime entry. `filter` and `limit` apply. With a
/// sample: some of them in any order, and a bool `marked` stands before `row_columns`.
struct Select {
  std::string dataset = {};
  std::int64_t start_ns = std::numeric_limits<std::int64_t>::min();  // inclusive, unix time
  std::int64_t end_ns = std::numeric_limits<std::int64_t>::max();    // exclusive
  Filter filter = {};

  /// Columns that exist for this question: everything else here may name them, and one hides a
  /// stored column of the same name. In a row it has a value of at most one type, like any column.
  std::vector<Computed> computed = {};

  std::vector<std::string> group_by = {};
  std::vector<Aggregate> aggregates = {};
  std::vector<Formula> formulas = {};
  std::optional<std::int64_t> bucket_ns = {};  // buckets start at multiples of it
  std::int64_t bucket_origin_ns = 0;           // counted from here, in [0, bucket_ns)
  std::vector<Having> having = {};
  std::vector<Order> order = {};
  std::size_t limit = 1'000;
  /// Instead of the chosen groups, one row [the aggregates, the formulas] over all events whose
  /// group was not chosen, by having or limit. Takes no buckets.
  bool rest = false;
  /// With histograms: refuse (kLimit) when there are many groups, more than about kFewGroupsMax,
  /// as each of them holds its histograms until the groups are chosen.
  bool few_groups = false;

  /// Raw rows only. Empty means every column of the dataset and every computed one, in
  /// alphabetical order.
  std::vector<std::string> row_columns = {};
  std::optional<Sample> sample = {};
};

/// Whether some aggregate is kConcurrency.
bool asks_for_spans(const Select& select);

/// Whether a Select keeps to the limits and its indices point somewhere. Engines call it first.
base::Status validate(const Select& select);

/// The name of an aggregate's result column: its own, else COUNT, SUM(column), P99(column), ...
std::string result_name(const Aggregate& aggregate);

/// The answer: named columns and rows of values.
struct ResultTable {
  enum class Kind { kTime, kGroup, kAggregate, kSampleRate, kField };
  struct ResultColumn {
    std::string name;
    Kind kind = Kind::kField;
  };
  std::vector<ResultColumn> columns = {};
  std::vector<std::vector<event::Value>> rows = {};
  bool truncated = false;  // a limit left something out
};

}  // namespace understudy::store
