#include "judge/evidence.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/text.h"

namespace understudy::judge {
namespace {

using base::Result;
using event::Value;
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

const char* cut_off_column(JudgedSide side) {
  return side == JudgedSide::kControl ? "control.cut_off" : "candidate.cut_off";
}
const char* error_column(JudgedSide side) {
  return side == JudgedSide::kControl ? "control.error.type" : "candidate.error.type";
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

Ending ending_of(const Value& success) {
  if (!success.is_number()) return Ending::kOpen;
  return success.as_number() > 0 ? Ending::kSucceeded : Ending::kFailed;
}

std::string text_of(const Value& value) { return value.is_string() ? value.as_string() : ""; }

/// A call that ended, or was cut off by the deadline of a shadow call: it has a latency or a bound.
store::Filter took_time(JudgedSide side) {
  return any_of({exists(success_column(side)), equals(cut_off_column(side), "shadow_deadline")});
}

/// Whether the latency itself is known. A whole answer of any status has one.
store::Filter exact(JudgedSide side) {
  return all_of({exists(duration_column(side)), test(error_column(side), FilterOp::kDoesNotExist),
                 test(cut_off_column(side), FilterOp::kDoesNotExist)});
}

/// Whether only a bound is known. What we cut off took at least as long as we let it. So did an
/// answer that control broke off; the candidate's are longer than any other, on purpose.
store::Filter at_least(JudgedSide side) {
  store::Filter filter = all_of({exists(duration_column(side))});
  filter.children.push_back(side == JudgedSide::kControl ? negate(exact(side))
                                                         : exists(cut_off_column(side)));
  return filter;
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

store::Filter Evidence::of_population(Population population, JudgedSide side,
                                      const std::string& route) const {
  store::Filter filter = of_migration(route);
  filter.children.push_back(test(kAccounting, FilterOp::kNotEqual, {Value("client_aborted")}));
  filter.children.push_back(negate(equals(kReason, "route_not_matched")));
  switch (population) {
    case Population::kPaired:
      filter.children.push_back(
          test(kMode, FilterOp::kIn,
               {Value("fire_and_forget"), Value("full_evaluation"), Value("reverse_evaluation")}));
      filter.children.push_back(took_time(JudgedSide::kControl));
      filter.children.push_back(took_time(JudgedSide::kCandidate));
      filter.children.push_back(exists(duration_column(JudgedSide::kControl)));
      break;
    case Population::kCutover:
      filter.children.push_back(
          side == JudgedSide::kControl
              ? equals(kMode, "control_only")
              : test(kMode, FilterOp::kIn, {Value("candidate_only"), Value("reverse_evaluation")}));
      filter.children.push_back(exists(success_column(side)));
      if (side == JudgedSide::kControl) filter.children.push_back(exists(duration_column(side)));
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

Result<Tally> Evidence::count_alike(const TimeSpan& span, const std::string& route) const {
  store::Select select = over(span, of_migration(route));
  select.group_by = {kMode,
                     kAccounting,
                     kReason,
                     success_column(JudgedSide::kControl),
                     success_column(JudgedSide::kCandidate),
                     cut_off_column(JudgedSide::kControl),
                     cut_off_column(JudgedSide::kCandidate)};
  select.aggregates = {count("evaluations")};
  select.limit = store::kResultRowsMax;
  TRY_ASSIGN(const store::ResultTable table, store_.select(select));
  if (table.truncated) {
    return base::error(base::ErrorKind::kLimit,
                       "the evaluations of the window differ in too many ways to be counted");
  }
  std::vector<Alike> groups;
  for (const std::vector<Value>& row : table.rows) {
    if (row.size() != select.group_by.size() + 1) {
      return base::error(base::ErrorKind::kInternal, "the store gave a row of another width");
    }
    groups.push_back({.mode = text_of(row[0]),
                      .accounting = text_of(row[1]),
                      .reason = text_of(row[2]),
                      .control = ending_of(row[3]),
                      .candidate = ending_of(row[4]),
                      .control_cut_off = text_of(row[5]),
                      .candidate_cut_off = text_of(row[6]),
                      .evaluations = as_count(row[7])});
  }
  return Tally(std::move(groups));
}

Result<const Tally*> Evidence::tally(const std::string& route) const {
  auto found = tallies_.find(route);
  if (found == tallies_.end()) {
    TRY_ASSIGN(Tally counted, count_alike(window_, route));
    found = tallies_.emplace(route, std::move(counted)).first;
  }
  return &found->second;
}

bool Evidence::control_from_window() const {
  return !baseline_ ||
         (baseline_->start_ns <= window_.start_ns && baseline_->end_ns >= window_.end_ns);
}

Result<int64_t> Evidence::control_past_deadline(const std::string& route) const {
  store::Filter pairs = of_population(Population::kPaired, JudgedSide::kCandidate, route);
  pairs.children.push_back(negate(equals(kMode, "reverse_evaluation")));
  store::Select longest = over(window_, pairs);
  store::Aggregate deadline;
  deadline.kind = store::AggregateKind::kMax;
  deadline.column = duration_column(JudgedSide::kCandidate);
  deadline.filter = equals(cut_off_column(JudgedSide::kCandidate), "shadow_deadline");
  deadline.name = "deadline_ms";
  longest.aggregates = {deadline};
  TRY_ASSIGN(const std::vector<Value> deadline_ms, one_row(longest));
  if (!deadline_ms[0].is_number()) return int64_t{0};

  store::Select slower = over(window_, std::move(pairs));
  slower.aggregates = {count(
      "slower",
      all_of(
          {test(duration_column(JudgedSide::kControl), FilterOp::kGreaterOrEqual, {deadline_ms[0]}),
           test(success_column(JudgedSide::kControl), FilterOp::kGreater, {Value(0)}),
           test(success_column(JudgedSide::kCandidate), FilterOp::kGreater, {Value(0)})}))};
  TRY_ASSIGN(const std::vector<Value> row, one_row(slower));
  return as_count(row[0]);
}

Result<SideCounts> Evidence::cutover_success(JudgedSide side, const std::string& route) const {
  if (side == JudgedSide::kControl && baseline_) {
    TRY_ASSIGN(const Tally before, count_alike(*baseline_, route));
    return before.served(side);
  }
  TRY_ASSIGN(const Tally* now, tally(route));
  return now->served(side);
}

Result<LatencySample> Evidence::latency_sample(Population population, JudgedSide side,
                                               const std::string& route) const {
  store::Select select = over(span_of(population, side), of_population(population, side, route));
  select.aggregates = {count("total"), count("exact", exact(side)),
                       count("at_least", at_least(side))};
  TRY_ASSIGN(const std::vector<Value> row, one_row(select));
  return LatencySample{
      .total = as_count(row[0]), .exact = as_count(row[1]), .at_least = as_count(row[2])};
}

Result<std::vector<double>> Evidence::latencies_at(Population population, JudgedSide side,
                                                   const std::string& route,
                                                   const LatencySample& sample,
                                                   std::span<const int64_t> ranks,
                                                   Unknown unknown) const {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  std::vector<double> latencies(ranks.size(), kInfinity);
  const bool bounds_count = unknown == Unknown::kAtLeast;
  const int64_t finite = sample.exact + (bounds_count ? sample.at_least : 0);
  store::Filter filter = of_population(population, side, route);
  filter.children.push_back(bounds_count ? any_of({exact(side), at_least(side)}) : exact(side));
  store::Select select = over(span_of(population, side), std::move(filter));
  std::vector<size_t> asked;
  for (size_t i = 0; i < ranks.size(); ++i) {
    if (ranks[i] < 1 || ranks[i] > finite) continue;
    store::Aggregate quantile;
    quantile.kind = store::AggregateKind::kQuantile;
    quantile.column = duration_column(side);
    // The store rounds level times count up to a rank; half a rank below is safe from rounding.
    quantile.quantile = (static_cast<double>(ranks[i]) - 0.5) / static_cast<double>(finite);
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

Result<LatencyBlocks> Evidence::latency_blocks(Population population, JudgedSide side,
                                               const std::string& route,
                                               const LatencySample& sample,
                                               std::span<const double> latencies_ms) const {
  constexpr int64_t kSecondNs = 1'000'000'000;
  TRY_ASSIGN(const auto span, active(population, side, route));
  LatencyBlocks found{.width_ns = kSecondNs};
  found.beyond.resize(latencies_ms.size());
  if (!span) return found;
  const int64_t active_ns = span->end_ns - span->start_ns;
  found.width_ns = std::max(kSecondNs, active_ns / LatencyBlocks::kBlocksMax + 1);
  store::Select select = over(span_of(population, side), of_population(population, side, route));
  select.bucket_ns = found.width_ns;
  select.aggregates = {count("calls")};
  for (size_t i = 0; i < latencies_ms.size(); ++i) {
    // Where all are exact, that need not be asked of each.
    store::Filter within = sample.exact < sample.total ? exact(side) : all_of({});
    if (std::isfinite(latencies_ms[i])) {
      within.children.push_back(
          test(duration_column(side), FilterOp::kLessOrEqual, {Value(latencies_ms[i])}));
    }
    select.aggregates.push_back(count(base::cat("beyond_", i), negate(std::move(within))));
  }
  TRY_ASSIGN(const store::ResultTable table, store_.select(select));
  found.count = static_cast<int64_t>(table.rows.size());
  for (const std::vector<Value>& row : table.rows) {
    if (row.size() != latencies_ms.size() + 2) {
      return base::error(base::ErrorKind::kInternal, "the store gave a row of another width");
    }
    const auto calls = static_cast<double>(as_count(row[1]));
    for (size_t i = 0; i < latencies_ms.size(); ++i) {
      found.beyond[i].push_back({calls, static_cast<double>(as_count(row[i + 2]))});
    }
  }
  return found;
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
  // A call that a bound of ours ended has no error; older events may name one all the same.
  store::Select failed = over(window_, of_migration(route));
  failed.filter.children.push_back(exists(success_column(JudgedSide::kCandidate)));
  TRY(add(std::move(failed), "candidate.error.type"));
  return occurrences;
}

Result<std::optional<TimeSpan>> Evidence::active(Population population, JudgedSide side,
                                                 const std::string& route) const {
  // Pairs call both sides.
  if (population == Population::kPaired) side = JudgedSide::kCandidate;
  const auto known = active_.find({population, side, route});
  if (known != active_.end()) return known->second;
  store::Select select = over(span_of(population, side), of_population(population, side, route));
  select.row_columns = {"evaluation.id"};
  select.limit = 1;
  TRY_ASSIGN(const store::ResultTable newest, store_.select(select));
  select.order = {{.by = store::Order::By::kTime, .descending = false}};
  TRY_ASSIGN(const store::ResultTable oldest, store_.select(select));
  if (newest.rows.empty() || oldest.rows.empty() || newest.rows[0].empty() ||
      oldest.rows[0].empty() || !newest.rows[0][0].is_int() || !oldest.rows[0][0].is_int()) {
    return active_[{population, side, route}] = std::nullopt;
  }
  return active_[{population, side, route}] =
             TimeSpan{.start_ns = oldest.rows[0][0].as_int(), .end_ns = newest.rows[0][0].as_int()};
}

}  // namespace understudy::judge
