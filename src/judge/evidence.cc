#include "judge/evidence.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/text.h"

namespace understudy::judge {
namespace {

using base::Result;
using event::Value;
using statistics::PairedCounts;
using statistics::SideCounts;
using store::all_of;
using store::any_of;
using store::FilterOp;
using store::negate;
using store::test;

constexpr const char* kMode = "evaluation.mode";
constexpr const char* kReason = "evaluation.reason";
constexpr const char* kAccounting = "evaluation.accounting";
constexpr const char* kOutcome = "comparison.outcome";

store::Filter equals(const char* column, const char* value) {
  return test(column, FilterOp::kEqual, {Value(value)});
}
store::Filter exists(const char* column) { return test(column, FilterOp::kExists); }

const char* success_column(JudgedSide side) {
  return side == JudgedSide::kControl ? "control.success" : "candidate.success";
}
const char* duration_column(JudgedSide side) {
  return side == JudgedSide::kControl ? "control.duration_ms" : "candidate.duration_ms";
}

store::Filter succeeded(JudgedSide side) {
  const store::Filter plain = test(success_column(side), FilterOp::kGreater, {Value(0)});
  if (side == JudgedSide::kCandidate) return plain;
  // In reverse_evaluation control is the shadow and may have been cut off by the shadow's deadline.
  // That is our limit and not its failure; counting it would flatter the candidate.
  return any_of(
      {plain, all_of({equals(kMode, "reverse_evaluation"), equals(kAccounting, "timed_out")})});
}

store::Aggregate count(std::string name, store::Filter filter = {}) {
  store::Aggregate aggregate;
  aggregate.filter = std::move(filter);
  aggregate.name = std::move(name);
  return aggregate;
}

int64_t as_count(const Value& value) {
  return value.is_number() ? static_cast<int64_t>(std::llround(value.as_number())) : 0;
}

store::Filter paired_modes() {
  return test(kMode, FilterOp::kIn,
              {Value("fire_and_forget"), Value("full_evaluation"), Value("reverse_evaluation")});
}

}  // namespace

Evidence::Evidence(store::EventStore& store, std::string migration, TimeSpan window,
                   std::optional<TimeSpan> baseline)
    : store_(store), migration_(std::move(migration)), window_(window), baseline_(baseline) {}

store::Filter Evidence::of_migration(const std::string& route) const {
  store::Filter filter = all_of({equals("evaluation.migration", migration_.c_str())});
  if (!route.empty()) filter.children.push_back(equals("http.route", route.c_str()));
  return filter;
}

store::Filter Evidence::side_called(Population population, JudgedSide side,
                                    const std::string& route) const {
  store::Filter filter = of_migration(route);
  filter.children.push_back(test(kAccounting, FilterOp::kNotEqual, {Value("client_aborted")}));
  switch (population) {
    case Population::kPaired:
      filter.children.push_back(paired_modes());
      filter.children.push_back(exists("control.success"));
      filter.children.push_back(exists("candidate.success"));
      break;
    case Population::kCutover:
      filter.children.push_back(
          equals(kMode, side == JudgedSide::kControl ? "control_only" : "candidate_only"));
      filter.children.push_back(exists(success_column(side)));
      // Requests on no route never take part, whatever their service is like.
      filter.children.push_back(negate(equals(kReason, "route_not_matched")));
      break;
  }
  return filter;
}

const TimeSpan& Evidence::span_of(Population population, JudgedSide side) const {
  const bool from_baseline =
      population == Population::kCutover && side == JudgedSide::kControl && baseline_;
  return from_baseline ? *baseline_ : window_;
}

store::Select Evidence::over(const TimeSpan& span, store::Filter filter) const {
  store::Select select;
  select.dataset = std::string(event::kEvaluations);
  select.start_ns = span.start_ns;
  select.end_ns = span.end_ns;
  select.filter = std::move(filter);
  return select;
}

Result<std::vector<Value>> Evidence::one_row(const store::Select& select) const {
  TRY_ASSIGN(store::ResultTable table, store_.select(select));
  if (table.rows.size() != 1 || table.rows[0].size() != select.aggregates.size()) {
    return base::error(base::ErrorKind::kInternal,
                       base::cat("the store gave ", table.rows.size(), " rows where one of ",
                                 select.aggregates.size(), " numbers was asked for"));
  }
  return std::move(table.rows[0]);
}

Result<WindowCounts> Evidence::window_counts(const std::string& route) const {
  store::Select select = over(window_, of_migration(route));
  const auto compared_modes =
      test(kMode, FilterOp::kIn, {Value("full_evaluation"), Value("reverse_evaluation")});
  select.aggregates = {
      count("evaluations"),
      count("paired", side_called(Population::kPaired, JudgedSide::kCandidate, route)),
      count("cutover", side_called(Population::kCutover, JudgedSide::kCandidate, route)),
      count("shed", equals(kAccounting, "shed")),
      count("client_aborted", equals(kAccounting, "client_aborted")),
      count("not_compared",
            all_of({compared_modes, any_of({test(kAccounting, FilterOp::kIn,
                                                 {Value("too_large"), Value("not_comparable")}),
                                            equals(kOutcome, "incomparable")})}))};
  TRY_ASSIGN(const std::vector<Value> row, one_row(select));
  WindowCounts counts{.evaluations = as_count(row[0]),
                      .paired = as_count(row[1]),
                      .cutover_candidate = as_count(row[2]),
                      .shed = as_count(row[3]),
                      .client_aborted = as_count(row[4]),
                      .not_compared = as_count(row[5])};
  TRY_ASSIGN(const SideCounts control, cutover_success(JudgedSide::kControl, route));
  counts.cutover_control = std::llround(control.total);
  return counts;
}

Result<PairedCounts> Evidence::paired_success(const std::string& route) const {
  store::Select select =
      over(window_, side_called(Population::kPaired, JudgedSide::kCandidate, route));
  const store::Filter control = succeeded(JudgedSide::kControl);
  const store::Filter candidate = succeeded(JudgedSide::kCandidate);
  select.aggregates = {count("both", all_of({control, candidate})),
                       count("control_only", all_of({control, negate(candidate)})),
                       count("candidate_only", all_of({negate(control), candidate})),
                       count("neither", all_of({negate(control), negate(candidate)}))};
  TRY_ASSIGN(const std::vector<Value> row, one_row(select));
  const auto number = [&](size_t i) { return static_cast<double>(as_count(row[i])); };
  return PairedCounts{.both = number(0),
                      .control_only = number(1),
                      .candidate_only = number(2),
                      .neither = number(3)};
}

Result<SideCounts> Evidence::cutover_success(JudgedSide side, const std::string& route) const {
  store::Select select =
      over(span_of(Population::kCutover, side), side_called(Population::kCutover, side, route));
  select.aggregates = {count("successes", succeeded(side)), count("total")};
  TRY_ASSIGN(const std::vector<Value> row, one_row(select));
  return SideCounts{.successes = static_cast<double>(as_count(row[0])),
                    .total = static_cast<double>(as_count(row[1]))};
}

namespace {

// Whether a call has a latency. A whole answer of any status has one. Control's failures keep the
// time they took: that can only lower its quantiles, which is the careful direction.
store::Filter answered(JudgedSide side) {
  store::Filter filter = all_of({exists(duration_column(side))});
  if (side == JudgedSide::kCandidate) {
    filter.children.push_back(test("candidate.error.type", FilterOp::kDoesNotExist));
  }
  return filter;
}

}  // namespace

Result<LatencySample> Evidence::latency_sample(Population population, JudgedSide side,
                                               const std::string& route) const {
  store::Filter filter = side_called(population, side, route);
  if (side == JudgedSide::kControl || population == Population::kPaired) {
    filter.children.push_back(exists("control.duration_ms"));
  }
  store::Select select = over(span_of(population, side), std::move(filter));
  select.aggregates = {count("total"), count("answered", answered(side))};
  TRY_ASSIGN(const std::vector<Value> row, one_row(select));
  return LatencySample{.total = as_count(row[0]), .answered = as_count(row[1])};
}

Result<std::vector<double>> Evidence::latencies_at(Population population, JudgedSide side,
                                                   const std::string& route,
                                                   const LatencySample& sample,
                                                   std::span<const int64_t> ranks) const {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  std::vector<double> latencies(ranks.size(), kInfinity);
  store::Filter filter = side_called(population, side, route);
  if (side == JudgedSide::kControl || population == Population::kPaired) {
    filter.children.push_back(exists("control.duration_ms"));
  }
  filter.children.push_back(answered(side));
  store::Select select = over(span_of(population, side), std::move(filter));
  std::vector<size_t> asked;
  for (size_t i = 0; i < ranks.size(); ++i) {
    if (ranks[i] < 1 || ranks[i] > sample.answered) continue;
    store::Aggregate quantile;
    quantile.kind = store::AggregateKind::kQuantile;
    quantile.column = duration_column(side);
    // The store rounds level times count up to a rank; half a rank below is safe from rounding.
    quantile.quantile =
        (static_cast<double>(ranks[i]) - 0.5) / static_cast<double>(sample.answered);
    quantile.name = base::cat("rank_", i);
    select.aggregates.push_back(std::move(quantile));
    asked.push_back(i);
  }
  if (asked.empty()) return latencies;
  TRY_ASSIGN(const std::vector<Value> row, one_row(select));
  for (size_t i = 0; i < asked.size(); ++i) {
    if (row[i].is_number()) latencies[asked[i]] = row[i].as_number();
  }
  return latencies;
}

Result<ComparisonCounts> Evidence::comparisons(const std::string& route) const {
  store::Filter filter = of_migration(route);
  filter.children.push_back(equals(kAccounting, "compared"));
  filter.children.push_back(
      test(kOutcome, FilterOp::kIn, {Value("match"), Value("ignored"), Value("mismatch")}));
  store::Select select = over(window_, std::move(filter));
  select.aggregates = {count("compared"), count("mismatched", equals(kOutcome, "mismatch"))};
  TRY_ASSIGN(const std::vector<Value> row, one_row(select));
  return ComparisonCounts{.compared = as_count(row[0]), .mismatched = as_count(row[1])};
}

Result<std::map<std::string, int64_t>> Evidence::candidate_errors(
    std::span<const std::string> types, const std::string& route) const {
  std::map<std::string, int64_t> occurrences;
  const std::vector<Value> values(types.begin(), types.end());
  const auto add = [&](store::Select select, const char* column) -> base::Status {
    select.filter.children.push_back(test(column, FilterOp::kIn, values));
    select.group_by = {column};
    select.aggregates = {count("count")};
    TRY_ASSIGN(const store::ResultTable table, store_.select(select));
    for (const auto& row : table.rows) {
      if (row.size() != 2 || !row[0].is_string()) continue;
      // One failed call may be both an error event and the error of its evaluation.
      int64_t& seen = occurrences[row[0].as_string()];
      seen = std::max(seen, as_count(row[1]));
    }
    return {};
  };
  store::Select errors = over(window_, of_migration(route));
  errors.dataset = std::string(event::kErrors);
  errors.filter.children.push_back(equals("error.side", "candidate"));
  TRY(add(std::move(errors), "exception.type"));
  TRY(add(over(window_, of_migration(route)), "candidate.error.type"));
  return occurrences;
}

Result<std::optional<TimeSpan>> Evidence::candidate_active(Population population,
                                                           const std::string& route) const {
  store::Select select = over(window_, side_called(population, JudgedSide::kCandidate, route));
  select.row_columns = {"evaluation.id"};
  select.limit = 1;
  TRY_ASSIGN(const store::ResultTable newest, store_.select(select));
  select.order = {{.by = store::Order::By::kTime, .descending = false}};
  TRY_ASSIGN(const store::ResultTable oldest, store_.select(select));
  if (newest.rows.empty() || oldest.rows.empty() || newest.rows[0].empty() ||
      oldest.rows[0].empty() || !newest.rows[0][0].is_int() || !oldest.rows[0][0].is_int()) {
    return std::optional<TimeSpan>();
  }
  return std::optional<TimeSpan>(
      TimeSpan{.start_ns = oldest.rows[0][0].as_int(), .end_ns = newest.rows[0][0].as_int()});
}

}  // namespace understudy::judge
