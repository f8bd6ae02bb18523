// Random questions over random events, answered by run_query and by a plain loop over the events.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <optional>

#include "base/rng.h"
#include "base/text.h"
#include "query/run_query.h"
#include "store/memory/memory_store.h"

namespace understudy::query {
namespace {

constexpr int64_t kNowS = 1'700'000'000;
constexpr int64_t kNsPerS = 1'000'000'000;

struct Request {
  int64_t time_s = 0;
  uint32_t rate = 1;
  std::string mode;  // empty: absent
  std::optional<double> duration_ms;
};

std::vector<Request> random_requests(base::Rng& rng) {
  const char* const kModes[] = {"", "control_only", "full_evaluation", "candidate_only"};
  std::vector<Request> requests(rng.below(200));
  for (Request& request : requests) {
    request.time_s = kNowS - static_cast<int64_t>(rng.below(7'000));
    request.rate = rng.below(4) == 0 ? 5 : 1;
    request.mode = kModes[rng.below(4)];
    if (rng.below(10) > 0) request.duration_ms = static_cast<double>(rng.below(50));
  }
  return requests;
}

void fill(store::MemoryStore& store, const std::vector<Request>& requests) {
  const event::Column mode = *event::Column::intern("mode");
  const event::Column duration = *event::Column::intern("duration_ms");
  for (const Request& request : requests) {
    event::Event made("requests", request.time_s * kNsPerS, request.rate);
    if (!request.mode.empty()) made.add(mode, request.mode);
    if (request.duration_ms) made.add(duration, *request.duration_ms);
    ASSERT_TRUE(store.append({&made, 1}).ok());
  }
}

// The answer by hand: COUNT, SUM, AVG and P90 per mode.
struct Numbers {
  double count = 0;
  double weight = 0;
  double sum = 0;
  std::vector<double> repeated;  // every value as often as its rate says

  void add(const Request& request) {
    count += request.rate;
    if (!request.duration_ms) return;
    weight += request.rate;
    sum += *request.duration_ms * request.rate;
    repeated.insert(repeated.end(), request.rate, *request.duration_ms);
  }
  double p90() {
    std::sort(repeated.begin(), repeated.end());
    return repeated[(repeated.size() * 9 + 9) / 10 - 1];
  }
};

void expect_equal(Numbers expected, const event::Value* cells, const std::string& where) {
  EXPECT_EQ(cells[0].as_number(), expected.count) << where;
  if (expected.repeated.empty()) {
    EXPECT_TRUE(cells[1].is_null() && cells[2].is_null() && cells[3].is_null()) << where;
    return;
  }
  EXPECT_DOUBLE_EQ(cells[1].as_number(), expected.sum) << where;
  EXPECT_DOUBLE_EQ(cells[2].as_number(), expected.sum / expected.weight) << where;
  EXPECT_EQ(cells[3].as_number(), expected.p90()) << where;
}

std::string mode_of(const event::Value& value) { return value.is_null() ? "" : value.as_string(); }

TEST(DifferentialTest, RunQueryAgreesWithAPlainLoop) {
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    base::Rng rng(seed);
    const std::vector<Request> requests = random_requests(rng);
    store::MemoryStore store;
    fill(store, requests);
    const base::FakeClock clock(kNowS * kNsPerS);
    const auto limit_ms = static_cast<double>(rng.below(60));
    const int64_t range_s = 600 + static_cast<int64_t>(rng.below(6'000));
    const int64_t step_s = 60 + static_cast<int64_t>(rng.below(300));

    QuerySpec spec;
    spec.breakdowns = {"mode"};
    for (const char* op : {"COUNT", "SUM", "AVG", "P90"}) {
      Calculation calculation = *calculation_op(op);
      if (calculation.op != CalculationOp::kCount) calculation.column = "duration_ms";
      spec.calculations.push_back(calculation);
    }
    // The negated form keeps events without a duration.
    spec.filters = {{.column = "mode", .op = FilterOp::kNotEqual, .values = {"candidate_only"}},
                    {.column = "duration_ms", .op = FilterOp::kLess, .values = {limit_ms}}};
    spec.filter_combination = FilterCombination::kOr;
    spec.time_range_s = range_s;
    spec.granularity_s = step_s;

    std::map<std::string, Numbers> groups;
    std::map<std::pair<int64_t, std::string>, Numbers> series;
    Numbers total;
    for (const Request& request : requests) {
      if (request.time_s < kNowS + 1 - range_s) continue;
      const bool matches = request.mode != "candidate_only" ||
                           (request.duration_ms && *request.duration_ms < limit_ms);
      if (!matches) continue;
      groups[request.mode].add(request);
      series[{request.time_s / step_s * step_s, request.mode}].add(request);
      total.add(request);
    }

    auto result = run_query(store, "requests", spec, clock);
    ASSERT_TRUE(result.ok()) << result.error().context;
    const std::string where = base::cat("seed ", seed);
    ASSERT_EQ(result->results.size(), groups.size()) << where;
    for (const Row& row : result->results) {
      ASSERT_TRUE(groups.contains(mode_of(row[0]))) << where;
      expect_equal(groups[mode_of(row[0])], &row[1], base::cat(where, " group ", mode_of(row[0])));
    }
    ASSERT_EQ(result->series.size(), series.size()) << where;
    for (const SeriesPoint& point : result->series) {
      const std::pair key{point.time_s, mode_of(point.cells[0])};
      ASSERT_TRUE(series.contains(key)) << where;
      expect_equal(series[key], &point.cells[1], base::cat(where, " at ", point.time_s));
    }
    expect_equal(total, &result->total[1], base::cat(where, " total"));
  }
}

}  // namespace
}  // namespace understudy::query
