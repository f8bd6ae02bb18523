#include "app/cli/status_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace understudy::app {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string shown(std::string_view json) {
  const auto migration = flags::parse_json(json);
  EXPECT_TRUE(migration.ok());
  return status_text(*migration, Console{});
}

TEST(StatusText, EveryNumberNamesItsPeriod) {
  const std::string text = shown(R"({"name": "shop",
    "verdict": {"verdict": "pass", "headline": "Good.", "evaluations": 812, "judged": 800,
                "window": {"start": "2026-11-22T14:50:00Z"},
                "window_reason": "since the mode was changed"},
    "accounting": {"requests": 5012, "accounts": {"not_sampled": 4200, "compared": 812},
                   "source": "memory",
                   "in_window": {"requests": 812, "accounts": {"not_sampled": 0, "compared": 812}}},
    "differences": {"source": "events", "total": 3, "groups": []},
    "noise": {"source": "events", "samples": 9, "calls": {"sampled": 12, "shed": 3}},
    "errors": {"total": 15, "groups": []}})");
  EXPECT_THAT(text, HasSubstr("window       since the mode was changed (2026-11-22T14:50:00Z): 812 "
                              "evaluations, 800 judged\n"));
  EXPECT_THAT(text, HasSubstr("in the window, as recorded: 812: 812 compared\n"));
  EXPECT_THAT(text, HasSubstr("since the start of the server: 5,012: 4,200 not_sampled, 812 "));
  EXPECT_THAT(text, HasSubstr("differences  in the window: 3\n"));
  EXPECT_THAT(text, HasSubstr("noise        since the rules were agreed: control was asked twice "
                              "in 9 (beside 3 shed since the start)"));
  EXPECT_THAT(text, HasSubstr("errors       in the window: 15\n"));
}

TEST(StatusText, AGroupHasAnExampleTheCommandForMoreAndWhereItsRuleGoes) {
  const std::string text = shown(R"({"name": "shop",
    "verdict": {"window": {"start": "2026-11-22T14:50:00Z"}},
    "differences": {"source": "events", "total": 7, "groups": [
      {"text": "100.0% float within 4 ULP at $.rows[*].it's", "path": "$.rows[*].it's",
       "dimension": "cell", "rule": "{path: \"$.rows[*].x\", ulps: 4}",
       "example": {"path": "$.rows[3].it's", "row": 3, "control_value": "1.25",
                   "evaluation_id": "abc"}}]}})");
  EXPECT_THAT(text, HasSubstr("example: at $.rows[3].it's, row 3 control has 1.25, candidate "
                              "nothing; evaluation abc\n"));
  EXPECT_THAT(
      text, HasSubstr("more: understudy query differences --events"
                      R"( --where 'evaluation.migration = "shop"')"
                      R"( --where 'difference.path_pattern = "$.rows[*].it'\''s"')"
                      R"( --where 'difference.dimension = "cell"' --start 2026-11-22T14:50:00Z )"));
  EXPECT_THAT(text, HasSubstr("under compare: { rules: [...] } of the migration"));
  EXPECT_THAT(text, HasSubstr("kill -HUP"));
  EXPECT_THAT(text, HasSubstr("Content-Type: application/json"));
}

TEST(StatusText, WhatComesFromMemoryIsCalledThat) {
  const std::string text = shown(R"({"name": "shop", "differences": {"source": "memory",
    "window_reason": "since the start, in memory", "fallback": "the query took too long",
    "total": 9, "groups": []}})");
  EXPECT_THAT(text, HasSubstr("since the start, in memory (the query took too long): 9\n"));
  EXPECT_THAT(text, Not(HasSubstr("in the window: 9")));
}

// Groups that differ only in what is not printed look like a fault of the list.
TEST(StatusText, ErrorsSayWhatSeparatesThem) {
  const std::string text = shown(R"({"name": "shop", "errors": {"total": 15, "groups": [
    {"count": 10, "side": "candidate", "type": "timeout", "where": "connect", "route": "query"},
    {"count": 5, "side": "candidate", "type": "timeout", "where": "read_head", "route": "query",
     "last_message": "after 2 s"}]}})");
  EXPECT_THAT(text, HasSubstr("  10 candidate timeout, at connect, route query\n"));
  EXPECT_THAT(text, HasSubstr("  5 candidate timeout, at read_head, route query: after 2 s\n"));
}

}  // namespace
}  // namespace understudy::app
