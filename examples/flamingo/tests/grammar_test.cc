#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "dialect/parser.h"
#include "grammar/drawing.h"
#include "grammar/planner.h"
#include "grammar/spec.h"

namespace flamingo {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::StartsWith;

class GrammarTest : public testing::Test {
 protected:
  GrammarTest() {
    schema_.dataset = "flights";
    schema_.fields = {{"date", Type::kTime},
                      {"delay", Type::kInteger},
                      {"distance", Type::kInteger},
                      {"origin", Type::kString}};
    spec_ = json::parse(R"({"data":{"name":"flights"},"mark":"bar","encoding":{
        "x":{"field":"origin","type":"nominal"},
        "y":{"field":"delay","type":"quantitative","aggregate":"mean"}}})");
  }

  Outcome<Plan> plan() {
    TRY_OUTCOME(const ChartSpec spec, parse_spec(spec_.dump()));
    return compile(spec, schema_);
  }
  std::string query(size_t step = 0) {
    const auto made = plan();
    EXPECT_TRUE(made.ok()) << made.fault().message;
    if (!made.ok() || made->steps.size() <= step) return "";
    EXPECT_TRUE(parse_query(made->steps[step].query).ok()) << made->steps[step].query;
    return made->steps[step].query;
  }
  std::string refusal() {
    const auto made = plan();
    EXPECT_FALSE(made.ok());
    return made.ok() ? "" : made.fault().message;
  }

  Schema schema_;
  json spec_;
};

TEST_F(GrammarTest, KeysBecomeGroupsAndAggregatesColumns) {
  EXPECT_EQ(query(),
            "SELECT origin AS origin, mean(delay) AS mean_delay FROM flights GROUP BY origin");
}

TEST_F(GrammarTest, WithoutAnAggregateRowsAreShownAsTheyAre) {
  spec_["encoding"]["y"].erase("aggregate");
  spec_["limit"] = 50;
  EXPECT_EQ(query(), "SELECT origin AS origin, delay AS delay FROM flights LIMIT 50");
}

TEST_F(GrammarTest, TimeUnitsSortsAndCounts) {
  spec_["encoding"] = json::parse(R"({
      "x":{"field":"date","type":"temporal","timeUnit":"yearmonth","sort":"-y"},
      "y":{"aggregate":"count","type":"quantitative"}})");
  EXPECT_EQ(query(),
            "SELECT time_unit(date, 'yearmonth') AS yearmonth_date, count() AS count_rows "
            "FROM flights GROUP BY yearmonth_date ORDER BY count_rows DESC");
}

TEST_F(GrammarTest, FiltersBecomeConditionsOverParameters) {
  spec_["transform"] = json::parse(R"([
      {"filter":{"or":[{"field":"origin","equal":"SEA' OR 1=1"},{"not":{"field":"delay","range":[1,2]}}]}},
      {"filter":{"field":"date","gte":"2001-02-01"}},
      {"filter":{"field":"origin","oneOf":["A","B"]}},
      {"filter":{"field":"delay","valid":true}}])");
  EXPECT_THAT(query(), HasSubstr("WHERE (origin = :p1 OR NOT delay BETWEEN :p2 AND :p3) AND "
                                 "date >= time(:p4) AND origin IN (:p5, :p6) AND "
                                 "delay IS NOT NULL GROUP BY"));
  const auto made = plan();
  EXPECT_EQ(std::get<std::string>(made->steps[0].parameters.at("p1")), "SEA' OR 1=1");
}

TEST_F(GrammarTest, ABinOfUnknownWidthAsksForTheExtentFirst) {
  spec_["encoding"]["x"] =
      json::parse(R"({"field":"distance","type":"quantitative","bin":{"maxbins":12}})");
  spec_["transform"] = json::parse(R"([{"filter":{"field":"delay","gt":5}}])");
  EXPECT_EQ(query(0),
            "SELECT min(distance) AS least, max(distance) AS most FROM flights WHERE delay > :p1");
  EXPECT_EQ(query(1),
            "SELECT bin(distance, :step_distance) AS bin_distance, mean(delay) AS mean_delay "
            "FROM flights WHERE delay > :p1 GROUP BY bin_distance");
  const auto made = plan();
  ASSERT_EQ(made->steps[1].derived.size(), 1u);
  EXPECT_EQ(made->steps[1].derived[0].maxbins, 12);
}

TEST_F(GrammarTest, ABinOfKnownWidthNeedsOneQuery) {
  spec_["encoding"]["x"] =
      json::parse(R"({"field":"distance","type":"quantitative","bin":{"step":250}})");
  const auto made = plan();
  ASSERT_EQ(made->steps.size(), 1u);
  EXPECT_EQ(made->steps[0].parameters.at("step_distance"), Value{int64_t{250}});
}

TEST_F(GrammarTest, TheDrawingNamesColumnsAndAggregatesNothing) {
  spec_["encoding"]["x"] =
      json::parse(R"({"field":"distance","type":"quantitative","bin":true,"title":"miles"})");
  const auto spec = parse_spec(spec_.dump());
  const json drawing = json::parse(drawing_json(*spec, {{"step_distance", int64_t{500}}}));
  EXPECT_EQ(drawing["encoding"]["x"]["field"], "bin_distance");
  EXPECT_EQ(drawing["encoding"]["x"]["title"], "miles");
  EXPECT_EQ(drawing["encoding"]["x2"]["field"], "bin_distance_end");
  EXPECT_EQ(drawing["transform"][0]["calculate"], "datum.bin_distance + 500.0");
  EXPECT_EQ(drawing["encoding"]["y"]["field"], "mean_delay");
  EXPECT_FALSE(drawing["encoding"]["y"].contains("aggregate"));
}

// ---- What is refused ----

TEST_F(GrammarTest, WhatIsOutsideTheSubsetIsRefusedWithItsPlace) {
  spec_["encoding"]["y"]["aggregate"] = "average";
  EXPECT_THAT(refusal(), StartsWith("encoding.y.aggregate: 'average' is not supported"));
  spec_["encoding"]["y"] = json::parse(R"({"field":"delay","stack":"zero"})");
  EXPECT_THAT(refusal(), StartsWith("encoding.y: 'stack' is not supported"));
  spec_["encoding"]["y"] = json::parse(R"({"field":"delay","bin":{"maxbins":0}})");
  EXPECT_THAT(refusal(), StartsWith("encoding.y.bin.maxbins: "));
  spec_["mark"] = "pie";
  EXPECT_THAT(refusal(), StartsWith("mark: 'pie' is not supported; there are bar, line"));
}

TEST_F(GrammarTest, FieldsAndOperandsMustFitTheData) {
  spec_["encoding"]["y"]["field"] = "dely";
  EXPECT_THAT(refusal(), HasSubstr("the dataset has no field 'dely'"));
  spec_["encoding"]["y"]["field"] = "origin";
  EXPECT_THAT(refusal(), HasSubstr("'origin' is not a number"));
  spec_["encoding"]["y"]["field"] = "delay";
  for (const char* filter :
       {R"({"field":"date","gt":5})", R"({"field":"date","gt":"yesterday"})",
        R"({"field":"delay","equal":"x"})", R"({"field":"origin","oneOf":[1]})",
        R"({"field":"nowhere","equal":1})", R"({"field":"delay","equal":1,"gt":2})",
        R"({"field":"delay","range":[1]})", R"({"field":"delay"})", R"({"and":[]})", "7"}) {
    spec_["transform"] = json::array({{{"filter", json::parse(filter)}}});
    EXPECT_THAT(refusal(), StartsWith("transform")) << filter;
  }
}

TEST_F(GrammarTest, DeepAndManyConditionsAreRefused) {
  json deep = json::parse(R"({"field":"delay","gt":1})");
  for (int i = 0; i < 50; ++i) deep = {{"not", deep}};
  spec_["transform"] = json::array({{{"filter", deep}}});
  EXPECT_THAT(refusal(), HasSubstr("nests too deep"));
  json many = json::array();
  for (int i = 0; i < 500; ++i) many.push_back({{"field", "delay"}, {"gt", i}});
  spec_["transform"] = json::array({{{"filter", {{"and", many}}}}});
  EXPECT_THAT(refusal(), HasSubstr("too many conditions"));
  EXPECT_FALSE(parse_spec(std::string(100'000, '[')).ok());
  EXPECT_FALSE(parse_spec("[1]").ok());
}

}  // namespace
}  // namespace flamingo
