#include "query/bubble_up.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "base/rng.h"
#include "base/text.h"
#include "query/column_difference.h"
#include "query/known_names.h"
#include "store/memory/memory_store.h"

namespace understudy::query {
namespace {

constexpr int64_t kNowS = 1'700'000'000;
constexpr int64_t kNsPerS = 1'000'000'000;

class BubbleUpTest : public testing::Test {
 protected:
  void add(int64_t time_s, std::vector<std::pair<std::string, event::Value>> fields,
           uint32_t rate = 1) {
    event::Event made("requests", (kNowS + time_s) * kNsPerS, rate);
    for (const auto& [name, value] : fields) {
      made.add(*event::Column::intern(name), value.view());
    }
    events_.push_back(std::move(made));
  }

  /// Calls of which those to one host are slow, and other columns that have nothing to do with it.
  void add_calls(int count) {
    base::Rng rng(7);
    for (int i = 0; i < count; ++i) {
      const bool bad = i % 10 == 0;
      std::vector<std::pair<std::string, event::Value>> fields = {
          {"id", base::cat("call-", i)},
          {"host", bad ? "db-7" : base::cat("db-", rng.below(6))},
          {"route", base::cat("/r", rng.below(4))},
          {"duration_ms", static_cast<double>(bad ? 900 + rng.below(200) : rng.below(100))},
          {"rows", static_cast<int64_t>(rng.below(1'000) + (bad ? 2'000 : 0))},
          {"noise", static_cast<double>(rng.below(1'000'000)) / 7}};
      if (bad) fields.emplace_back("error", "timeout");
      add(-1 - i % 1'000, std::move(fields));
    }
  }

  BubbleUp ask(const std::string& json) {
    if (!events_.empty()) {
      EXPECT_TRUE(store_.append(events_).ok());
    }
    events_.clear();
    auto request = BubbleUpRequest::parse(json);
    EXPECT_TRUE(request.ok()) << request.error().context;
    if (!request.ok()) return {};
    auto found = bubble_up(store_, *request, clock_);
    EXPECT_TRUE(found.ok()) << found.error().context;
    return found.ok() ? *std::move(found) : BubbleUp{};
  }

  static const ColumnDifference& column(const BubbleUp& found, const std::string& name) {
    static const ColumnDifference kNone;
    const auto place = std::find_if(found.columns.begin(), found.columns.end(),
                                    [&](const auto& one) { return one.column == name; });
    EXPECT_NE(place, found.columns.end()) << name;
    return place == found.columns.end() ? kNone : *place;
  }

  std::string error_of(const std::string& json) {
    auto request = BubbleUpRequest::parse(json);
    return request.ok() ? "none" : request.error().context;
  }

  base::FakeClock clock_{kNowS * kNsPerS};
  store::MemoryStore store_;
  std::vector<event::Event> events_;
};

const std::string kSlow =
    R"({"dataset":"requests","selection":{"column":"duration_ms","min":500,"max":2000}})";

TEST_F(BubbleUpTest, WhatTheSlowCallsHaveInCommonComesFirst) {
  add_calls(5'000);
  const BubbleUp found = ask(kSlow);
  EXPECT_EQ(found.selected, 500);
  EXPECT_EQ(found.baseline, 4'500);
  EXPECT_EQ(found.looked_at, 5'000);
  EXPECT_FALSE(found.sampled);
  for (const char* name : {"host", "error", "rows"}) {
    EXPECT_GT(column(found, name).score, 0.9) << name;
  }
  for (const char* name : {"id", "route", "noise"}) {
    EXPECT_EQ(column(found, name).score, 0) << name;
  }
  const ColumnDifference& host = column(found, "host");
  EXPECT_EQ(host.values[0].value, event::Value("db-7"));
  EXPECT_EQ(host.values[0].selection, 1);
  EXPECT_EQ(host.values[0].selection_count, 500);
  EXPECT_EQ(host.values[0].baseline, 0);
  EXPECT_EQ(column(found, "error").missing_baseline, 1);
  EXPECT_EQ(column(found, "error").missing_selection, 0);
}

TEST_F(BubbleUpTest, TheSelectionsOwnColumnIsLeftOutUnlessAskedFor) {
  add_calls(500);
  for (const ColumnDifference& one : ask(kSlow).columns) EXPECT_NE(one.column, "duration_ms");
  const BubbleUp asked = ask(
      R"({"dataset":"requests","selection":{"column":"duration_ms","min":500},"columns":["duration_ms"]})");
  ASSERT_EQ(asked.columns.size(), 1u);
  EXPECT_TRUE(asked.columns[0].measure);
  EXPECT_EQ(asked.columns[0].distance, 1);
}

TEST_F(BubbleUpTest, BoundsOfARectangleAreInclusiveInValueAndHalfOpenInTime) {
  for (const double value : {1.0, 2.0, 3.0, 4.0}) add(-100, {{"x", value}});
  add(-50, {{"x", 2.0}});
  EXPECT_EQ(ask(R"({"dataset":"requests","selection":{"column":"x","min":2,"max":3}})").selected,
            3);
  EXPECT_EQ(ask(base::cat(R"({"dataset":"requests","selection":{"start_time":)", kNowS - 100,
                          R"(,"end_time":)", kNowS - 50, "}}"))
                .selected,
            4);
  EXPECT_EQ(ask(base::cat(R"({"dataset":"requests","selection":{"start_time":)", kNowS - 100,
                          R"(.5,"column":"x","max":2}})"))
                .selected,
            1);
}

TEST_F(BubbleUpTest, SampleRatesWeigh) {
  add(-1, {{"a", "x"}, {"slow", true}}, 10);
  for (int i = 0; i < 10; ++i) add(-1, {{"a", "y"}, {"slow", true}});
  for (int i = 0; i < 10; ++i) add(-1, {{"a", "y"}, {"slow", false}});
  add(-1, {{"a", "y"}});
  const BubbleUp found = ask(
      R"({"dataset":"requests","selection":{"filters":[{"column":"slow","op":"=","value":true}]}})");
  EXPECT_EQ(found.selected, 20);
  EXPECT_EQ(found.baseline, 11);
  const ColumnDifference& a = column(found, "a");
  EXPECT_DOUBLE_EQ(a.values[0].baseline, 1);
  EXPECT_DOUBLE_EQ(a.values[0].selection, 0.5);
  EXPECT_DOUBLE_EQ(a.other_selection, 0.5);  // one event is too few for a value of its own
}

TEST_F(BubbleUpTest, TheQuerysFiltersBoundBothSides) {
  add_calls(1'000);
  const BubbleUp found = ask(
      R"({"dataset":"requests","query":{"filters":[{"column":"route","op":"=","value":"/r1"}],"time_range":500},
          "selection":{"column":"duration_ms","min":500}})");
  EXPECT_LT(found.selected + found.baseline, 200);
  EXPECT_GT(found.selected, 0);
  EXPECT_EQ(column(found, "route").values.size(), 1u);
}

TEST_F(BubbleUpTest, ManyEventsAreSampledAndSaySo) {
  add_calls(60'000);
  const BubbleUp found = ask(kSlow);
  EXPECT_TRUE(found.sampled);
  EXPECT_EQ(found.selected, 6'000);
  EXPECT_EQ(found.baseline, 54'000);
  EXPECT_GT(found.looked_at, 24'000);
  EXPECT_LT(found.looked_at, 28'000);
  EXPECT_GT(column(found, "host").score, 0.9);
  EXPECT_EQ(column(found, "id").score, 0);
  EXPECT_NEAR(static_cast<double>(column(found, "route").values[0].baseline_count), 13'500, 700);
}

TEST_F(BubbleUpTest, NothingSelectedComparesNothing) {
  add_calls(100);
  const BubbleUp found =
      ask(R"({"dataset":"requests","selection":{"column":"duration_ms","min":1e9}})");
  EXPECT_EQ(found.selected, 0);
  EXPECT_EQ(found.baseline, 100);
  EXPECT_TRUE(found.columns.empty());
  EXPECT_TRUE(
      ask(R"({"dataset":"nobody","selection":{"column":"duration_ms","min":1}})").columns.empty());
}

/// A random selection differs in nothing: chance alone rarely scores.
TEST(ColumnDifferenceTest, ARandomSelectionSeldomScores) {
  int scored = 0;
  constexpr int kTrials = 400;
  for (int trial = 0; trial < kTrials; ++trial) {
    base::Rng rng(static_cast<uint64_t>(trial) + 1);
    std::vector<event::Value> values;
    std::vector<ColumnCell> cells;
    const uint64_t selection = 1 + rng.below(50);
    for (int i = 0; i < 1'000; ++i) {
      values.emplace_back(trial % 2 == 0 ? event::Value(base::cat("v", rng.below(30)))
                                         : event::Value(static_cast<double>(rng.below(1'000))));
    }
    for (size_t i = 0; i < values.size(); ++i) {
      cells.push_back({.value = values[i].view(), .selected = rng.below(1'000) < selection * 5});
    }
    if (compare_column(cells, {1, 1}).score > 0) ++scored;
  }
  EXPECT_LE(scored, kTrials * 2 / 100);
}

TEST(ColumnDifferenceTest, TheDistanceOfAMeasureIsThatOfTheCumulativeDistributions) {
  std::vector<event::Value> values(200);
  std::vector<ColumnCell> cells;
  for (int i = 0; i < 100; ++i) values[static_cast<size_t>(i)] = static_cast<double>(i);
  for (int i = 0; i < 80; ++i) values[static_cast<size_t>(100 + i)] = i + 50;
  for (size_t i = 0; i < values.size(); ++i) {
    cells.push_back({.value = values[i].view(), .selected = i < 100});
  }
  const ColumnDifference found = compare_column(cells, {100, 100});
  ASSERT_TRUE(found.measure);
  // 20 of the baseline are missing; below 50 the selection has half of its numbers.
  EXPECT_DOUBLE_EQ(found.missing_baseline, 0.2);
  EXPECT_DOUBLE_EQ(found.distance, 0.3);
  EXPECT_NEAR(std::accumulate(found.selection.begin(), found.selection.end(), 0.0), 1, 1e-9);
  EXPECT_NEAR(std::accumulate(found.baseline.begin(), found.baseline.end(), 0.0), 0.8, 1e-9);
}

TEST(ColumnDifferenceTest, TheDistanceOfADimensionIsHalfTheSumOfTheDifferences) {
  const std::vector<event::Value> values = {"a", "b", 5, event::Value()};
  std::vector<ColumnCell> cells;
  const auto add = [&](size_t value, int times, bool selected) {
    for (int i = 0; i < times; ++i) cells.push_back({values[value].view(), 1, selected});
  };
  add(0, 50, true);
  add(1, 50, true);
  add(0, 20, false);
  add(2, 60, false);
  add(3, 20, false);
  const ColumnDifference found = compare_column(cells, {1'000, 500});
  EXPECT_FALSE(found.measure);
  EXPECT_DOUBLE_EQ(found.distance, (0.3 + 0.5 + 0.6 + 0.2) / 2);
  EXPECT_EQ(found.values[0].value, event::Value(5));
  EXPECT_EQ(found.values[0].baseline_count, 300);
}

// --- requests that are refused ---

TEST_F(BubbleUpTest, UnknownColumnsNameTheNearest) {
  add_calls(10);
  ask(kSlow);
  const auto refusal = [&](const std::string& json) {
    const auto checked = check_names(store_, *BubbleUpRequest::parse(json));
    return checked.ok() ? "none" : checked.error().context;
  };
  EXPECT_EQ(refusal(kSlow), "none");
  EXPECT_EQ(refusal(R"({"dataset":"requests","selection":{"column":"duration_m","min":1}})"),
            "selection.column: \"requests\" has no column \"duration_m\"; did you mean "
            "\"duration_ms\"?");
  EXPECT_EQ(
      refusal(
          R"({"dataset":"requests","selection":{"filters":[{"column":"routee","op":"exists"}]}})"),
      "selection.filters[0]: \"requests\" has no column \"routee\"; did you mean \"route\"?");
  EXPECT_EQ(
      refusal(R"({"dataset":"requests","selection":{"column":"rows","min":1},"columns":["rout"]})"),
      "columns[0]: \"requests\" has no column \"rout\"; did you mean \"route\"?");
}

TEST_F(BubbleUpTest, BadRequestsNameTheField) {
  EXPECT_EQ(error_of("{}"), "\"dataset\" is missing");
  EXPECT_EQ(error_of(R"({"dataset":"a"})"), "\"selection\" is missing");
  EXPECT_EQ(error_of(R"({"dataset":"a","selection":{}})"),
            "selection: chooses nothing: give times, a column with min and max, or filters");
  EXPECT_EQ(error_of(R"({"dataset":"a","selection":{"min":1}})"),
            "selection: min and max need a \"column\"");
  EXPECT_EQ(error_of(R"({"dataset":"a","selection":{"column":"x"}})"),
            "selection: \"column\" needs a min or a max");
  EXPECT_EQ(error_of(R"({"dataset":"a","selection":{"column":"x","min":2,"max":1}})"),
            "selection.max: is below min");
  EXPECT_EQ(error_of(R"({"dataset":"a","selection":{"start_time":5,"end_time":5}})"),
            "selection.end_time: is not after start_time");
  EXPECT_EQ(error_of(R"({"dataset":"a","selection":{"start_time":-5}})"),
            "selection.start_time: is no time in Unix seconds");
  EXPECT_EQ(error_of(R"({"dataset":"a","selection":{"colum":"x"}})"),
            "selection.colum: is not a known field; did you mean \"column\"?");
  EXPECT_EQ(error_of(R"({"dataset":"a","query":{"filters":[{"column":"x"}]},"selection":{}})"),
            "query.filters[0]: \"op\" is missing");
  EXPECT_EQ(error_of(R"({"dataset":"a","query":{"start_time":5,"end_time":5},"selection":{}})"),
            "query.end_time: 5 is not after start_time 5");
  EXPECT_EQ(error_of(R"({"dataset":"a","selection":{"column":"x","min":2},"limit":0})"),
            "limit: 0 is below 1");
}

}  // namespace
}  // namespace understudy::query
