// Random questions over random events, answered by run_query on both engines and by a plain loop
// over the events that knows nothing of them. UNDERSTUDY_DIFFERENTIAL_SEEDS=1000 runs more.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <limits>
#include <map>
#include <numeric>
#include <optional>
#include <set>

#include "base/rng.h"
#include "base/text.h"
#include "query/run_query.h"
#include "store/duckdb/duckdb_store.h"
#include "store/memory/memory_store.h"

namespace understudy::query {
namespace {

using event::Value;

constexpr int64_t kNowS = 1'700'000'000;
constexpr int64_t kNsPerS = 1'000'000'000;
constexpr int64_t kLookBackS = 3'600;

struct Request {
  int64_t time_ns = 0;
  uint32_t rate = 1;
  std::string mode{};  // empty: absent
  Value x{};           // anything
  Value duration_ms{};
};
using Requests = std::vector<const Request*>;

class RandomRequests {
 public:
  explicit RandomRequests(uint64_t seed) : rng_(seed) {}
  uint64_t below(uint64_t bound) { return rng_.below(bound); }
  bool one_in(uint64_t n) { return below(n) == 0; }

  std::vector<Request> take() {
    const char* const kModes[] = {"", "a", "b", "c", "d"};
    std::vector<Request> requests(below(150));
    for (Request& request : requests) {
      request.time_ns = kNowS * kNsPerS - static_cast<int64_t>(below(9'000 * kNsPerS));
      request.rate = one_in(3) ? 1 + static_cast<uint32_t>(below(5)) : 1;
      request.mode = kModes[below(5)];
      request.x = value();
      if (!one_in(5)) request.duration_ms = static_cast<double>(below(8'000'000)) / 8 - 1'000;
    }
    return requests;
  }

 private:
  // Doubles are multiples of 1/8, so that sums are exact in any order.
  Value value() {
    switch (below(14)) {
      case 0:
        return {};
      case 1:
        return "text";
      case 2:
        return one_in(2);
      case 3:
        return std::nan("");
      case 4:
        return one_in(4) ? Value(std::numeric_limits<double>::infinity()) : Value("5");
      case 5:
      case 6:
        return static_cast<int64_t>(below(30)) - 10;
      default:
        return static_cast<double>(below(400)) / 8 - 20;
    }
  }

  base::Rng rng_;
};

// --- The answers by hand ------------------------------------------------------------------------

bool is_number(const Value& value) {
  return value.is_number() && !(value.is_double() && std::isnan(value.as_double()));
}

/// Per mille of the percentiles, from what the names say.
const std::map<std::string, int64_t> kPercentiles = {
    {"P001", 1},  {"P01", 10},  {"P05", 50},  {"P10", 100}, {"P20", 200},
    {"P25", 250}, {"P50", 500}, {"P75", 750}, {"P80", 800}, {"P90", 900},
    {"P95", 950}, {"P99", 990}, {"P999", 999}};

/// How many seconds of [lo, hi) the spans of the requests cover, by rate.
double covered_s(const Requests& requests, double lo_s, double hi_s, double window_start_s) {
  double covered = 0;
  // Seconds from now, so that a double has room for nanoseconds.
  lo_s -= kNowS;
  hi_s -= kNowS;
  window_start_s -= kNowS;
  for (const Request* request : requests) {
    const double start_s = static_cast<double>(request->time_ns - kNowS * kNsPerS) / 1e9;
    if (!is_number(request->duration_ms) || start_s < window_start_s - kLookBackS) continue;
    const double end_s = start_s + request->duration_ms.as_number() / 1e3;
    covered += std::max(0.0, std::min(end_s, hi_s) - std::max(start_s, lo_s)) * request->rate;
  }
  return covered;
}

/// One calculation over requests that are all in the time it is about.
std::optional<double> by_hand(const std::string& op, const Requests& requests) {
  double count = 0;
  double weight = 0;
  double sum = 0;
  std::set<std::string> distinct;
  std::vector<double> repeated;  // every number as often as its rate says
  for (const Request* request : requests) {
    count += request->rate;
    const Value& x = request->x;
    if (!x.is_null()) {
      distinct.insert(base::cat(event::name(x.type()), event::to_string(x)));
    }
    if (!is_number(x)) continue;
    weight += request->rate;
    sum += x.as_number() * request->rate;
    repeated.insert(repeated.end(), request->rate, x.as_number());
  }
  if (op == "COUNT") return count;
  if (op == "COUNT_DISTINCT") return static_cast<double>(distinct.size());
  if (repeated.empty()) return std::nullopt;
  std::sort(repeated.begin(), repeated.end());
  if (op == "SUM") return sum;
  if (op == "AVG") return sum / weight;
  if (op == "MIN") return repeated.front();
  if (op == "MAX") return repeated.back();
  const auto total = static_cast<int64_t>(repeated.size());
  const int64_t rank = std::max<int64_t>(1, (kPercentiles.at(op) * total + 999) / 1'000);
  return repeated[static_cast<size_t>(rank - 1)];
}

void expect_cell(const Value& actual, const std::optional<double>& expected,
                 const std::string& where) {
  if (!expected) {
    EXPECT_TRUE(actual.is_null()) << where << ": " << event::to_string(actual);
    return;
  }
  ASSERT_TRUE(actual.is_number()) << where << ": " << event::to_string(actual) << " for "
                                  << *expected;
  if (std::isnan(*expected)) {
    EXPECT_TRUE(std::isnan(actual.as_number())) << where;
  } else if (std::isinf(*expected)) {
    EXPECT_EQ(actual.as_number(), *expected) << where;
  } else {
    EXPECT_NEAR(actual.as_number(), *expected, 1e-9 * std::max(1.0, std::abs(*expected))) << where;
  }
}

/// A question with every calculation, and its answer by hand.
class Question {
 public:
  Question(RandomRequests& random, const std::vector<Request>& requests) : requests_(requests) {
    spec.time_range_s = 600 + static_cast<int64_t>(random.below(6'000));
    spec.granularity_s = 60 + static_cast<int64_t>(random.below(300));
    if (!random.one_in(4)) spec.breakdowns = {"mode"};
    filtered_ = random.one_in(2);
    least_ = static_cast<double>(random.below(30)) - 15;
    if (filtered_) {  // the negated form keeps events without a mode
      spec.filters = {{.column = "mode", .op = FilterOp::kNotEqual, .values = {"d"}},
                      {.column = "x", .op = FilterOp::kGreaterOrEqual, .values = {least_}}};
      spec.filter_combination = FilterCombination::kOr;
    }
    for (const std::string_view op : calculation_op_names()) {
      Calculation calculation = *calculation_op(op);
      // Each percentile is a pass of its own where sample rates differ: some of them at a time.
      if (calculation.op == CalculationOp::kPercentile && !random.one_in(4)) continue;
      if (takes_column(calculation.op)) calculation.column = "x";
      spec.calculations.push_back(calculation);
    }
    // The same with a filter of their own.
    for (const char* op : {"COUNT", "SUM", "P90", "COUNT_DISTINCT"}) {
      Calculation calculation = *calculation_op(op);
      if (takes_column(calculation.op)) calculation.column = "x";
      calculation.name = base::cat("own ", op);
      calculation.filters = {{.column = "mode", .op = FilterOp::kIn, .values = {"a", "b"}}};
      spec.calculations.push_back(calculation);
    }
    auto formula = Formula{.name = "f", .expression = "(COUNT - 3) / \"own COUNT\""};
    formula.steps = {{.kind = FormulaStep::Kind::kCalculation, .calculation = "COUNT"},
                     {.number = 3},
                     {.kind = FormulaStep::Kind::kSubtract},
                     {.kind = FormulaStep::Kind::kCalculation, .calculation = "own COUNT"},
                     {.kind = FormulaStep::Kind::kDivide}};
    spec.formulas = {formula};
    if (random.one_in(2)) spec.limit = 1 + static_cast<int64_t>(random.below(3));
    if (random.one_in(3)) spec.orders = {{.key = "f", .descending = random.one_in(2)}};
    if (random.one_in(3)) spec.havings = {{.key = "COUNT", .op = FilterOp::kGreater, .value = 5}};
    start_s_ = kNowS + 1 - *spec.time_range_s;
  }

  void check(const QueryResult& result, const std::string& where) const {
    ASSERT_EQ(result.window.start_s, start_s_);
    std::map<std::string, Requests> groups = by_group(in_window());
    if (spec.breakdowns.empty()) groups[""];
    for (const auto& [mode, running] : by_group(running_only())) groups[mode];
    const std::vector<std::string> chosen = choose(groups);
    ASSERT_EQ(result.results.size(), chosen.size()) << where;
    Requests others = in_window();
    for (size_t i = 0; i < chosen.size(); ++i) {
      const std::string at = base::cat(where, " group '", chosen[i], "'");
      if (!spec.breakdowns.empty()) {
        ASSERT_EQ(text(result.results[i][0]), chosen[i]) << where << " place " << i;
      }
      const auto in_group = [&](const Request* request) { return group(*request) == chosen[i]; };
      std::erase_if(others, in_group);
      check_group(result, chosen[i], groups.at(chosen[i]), result.results[i], at);
    }
    check_row(result.total, in_window(), std::nullopt, base::cat(where, " total"));
    const bool left_out = chosen.size() < groups.size();
    EXPECT_EQ(result.groups_cut, left_out && kept_groups(groups) > chosen.size()) << where;
    if (result.other) check_row(*result.other, others, std::nullopt, base::cat(where, " other"));
    EXPECT_EQ(result.other.has_value(),
              !spec.breakdowns.empty() && (result.groups_cut || !spec.havings.empty()))
        << where;
    check_heatmaps(result, chosen, groups, where);
  }

  QuerySpec spec;

 private:
  static std::string text(const Value& value) { return value.is_null() ? "" : value.as_string(); }
  std::string group(const Request& request) const {
    return spec.breakdowns.empty() ? "" : request.mode;
  }
  bool passes(const Request& request) const {
    return !filtered_ || request.mode != "d" ||
           (is_number(request.x) && request.x.as_number() >= least_);
  }
  Requests in_window() const {
    Requests found;
    for (const Request& request : requests_) {
      if (request.time_ns >= start_s_ * kNsPerS && passes(request)) found.push_back(&request);
    }
    return found;
  }
  /// Began before the window and run into it.
  Requests running_only() const {
    Requests found;
    for (const Request& request : requests_) {
      if (request.time_ns >= start_s_ * kNsPerS || !passes(request)) continue;
      if (covered_s({&request}, static_cast<double>(start_s_), kNowS + 1,
                    static_cast<double>(start_s_)) > 0) {
        found.push_back(&request);
      }
    }
    return found;
  }
  std::map<std::string, Requests> by_group(const Requests& requests) const {
    std::map<std::string, Requests> groups;
    for (const Request* request : requests) groups[group(*request)].push_back(request);
    return groups;
  }
  static Requests own(const Requests& requests) {
    Requests found;
    for (const Request* request : requests) {
      if (request->mode == "a" || request->mode == "b") found.push_back(request);
    }
    return found;
  }
  static std::optional<double> formula(const Requests& requests) {
    const double all = *by_hand("COUNT", requests);
    const double some = *by_hand("COUNT", own(requests));
    if (some == 0) return std::nullopt;
    return (all - 3) / some;
  }
  bool kept(const Requests& requests) const {
    return spec.havings.empty() || *by_hand("COUNT", requests) > 5;
  }
  size_t kept_groups(const std::map<std::string, Requests>& groups) const {
    return static_cast<size_t>(std::count_if(groups.begin(), groups.end(),
                                             [&](const auto& one) { return kept(one.second); }));
  }

  /// Having, order and limit. Null comes first, and last when descending.
  std::vector<std::string> choose(const std::map<std::string, Requests>& groups) const {
    std::vector<std::string> chosen;
    for (const auto& [mode, requests] : groups) {
      if (kept(requests)) chosen.push_back(mode);
    }
    const double kNull = -std::numeric_limits<double>::infinity();
    const bool by_formula = !spec.orders.empty();
    const bool descending = !by_formula || spec.orders[0].descending;
    const auto rank = [&](const std::string& mode) {
      const Requests& requests = groups.at(mode);
      const double value =
          by_formula ? formula(requests).value_or(kNull) : *by_hand("COUNT", requests);
      return descending ? -value : value;
    };
    std::stable_sort(chosen.begin(), chosen.end(),
                     [&](const auto& a, const auto& b) { return rank(a) < rank(b); });
    if (chosen.size() > static_cast<size_t>(spec.limit)) {
      chosen.resize(static_cast<size_t>(spec.limit));
    }
    return chosen;
  }

  /// What a row has beside concurrency and rates. `mode`: of which group.
  void check_row(const Row& row, const Requests& requests, const std::optional<std::string>& mode,
                 const std::string& where) const {
    size_t cell = spec.breakdowns.size();
    for (const Calculation& calculation : spec.calculations) {
      if (calculation.op == CalculationOp::kHeatmap) continue;
      const Value& actual = row.at(cell++);
      if (is_rate(calculation.op) || calculation.op == CalculationOp::kConcurrency) continue;
      const bool own_filter = !calculation.name.empty();
      expect_cell(actual, by_hand(calculation.op_name(), own_filter ? own(requests) : requests),
                  base::cat(where, " ", calculation.key(), mode.value_or("")));
    }
    expect_cell(row.at(cell), formula(requests), base::cat(where, " formula"));
  }

  void check_group(const QueryResult& result, const std::string& mode, const Requests& requests,
                   const Row& row, const std::string& where) const {
    check_row(row, requests, mode, where);
    Requests running = requests;
    for (const Request* request : running_only()) {
      if (group(*request) == mode) running.push_back(request);
    }
    const auto start_s = static_cast<double>(start_s_);
    const double end_s = kNowS + 1;
    const size_t concurrency = cell_of("CONCURRENCY");
    expect_cell(row[concurrency], covered_s(running, start_s, end_s, start_s) / (end_s - start_s),
                base::cat(where, " CONCURRENCY"));

    const int64_t width_s = *spec.granularity_s;
    std::map<std::string, std::vector<double>> differences;
    std::map<std::string, std::optional<double>> before;
    for (int64_t from_s = start_s_ / width_s * width_s; from_s <= kNowS; from_s += width_s) {
      Requests inside;
      for (const Request* request : requests) {
        if (request->time_ns >= from_s * kNsPerS && request->time_ns < (from_s + width_s) * kNsPerS)
          inside.push_back(request);
      }
      const double lo_s = std::max(static_cast<double>(from_s), start_s);
      const double hi_s = std::min(static_cast<double>(from_s + width_s), end_s);
      const double at_once = covered_s(running, lo_s, hi_s, start_s) / (hi_s - lo_s);
      const SeriesPoint* point = nullptr;
      for (const SeriesPoint& one : result.series) {
        if (one.time_s == from_s && (spec.breakdowns.empty() || text(one.cells[0]) == mode)) {
          point = &one;
        }
      }
      const std::string at = base::cat(where, " at ", from_s);
      const bool expected = at_once > 1e-12 || !inside.empty();
      EXPECT_TRUE(point != nullptr || !expected) << at;
      if (point != nullptr) {
        check_row(point->cells, inside, mode, at);
        expect_cell(point->cells[concurrency], at_once, base::cat(at, " CONCURRENCY"));
      }
      for (const char* op : {"AVG", "SUM", "MAX"}) {
        const auto now = by_hand(op, inside);
        const auto last = std::exchange(before[op], now);
        std::optional<double> difference;
        if (now && last) difference = *now - *last;
        if (point != nullptr) {
          expect_cell(point->cells[cell_of(base::cat("RATE_", op, "(x)"))], difference,
                      base::cat(at, " RATE_", op));
        }
        if (difference && point != nullptr) differences[op].push_back(*difference);
      }
    }
    for (const char* op : {"AVG", "SUM", "MAX"}) {
      const std::vector<double>& all = differences[op];
      std::optional<double> mean;
      if (!all.empty()) {
        mean = std::accumulate(all.begin(), all.end(), 0.0) / static_cast<double>(all.size());
      }
      expect_cell(row[cell_of(base::cat("RATE_", op, "(x)"))], mean,
                  base::cat(where, " RATE_", op));
    }
  }

  size_t cell_of(const std::string& key) const {
    const std::vector<std::string> columns = result_columns(spec);
    return static_cast<size_t>(std::find(columns.begin(), columns.end(), key) - columns.begin());
  }

  void check_heatmaps(const QueryResult& result, const std::vector<std::string>& chosen,
                      const std::map<std::string, Requests>& groups,
                      const std::string& where) const {
    ASSERT_EQ(result.heatmaps.size(), chosen.size()) << where;
    for (size_t i = 0; i < chosen.size(); ++i) {
      const Heatmap& map = result.heatmaps[i];
      std::map<int64_t, std::vector<int64_t>> counts;
      int64_t not_numbers = 0;
      int64_t total = 0;
      for (const Request* request : groups.at(chosen[i])) {
        const Value& x = request->x;
        if (x.is_null()) continue;
        if (!is_number(x) || std::isinf(x.as_number())) {
          not_numbers += request->rate;
          continue;
        }
        total += request->rate;
        const auto above = std::upper_bound(map.edges.begin(), map.edges.end(), x.as_number());
        ASSERT_NE(above, map.edges.begin()) << where;
        auto& row = counts[request->time_ns / kNsPerS / *spec.granularity_s * *spec.granularity_s];
        row.resize(map.edges.size() - 1);
        row[std::min(static_cast<size_t>(above - map.edges.begin()) - 1, row.size() - 1)] +=
            request->rate;
      }
      EXPECT_EQ(map.total, total) << where;
      EXPECT_EQ(map.not_numbers, not_numbers) << where;
      ASSERT_EQ(map.times_s.size(), counts.size()) << where;
      size_t at = 0;
      for (const auto& [time_s, row] : counts) {
        EXPECT_EQ(map.times_s[at], time_s) << where;
        EXPECT_EQ(map.counts[at++], row) << where;
      }
    }
  }

  const std::vector<Request>& requests_;
  bool filtered_ = false;
  double least_ = 0;
  int64_t start_s_ = 0;
};

std::vector<event::Event> to_events(const std::vector<Request>& requests) {
  const event::Column mode = *event::Column::intern("mode");
  const event::Column x = *event::Column::intern("x");
  const event::Column duration = *event::Column::intern("duration_ms");
  std::vector<event::Event> events;
  for (const Request& request : requests) {
    event::Event made("requests", request.time_ns, request.rate);
    if (!request.mode.empty()) made.add(mode, request.mode);
    if (!request.x.is_null()) made.add(x, request.x.view());
    if (!request.duration_ms.is_null()) made.add(duration, request.duration_ms.view());
    events.push_back(std::move(made));
  }
  return events;
}

uint64_t seeds(uint64_t otherwise) {
  const char* wanted = std::getenv("UNDERSTUDY_DIFFERENTIAL_SEEDS");
  return wanted == nullptr ? otherwise : std::strtoull(wanted, nullptr, 10);
}

void ask(store::EventStore& store, RandomRequests& random, const std::vector<Request>& requests,
         const std::string& where) {
  const base::FakeClock clock(kNowS * kNsPerS);
  for (int question = 0; question < 3 && !testing::Test::HasFailure(); ++question) {
    const Question asked(random, requests);
    const auto result = run_query(store, "requests", asked.spec, clock);
    ASSERT_TRUE(result.ok()) << where << ": " << result.error().context;
    asked.check(*result, base::cat(where, " question ", question, " ", asked.spec.to_json()));
  }
}

TEST(DifferentialTest, RunQueryOnTheMemoryEngineAgreesWithAPlainLoop) {
  for (uint64_t seed = 1; seed <= seeds(60) && !HasFailure(); ++seed) {
    RandomRequests random(seed);
    const std::vector<Request> requests = random.take();
    store::MemoryStore store;
    ASSERT_TRUE(store.append(to_events(requests)).ok());
    ask(store, random, requests, base::cat("seed ", seed));
  }
}

TEST(DifferentialTest, RunQueryOnDuckDbAgreesWithAPlainLoop) {
  const std::string folder = testing::TempDir() + "query_differential";
  for (uint64_t seed = 1; seed <= seeds(4) && !HasFailure(); ++seed) {
    std::filesystem::remove_all(folder);
    RandomRequests random(seed);
    const std::vector<Request> requests = random.take();
    store::DuckDbStoreOptions options{.segment_events = 40};
    options.log.folder = folder;
    const base::FakeClock clock(kNowS * kNsPerS);
    auto store = store::DuckDbStore::open(options, clock);
    ASSERT_TRUE(store.ok()) << store.error().context;
    const std::vector<event::Event> events = to_events(requests);
    for (size_t first = 0; first < events.size(); first += 30) {
      const size_t count = std::min<size_t>(30, events.size() - first);
      ASSERT_TRUE((*store)->append(std::span(events).subspan(first, count)).ok());
    }
    ASSERT_TRUE((*store)->wait_until_queryable(std::chrono::minutes(1)).ok());
    ask(**store, random, requests, base::cat("seed ", seed));
  }
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace understudy::query
