#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "api/testing/admin_server.h"
#include "base/config_yaml.h"
#include "base/text.h"
#include "compare/difference.h"

namespace understudy::api {
namespace {

using testing::AdminServer;
using testing::at;
using testing::error_of;
using ::testing::HasSubstr;

constexpr int64_t kSecondNs = 1'000'000'000;

judge::Criteria criteria(std::string_view yaml) {
  const auto node = base::parse_yaml(yaml, "test.yaml");
  EXPECT_TRUE(node.ok());
  auto parsed = judge::Criteria::parse(*node);
  EXPECT_TRUE(parsed.ok());
  return *parsed;
}

/// Evaluations in full_evaluation where both sides answered; `seconds_ago` old.
void evaluations(AdminServer& server, int number, int64_t seconds_ago,
                 int candidate_success = 100) {
  for (int i = 0; i < number; ++i) {
    server.happened("evaluations", seconds_ago,
                    {{"evaluation.mode", "full_evaluation"},
                     {"evaluation.accounting", "compared"},
                     {"control.success", 100},
                     {"candidate.success", candidate_success},
                     {"control.duration_ms", 10.0},
                     {"candidate.duration_ms", 9.0}});
  }
}

void difference(AdminServer& server, std::string_view path, std::string_view explanation,
                std::string_view rule, double distance = 1, int64_t seconds_ago = 0) {
  server.happened("differences", seconds_ago,
                  {{"http.route", "query"},
                   {"difference.path_pattern", path},
                   {"difference.path", path},
                   {"difference.dimension", "cell"},
                   {"difference.explanation", explanation},
                   {"difference.distance", distance},
                   {"difference.distance_unit", "ulp"},
                   {"difference.control_value", "1.25"},
                   {"difference.candidate_value", "1.2500000000000002"},
                   {"difference.rule", rule}});
}

// --- Mode -------------------------------------------------------------------------------------

TEST(Mode, IsShownAsTextAndAsShares) {
  AdminServer server;
  const Response response = server.get("/api/migrations/data-engine/mode");
  EXPECT_EQ(at(response, "mode").as_string(), "control_only=100");
  EXPECT_EQ(at(response, "mix.control_only").as_number(), 100);
  EXPECT_EQ(at(response, "mix.full_evaluation").as_number(), 0);
  EXPECT_EQ(at(response, "version").as_integer(), 1);
  EXPECT_EQ(at(response, "changed.by").as_string(), "test.yaml:1");
}

TEST(Mode, CanBeSetAsTextOrAsShares) {
  AdminServer server;
  const Response text = server.put(
      "/api/migrations/data-engine/mode",
      R"({"mode":"full_evaluation=10,control_only=90","by":"alice","reason":"baseline is stable"})");
  EXPECT_EQ(text.status, 200);
  EXPECT_EQ(at(text, "mode").as_string(), "control_only=90,full_evaluation=10");
  EXPECT_EQ(at(text, "changed.by").as_string(), "alice");
  EXPECT_EQ(at(text, "changed.reason").as_string(), "baseline is stable");
  const Response shares = server.put("/api/migrations/data-engine/mode",
                                     R"({"mix":{"candidate_only":12.5,"control_only":87.5}})");
  EXPECT_EQ(at(shares, "mode").as_string(), "control_only=87.5,candidate_only=12.5");
  EXPECT_EQ(at(shares, "changed.by").as_string(), "api 127.0.0.1");
}

TEST(Mode, IsInForceWhenTheAnswerArrives) {
  AdminServer server;
  server.put("/api/migrations/data-engine/mode", R"({"mode":"candidate_only"})");
  const Response evaluated =
      server.post("/api/evaluate", R"({"flag":"data-engine.mode","context":{"key":"a"}})");
  EXPECT_EQ(at(evaluated, "value").as_string(), "candidate_only");
}

TEST(Mode, AChangeMakesAMarker) {
  AdminServer server;
  server.put("/api/migrations/data-engine/mode", R"({"mode":"full_evaluation=10","by":"alice"})");
  const Response markers = server.get("/api/markers?limit=1");
  EXPECT_EQ(at(markers, "markers.0.type").as_string(), "flag_change");
  EXPECT_THAT(at(markers, "markers.0.message").as_string(), HasSubstr("by alice"));
}

TEST(Mode, WhatIsSetAlreadyIsSaidAndANewWindowBeginsOnlyOnPurpose) {
  AdminServer server;
  constexpr const char* kTarget = "/api/migrations/data-engine/mode";
  constexpr const char* kMix = R"({"mode":"full_evaluation=10"})";
  EXPECT_FALSE(at(server.put(kTarget, kMix), "unchanged").as_bool());
  server.clock.advance_ns(60 * kSecondNs);
  evaluations(server, 3, 10);
  const Response again = server.put(kTarget, kMix);
  EXPECT_TRUE(at(again, "unchanged").as_bool());
  EXPECT_EQ(at(again, "version").as_integer(), 2);
  EXPECT_EQ(at(server.get("/api/migrations/data-engine"), "verdict.evaluations").as_integer(), 3);

  const Response afresh = server.put(
      kTarget, R"({"mode":"full_evaluation=10","new_window":true,"reason":"candidate 1.1"})");
  EXPECT_FALSE(at(afresh, "unchanged").as_bool());
  EXPECT_EQ(at(afresh, "version").as_integer(), 3);
  EXPECT_EQ(at(afresh, "mode").as_string(), "control_only=90,full_evaluation=10");
  EXPECT_EQ(at(afresh, "changed.reason").as_string(), "candidate 1.1");
  EXPECT_EQ(at(server.get("/api/migrations/data-engine"), "verdict.evaluations").as_integer(), 0);
  EXPECT_EQ(at(server.get("/api/markers?limit=1"), "markers.0.message").as_string(),
            "data-engine.mode: a new evidence window was begun at "
            "control_only=90,full_evaluation=10 by api 127.0.0.1 (candidate 1.1)");
  EXPECT_EQ(server.put(kTarget, R"({"mode":"control_only","new_window":1})").status, 422);
}

TEST(Mode, AChangeBasedOnAnOldVersionIsAConflict) {
  AdminServer server;
  constexpr const char* kTarget = "/api/migrations/data-engine/mode";
  EXPECT_EQ(server.put(kTarget, R"({"mode":"full_evaluation=10","expected_version":1})").status,
            200);
  const Response late =
      server.put(kTarget, R"({"mode":"full_evaluation=50","expected_version":1})");
  EXPECT_EQ(late.status, 409);
  EXPECT_THAT(error_of(late), HasSubstr("at version 2, not 1"));
  EXPECT_EQ(at(server.get(kTarget), "mode").as_string(), "control_only=90,full_evaluation=10");
}

TEST(Mode, WhatDoesNotAddUpIsRefused) {
  AdminServer server;
  constexpr const char* kTarget = "/api/migrations/data-engine/mode";
  for (const char* body :
       {R"({"mode":"full_evaluation=110"})", R"({"mix":{"full_evaluation":50,"control_only":40}})",
        R"({"mode":"ful_evaluation=10"})", R"({"mix":{"x,control_only":100}})", R"({"mix":[]})",
        R"({"mix":{"control_only":"100"}})", R"({"mode":3})", R"({})",
        R"({"mode":"control_only","mix":{}})", R"({"mode":"control_only","expected_version":"1"})",
        R"({"mix":{"control_only":1e300}})"}) {
    EXPECT_EQ(server.put(kTarget, body).status, 422) << body;
  }
  const Response typo = server.put(kTarget, R"({"mode":"control_only","reson":"x"})");
  EXPECT_THAT(error_of(typo), HasSubstr("did you mean \"reason\"?"));
  EXPECT_EQ(at(server.get(kTarget), "version").as_integer(), 1);
}

// Whoever says control_only in an emergency gets it, whatever happened to the flag.
TEST(Mode, SettingItRepairsADeletedOrBrokenFlag) {
  AdminServer server;
  constexpr const char* kTarget = "/api/migrations/data-engine/mode";
  server.remove("/api/flags/data-engine.mode");
  EXPECT_THAT(at(server.get(kTarget), "error").as_string(), HasSubstr("control_only"));
  EXPECT_EQ(server.put(kTarget, R"({"mode":"control_only"})").status, 200);

  flags::Flag broken;
  broken.key = "data-engine.mode";
  broken.on = true;
  broken.variations = {"nonsense"};
  broken.fallthrough.variation = 0;
  ASSERT_TRUE(server.state.put_flag(broken, {.who = "somebody"}).ok());
  EXPECT_FALSE(at(server.get(kTarget), "error").is_null());
  EXPECT_EQ(server.put(kTarget, R"({"mode":"control_only"})").status, 200);
  EXPECT_EQ(at(server.get(kTarget), "mode").as_string(), "control_only=100");

  broken.on = false;
  ASSERT_TRUE(server.state.put_flag(broken, {.who = "somebody"}).ok());
  EXPECT_EQ(server.put(kTarget, R"({"mode":"full_evaluation"})").status, 200);
  EXPECT_EQ(at(server.get(kTarget), "mode").as_string(), "full_evaluation=100");
}

TEST(Mode, AnUnknownMigrationNamesTheNearest) {
  AdminServer server;
  for (const char* path : {"", "/mode", "/differences", "/errors"}) {
    const Response response = server.get(base::cat("/api/migrations/data-engin", path));
    EXPECT_EQ(response.status, 404) << path;
    EXPECT_THAT(error_of(response), HasSubstr("did you mean 'data-engine'?")) << path;
  }
}

// --- Migrations -------------------------------------------------------------------------------

TEST(Migrations, AreListedWithModeAndBooks) {
  AdminServer server;
  server.migrations.add("other").accounting.requests = 3;
  const Response response = server.get("/api/migrations");
  EXPECT_EQ(at(response, "migrations.0.name").as_string(), "data-engine");
  EXPECT_EQ(at(response, "migrations.0.mode.mode").as_string(), "control_only=100");
  EXPECT_EQ(at(response, "migrations.1.accounting.requests").as_integer(), 3);
  EXPECT_THAT(at(response, "migrations.1.mode.error").as_string(), HasSubstr("does not exist"));
}

TEST(Migrations, TheBooksSayWhetherTheyAddUp) {
  AdminServer server;
  MigrationNow& migration = server.migrations.add("busy");
  migration.accounting.requests = 10;
  migration.accounting.accounts[0].count = 4;
  migration.accounting.accounts[1].count = 5;
  Response response = server.get("/api/migrations/busy");
  EXPECT_EQ(at(response, "accounting.sum").as_integer(), 9);
  EXPECT_EQ(at(response, "accounting.under_way").as_integer(), 1);
  EXPECT_FALSE(at(response, "accounting.adds_up").as_bool());
  EXPECT_EQ(at(response, "accounting.accounts.compared").as_integer(), 5);
  EXPECT_EQ(at(response, "accounting.accounts").as_object().size(), 8U);
}

// Their requests do not pass through here, but what became of them is reported.
TEST(Migrations, TheBooksOfTheWindowStandBesideThoseSinceTheStart) {
  AdminServer server;
  server.migrations.first().accounting.requests = 500;
  server.migrations.first().accounting.accounts = {{"not_sampled", 100}, {"compared", 400}};
  server.clock.advance_ns(60 * kSecondNs);
  evaluations(server, 7, 30);
  server.put("/api/migrations/data-engine/mode", R"({"mode":"full_evaluation"})");
  server.clock.advance_ns(10 * kSecondNs);
  evaluations(server, 4, 0);
  const Response response = server.get("/api/migrations/data-engine");
  EXPECT_EQ(at(response, "accounting.requests").as_integer(), 500);
  EXPECT_EQ(at(response, "accounting.in_window.requests").as_integer(), 4);
  EXPECT_EQ(at(response, "accounting.in_window.accounts.compared").as_integer(), 4);
  EXPECT_EQ(at(response, "accounting.in_window.window_reason").as_string(),
            "since the mode was changed");
}

TEST(Migrations, BooksOfALibraryAreWhatItReported) {
  AdminServer server;
  MigrationNow& migration = server.migrations.first();
  migration.facts.listen.clear();
  migration.accounting.counted_here = false;
  migration.differences.rules = {{"ulps: 4", std::nullopt}};
  server.clock.advance_ns(100 * kSecondNs);
  evaluations(server, 3, 10);
  server.happened("evaluations", 10, {{"evaluation.accounting", "timed_out"}});
  for (const auto& [target, prefix] :
       {std::pair("/api/migrations/data-engine", ""), {"/api/migrations", "migrations.0."}}) {
    const Response response = server.get(target);
    const auto books = [&](const char* name) {
      return at(response, base::cat(prefix, "accounting.", name));
    };
    EXPECT_EQ(books("source").as_string(), "events") << target;
    EXPECT_EQ(books("requests").as_integer(), 4) << target;
    EXPECT_EQ(books("accounts.compared").as_integer(), 3) << target;
    EXPECT_EQ(books("accounts.timed_out").as_integer(), 1) << target;
    EXPECT_TRUE(books("adds_up").as_bool()) << target;
    EXPECT_TRUE(books("under_way").is_null()) << target;
    EXPECT_TRUE(books("records_dropped").is_null()) << target;
  }
  const Response one = server.get("/api/migrations/data-engine");
  EXPECT_EQ(at(one, "differences.rules.0.rule").as_string(), "ulps: 4");
  EXPECT_TRUE(at(one, "differences.rules.0.hits").is_null());
  EXPECT_THAT(server.get("/metrics").body, ::testing::Not(HasSubstr("understudy_requests_total")));

  server.happened("evaluations", 10, {{"evaluation.accounting", "lost"}});
  EXPECT_FALSE(at(server.get("/api/migrations/data-engine"), "accounting.adds_up").as_bool());
}

TEST(Migrations, OneShowsFactsVerdictDifferencesAndErrors) {
  AdminServer server;
  server.happened("errors", 0,
                  {{"error.side", "candidate"},
                   {"exception.type", "ProvisionedThroughputExceededException"},
                   {"exception.message", "capacity exceeded"},
                   {"error.where", "query"}});
  difference(server, "$.rows[*].revenue", "float_ulp", R"({"path":"$.rows[*].revenue","ulps":1})");
  const Response response = server.get("/api/migrations/data-engine");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(at(response, "candidate.url").as_string(), "http://127.0.0.1:9002");
  EXPECT_EQ(at(response, "routes.0.match").as_string(), "POST /query");
  EXPECT_EQ(at(response, "verdict.verdict").as_string(), "not_enough_evidence");
  EXPECT_EQ(at(response, "differences.groups.0.explanation").as_string(), "float_ulp");
  EXPECT_EQ(at(response, "errors.groups.0.type").as_string(),
            "ProvisionedThroughputExceededException");
  EXPECT_EQ(at(response, "errors.groups.0.last_message").as_string(), "capacity exceeded");
  EXPECT_EQ(at(response, "recorder.exchanges").as_integer(), 7);
}

TEST(Migrations, TheVerdictIsTheJudges) {
  AdminServer server;
  MigrationNow& migration = server.migrations.add("judged");
  migration.criteria = criteria("- { evidence: { evaluations_min: 3 } }");
  server.clock.advance_ns(60 * kSecondNs);
  const Response empty = server.get("/api/migrations/judged");
  EXPECT_EQ(at(empty, "verdict.verdict").as_string(), "not_enough_evidence");
  EXPECT_EQ(at(empty, "verdict.criteria.0.ruling").as_string(), "not_enough_evidence");
  EXPECT_FALSE(at(empty, "verdict.criteria_hash").as_string().empty());
}

// What was seen before a mode change says little about the mode now: it may have been repaired.
TEST(Migrations, AChangeOfTheVerdictMakesOneMarker) {
  AdminServer server;
  server.migrations.first().criteria = criteria("- { success_rate: { no_worse_by: 5% } }");
  const auto markers = [&] { return at(server.get("/api/markers?type=verdict"), "markers"); };
  server.get("/api/migrations/data-engine");
  EXPECT_TRUE(markers().as_list().empty()) << "not enough evidence is how it begins";
  evaluations(server, 200, 0);
  server.get("/api/migrations/data-engine?last=1h");
  EXPECT_TRUE(markers().as_list().empty()) << "another window was asked for";
  server.get("/api/migrations/data-engine");
  server.get("/api/migrations/data-engine");
  ASSERT_EQ(markers().as_list().size(), 1U);
  EXPECT_THAT(at(markers(), "0.message").as_string(),
              HasSubstr("data-engine: pass, after not enough evidence; criteria "));
  evaluations(server, 200, 0, 0);
  server.get("/api/migrations/data-engine");
  ASSERT_EQ(markers().as_list().size(), 2U);
  EXPECT_THAT(at(markers(), "0.message").as_string(), HasSubstr(": fail, after pass;"));
}

TEST(Migrations, EvidenceCountsSinceTheModeWasChanged) {
  AdminServer server;
  server.clock.advance_ns(3'600 * kSecondNs);
  evaluations(server, 4, 1'800, 0);
  EXPECT_EQ(at(server.get("/api/migrations/data-engine"), "verdict.evaluations").as_integer(), 4);
  server.clock.advance_ns(kSecondNs);
  server.put("/api/migrations/data-engine/mode", R"({"mode":"full_evaluation"})");
  server.clock.advance_ns(kSecondNs);
  evaluations(server, 3, 0);
  const Response response = server.get("/api/migrations/data-engine");
  EXPECT_EQ(at(response, "verdict.evaluations").as_integer(), 3);
  EXPECT_EQ(at(response, "verdict.window_reason").as_string(), "since the mode was changed");
}

TEST(Migrations, AnotherWindowCanBeAskedFor) {
  AdminServer server;
  evaluations(server, 1, 10);
  evaluations(server, 1, 100);
  const auto seen = [&](const char* window) {
    return at(server.get(base::cat("/api/migrations/data-engine?", window)), "verdict.evaluations")
        .as_integer();
  };
  EXPECT_EQ(seen("last=1m"), 1);
  EXPECT_EQ(seen("last=1h"), 2);
  EXPECT_EQ(seen("since=2026-11-22T15:03:00Z"), 1);
  for (const char* bad : {"last=", "last=1", "last=-1m", "last=99999d", "last=1h&since=0",
                          "since=tomorrow", "since=2999-01-01T00:00:00Z", "population=all"}) {
    EXPECT_EQ(server.get(base::cat("/api/migrations/data-engine?", bad)).status, 400) << bad;
  }
}

TEST(Migrations, AnOlderBaselineIsUsedOnlyWhenItIsAskedFor) {
  AdminServer server;
  server.migrations.first().criteria = criteria("- { success_rate: { no_worse_by: 20% } }");
  for (int i = 0; i < 100; ++i) {
    server.happened("evaluations", 3600,
                    {{"evaluation.mode", "control_only"},
                     {"control.success", 100},
                     {"control.duration_ms", 10.0}});
  }
  server.put("/api/migrations/data-engine/mode", R"({"mode":"candidate_only"})");
  server.clock.advance_ns(kSecondNs);
  for (int i = 0; i < 100; ++i) {
    server.happened("evaluations", 0,
                    {{"evaluation.mode", "candidate_only"},
                     {"candidate.success", 100},
                     {"candidate.duration_ms", 10.0}});
  }
  const Response fresh = server.get("/api/migrations/data-engine");
  EXPECT_EQ(at(fresh, "verdict.verdict").as_string(), "not_enough_evidence");
  EXPECT_TRUE(at(fresh, "verdict.baseline").is_null());
  EXPECT_THAT(at(fresh, "verdict.criteria.0.explanation").as_string(),
              HasSubstr("no control_only evaluation to compare with"));
  for (const char* baseline : {"baseline=2h", "baseline=2026-11-22T13:00:00Z"}) {
    const Response asked = server.get(base::cat("/api/migrations/data-engine?", baseline));
    EXPECT_EQ(at(asked, "verdict.verdict").as_string(), "pass") << asked.body;
    EXPECT_THAT(at(asked, "verdict.headline").as_string(),
                HasSubstr("control_only evaluations of 2026-11-22T13"));
  }
  for (const char* bad : {"baseline=", "baseline=yesterday", "baseline=2999-01-01T00:00:00Z"}) {
    EXPECT_EQ(server.get(base::cat("/api/migrations/data-engine?", bad)).status, 400) << bad;
  }
}

// --- Differences ------------------------------------------------------------------------------

TEST(Differences, AGroupKeepsItsDistanceInEveryUnit) {
  AdminServer server;
  for (const char* unit : compare::distance_units()) {
    server.happened("differences", 0,
                    {{"difference.path_pattern", base::cat("$.", unit)},
                     {"difference.dimension", "order"},
                     {"difference.explanation", "row_order"},
                     {"difference.distance", 3.0},
                     {"difference.distance_unit", unit}});
  }
  const Response response = server.get("/api/migrations/data-engine/differences");
  std::set<std::string> units;
  const flags::Value groups = at(response, "groups");
  for (const flags::Value& group : groups.as_list()) {
    units.insert(group.find("distance_unit")->as_string());
    EXPECT_EQ(group.find("distance_max")->as_number(), 3.0);
  }
  EXPECT_EQ(units.size(), compare::distance_units().size());
}

TEST(Differences, AreGroupedByCauseWithARuleThatAcceptsAllOfAGroup) {
  AdminServer server;
  for (int i = 0; i < 3; ++i) {
    difference(server, "$.rows[*].revenue", "float_ulp", R"({"path":"$.rows[*].revenue","ulps":1})",
               1);
  }
  difference(server, "$.rows[*].revenue", "float_ulp", R"({"path":"$.rows[*].revenue","ulps":4})",
             4);
  difference(server, "$.total", "none", "", 0);
  const Response response = server.get("/api/migrations/data-engine/differences");
  EXPECT_EQ(at(response, "source").as_string(), "events");
  EXPECT_EQ(at(response, "total").as_integer(), 5);
  EXPECT_EQ(at(response, "groups").as_list().size(), 2U);
  EXPECT_EQ(at(response, "groups.0.count").as_integer(), 4);
  EXPECT_DOUBLE_EQ(at(response, "groups.0.share").as_number(), 0.8);
  EXPECT_THAT(at(response, "groups.0.rule").as_string(), HasSubstr("4"));
  EXPECT_THAT(at(response, "groups.0.text").as_string(), HasSubstr("80.0% float within 4 ULP"));
  EXPECT_TRUE(at(response, "groups.1.rule").is_null());
}

TEST(Differences, ShowTheNewestExamples) {
  AdminServer server;
  server.clock.advance_ns(100 * kSecondNs);
  difference(server, "$.old", "none", "", 0, 50);
  difference(server, "$.new", "none", "", 0, 1);
  const Response response = server.get("/api/migrations/data-engine/differences?limit=1&groups=1");
  EXPECT_EQ(at(response, "examples").as_list().size(), 1U);
  EXPECT_EQ(at(response, "groups").as_list().size(), 1U);
  EXPECT_EQ(at(response, "groups_found").as_integer(), 2);
  const flags::Value example = at(response, "examples.0");
  EXPECT_EQ(example.find("difference.path")->as_string(), "$.new");
  EXPECT_EQ(example.find("difference.control_value")->as_string(), "1.25");
  const Response chosen =
      server.get("/api/migrations/data-engine/differences?path=%24.old&dimension=cell");
  EXPECT_EQ(at(chosen, "examples").as_list().size(), 1U);
  EXPECT_EQ(at(chosen, "examples.0").find("difference.path")->as_string(), "$.old");
}

DifferenceNumbers nine_in_memory() {
  compare::DifferenceGroups groups;
  compare::Difference one;
  one.path_pattern = "$.a";
  groups.add("query", one, 9);
  return {.groups = groups.groups(), .total = 9, .rules = {{"ulps: 4", 12}}};
}

// What was seen under another mix, or before a fix, is not shown as if it were so now.
TEST(Differences, AWindowWithoutAnyShowsNone) {
  AdminServer server;
  server.migrations.first().differences = nine_in_memory();
  difference(server, "$.before", "none", "");
  server.clock.advance_ns(60 * kSecondNs);
  server.put("/api/migrations/data-engine/mode", R"({"mode":"full_evaluation"})");
  server.clock.advance_ns(kSecondNs);
  const Response response = server.get("/api/migrations/data-engine");
  EXPECT_EQ(at(response, "differences.source").as_string(), "events");
  EXPECT_EQ(at(response, "differences.total").as_integer(), 0);
  EXPECT_TRUE(at(response, "differences.groups").as_list().empty());
  EXPECT_EQ(at(response, "differences.window_reason").as_string(), "since the mode was changed");
  EXPECT_EQ(at(response, "differences.rules.0.hits").as_integer(), 12);
}

TEST(Differences, AGroupShowsOneOfItsOwn) {
  AdminServer server;
  difference(server, "$.a", "float_ulp", R"({path: "$.a", ulps: 1})");
  difference(server, "$.b", "none", "");
  const Response response = server.get("/api/migrations/data-engine");
  const flags::Value groups = at(response, "differences.groups");
  EXPECT_EQ(groups.as_list().size(), 2U);
  for (const flags::Value& group : groups.as_list()) {
    const flags::Value* example = group.find("example");
    ASSERT_NE(example, nullptr);
    EXPECT_EQ(example->find("path")->as_string(), group.find("path")->as_string());
    EXPECT_EQ(example->find("control_value")->as_string(), "1.25");
    EXPECT_EQ(example->find("candidate_value")->as_string(), "1.2500000000000002");
  }
}

// A dimension of a newer client is counted, not lost.
TEST(Differences, UnknownKindsAreCounted) {
  AdminServer server;
  server.happened("differences", 0, {{"difference.dimension", "smell"}});
  difference(server, "$.a", "none", "");
  const Response response = server.get("/api/migrations/data-engine/differences");
  EXPECT_EQ(at(response, "total").as_integer(), 2);
  EXPECT_EQ(at(response, "ungrouped").as_integer(), 1);
}

// --- Noise ------------------------------------------------------------------------------------

/// Evaluations that were compared, in which control was asked twice, and where it differed from
/// itself in `noisy` of them.
void control_twice(AdminServer& server, int number, int noisy, std::string_view path,
                   int64_t seconds_ago = 0) {
  for (int i = 0; i < number; ++i) {
    server.happened("evaluations", seconds_ago,
                    {{"http.route", "query"},
                     {"evaluation.mode", "full_evaluation"},
                     {"evaluation.accounting", "compared"},
                     {"noise.accounting", "taken"}});
  }
  for (int i = 0; i < noisy; ++i) {
    server.happened("noise", seconds_ago,
                    {{"http.route", "query"},
                     {"difference.path_pattern", path},
                     {"difference.dimension", "value"}});
  }
}

/// The candidate differs at a place in that many evaluations, twice in each.
void candidate_differs(AdminServer& server, std::string_view path, int number,
                       std::string_view dimension = "value") {
  for (int i = 0; i < 2 * number; ++i) {
    server.happened("differences", 0,
                    {{"evaluation.id", base::cat("evaluation ", i / 2)},
                     {"http.route", "query"},
                     {"difference.path_pattern", path},
                     {"difference.dimension", dimension},
                     {"difference.explanation", "float_ulp"},
                     {"difference.rule", base::cat("{\"path\": \"", path, "\", \"ulps\": 4}")}});
  }
}

TEST(Noise, IsWhereControlDiffersFromItselfWithBounds) {
  AdminServer server;
  server.migrations.first().noise.share = 0.01;
  server.migrations.first().accounting.noise_sampled = 25;
  server.migrations.first().accounting.noise = {{"taken", 20}, {"shed", 3}, {"failed", 1}};
  control_twice(server, 20, 20, "$.id");
  for (const char* target :
       {"/api/migrations/data-engine", "/api/migrations/data-engine/differences"}) {
    const Response response = server.get(target);
    EXPECT_DOUBLE_EQ(at(response, "noise.sample").as_number(), 0.01) << target;
    EXPECT_EQ(at(response, "noise.source").as_string(), "events") << target;
    EXPECT_EQ(at(response, "noise.samples").as_integer(), 20) << target;
    EXPECT_EQ(at(response, "noise.calls.sampled").as_integer(), 25) << target;
    EXPECT_EQ(at(response, "noise.calls.shed").as_integer(), 3) << target;
    EXPECT_EQ(at(response, "noise.calls.under_way").as_integer(), 1) << target;
    EXPECT_EQ(at(response, "noise.places").as_list().size(), 1U) << target;
    const flags::Value place = at(response, "noise.places.0");
    EXPECT_EQ(at(place, "path").as_string(), "$.id");
    EXPECT_EQ(at(place, "route").as_string(), "query");
    EXPECT_EQ(at(place, "dimension").as_string(), "value");
    EXPECT_EQ(at(place, "differed").as_integer(), 20);
    EXPECT_EQ(at(place, "samples").as_integer(), 20);
    EXPECT_NEAR(at(place, "rate_low").as_number(), 0.8389, 0.0001);
    EXPECT_NEAR(at(place, "rate_high").as_number(), 1, 0.0001);
    EXPECT_TRUE(at(place, "noisy").as_bool());
    EXPECT_EQ(at(place, "rule").as_string(), R"({"path": "$.id", "ignore": true})");
  }
}

// Beyond the cap places are in no event: who reads the list has to know that it may not be whole.
TEST(Noise, PairsWithMoreDifferencesThanAreRecordedAreCounted) {
  AdminServer server;
  control_twice(server, 3, 3, "$.id");
  server.happened("evaluations", 0,
                  {{"noise.accounting", "taken"}, {"noise.difference_dropped", 7}});
  server.happened("evaluations", 0,
                  {{"noise.accounting", "taken"}, {"noise.difference_dropped", 0}});
  const Response response = server.get("/api/migrations/data-engine");
  EXPECT_EQ(at(response, "noise.samples").as_integer(), 5);
  EXPECT_EQ(at(response, "noise.samples_cut").as_integer(), 1);
}

TEST(Noise, AGroupAtANoisyPlaceStaysAndOffersToIgnoreIt) {
  AdminServer server;
  control_twice(server, 20, 20, "$.id");
  candidate_differs(server, "$.id", 20);
  candidate_differs(server, "$.total", 5);
  const Response response = server.get("/api/migrations/data-engine/differences");
  EXPECT_EQ(at(response, "total").as_integer(), 50);
  const flags::Value noisy = at(response, "groups.0");
  EXPECT_EQ(at(noisy, "path").as_string(), "$.id");
  EXPECT_EQ(at(noisy, "count").as_integer(), 40);
  EXPECT_EQ(at(noisy, "rule").as_string(), R"({"path": "$.id", "ignore": true})");
  EXPECT_THAT(at(noisy, "rule_reason").as_string(),
              HasSubstr("control differs from itself here in 20 of 20 (83.9% to 100.0%)"));
  EXPECT_EQ(at(noisy, "noise.differed").as_integer(), 20);
  EXPECT_EQ(at(noisy, "noise.candidate.differed").as_integer(), 20);
  EXPECT_FALSE(at(noisy, "noise.more_than_noise").as_bool());
  const flags::Value real = at(response, "groups.1");
  EXPECT_EQ(at(real, "path").as_string(), "$.total");
  EXPECT_TRUE(at(real, "noise").is_null());
  EXPECT_EQ(at(real, "rule").as_string(), R"({"path": "$.total", "ulps": 4})");
}

// A value that control changes now and then does not excuse one that the candidate always changes.
TEST(Noise, ACandidateThatDiffersMoreOftenThanControlIsMoreThanNoise) {
  AdminServer server;
  control_twice(server, 200, 4, "$.price");
  candidate_differs(server, "$.price", 190);
  const Response response = server.get("/api/migrations/data-engine/differences");
  EXPECT_TRUE(at(response, "groups.0.noise.more_than_noise").as_bool());
  EXPECT_EQ(at(response, "groups.0.noise.candidate.differed").as_integer(), 190);
  EXPECT_EQ(at(response, "groups.0.noise.candidate.samples").as_integer(), 200);
  EXPECT_THAT(at(response, "groups.0.noise.text").as_string(), HasSubstr("more than noise"));
  EXPECT_EQ(at(response, "groups.0.rule").as_string(), R"({"path": "$.price", "ulps": 4})");
  EXPECT_TRUE(at(response, "groups.0.rule_reason").is_null());
  EXPECT_TRUE(at(response, "noise.places.0.rule").is_null());
}

TEST(Noise, AnotherWayToDifferAtANoisyPlaceIsNotNoise) {
  AdminServer server;
  control_twice(server, 20, 20, "$.id");
  candidate_differs(server, "$.id", 20, "missing");
  const Response response = server.get("/api/migrations/data-engine/differences");
  EXPECT_EQ(at(response, "groups.0.dimension").as_string(), "missing");
  EXPECT_TRUE(at(response, "groups.0.noise").is_null());
}

TEST(Noise, ComesAfterWhatIsProvedAndMarksNoGroupWithoutProof) {
  AdminServer server;
  control_twice(server, 40, 1, "$.once");
  control_twice(server, 0, 2, "$.twice");
  candidate_differs(server, "$.once", 1);
  const Response response = server.get("/api/migrations/data-engine/differences");
  EXPECT_EQ(at(response, "noise.places.0.path").as_string(), "$.twice");
  EXPECT_TRUE(at(response, "noise.places.0.noisy").as_bool());
  EXPECT_EQ(at(response, "noise.places.1.path").as_string(), "$.once");
  EXPECT_FALSE(at(response, "noise.places.1.noisy").as_bool());
  EXPECT_TRUE(at(response, "noise.places.1.rule").is_null());
  EXPECT_TRUE(at(response, "groups.0.noise").is_null());
}

// Control does not depend on the mode, so what is known about it outlives a change of it.
TEST(Noise, CountsSinceTheRulesWereAgreedOnNotSinceTheModeWasChanged) {
  AdminServer server;
  server.migrations.first().evidence_since_ns = AdminServer::kNowNs;
  server.clock.advance_ns(3'600 * kSecondNs);
  control_twice(server, 10, 10, "$.id", 1'800);
  control_twice(server, 5, 5, "$.old", 7'200);  // under other rules
  server.put("/api/migrations/data-engine/mode", R"({"mode":"full_evaluation"})");
  server.clock.advance_ns(kSecondNs);
  const Response response = server.get("/api/migrations/data-engine");
  EXPECT_EQ(at(response, "noise.samples").as_integer(), 10);
  EXPECT_EQ(at(response, "noise.places").as_list().size(), 1U);
  EXPECT_EQ(at(response, "noise.places.0.path").as_string(), "$.id");
}

// Under other rules other places differ: a longer window must not water the figures down.
TEST(Noise, ALongerWindowDoesNotReachBackBehindTheRules) {
  AdminServer server;
  server.migrations.first().evidence_since_ns = AdminServer::kNowNs;
  server.clock.advance_ns(3'600 * kSecondNs);
  control_twice(server, 10, 10, "$.id", 1'800);
  control_twice(server, 90, 0, "$.id", 7'200);
  const Response response = server.get("/api/migrations/data-engine?last=24h");
  EXPECT_EQ(at(response, "noise.samples").as_integer(), 10);
  EXPECT_EQ(at(response, "noise.places.0.samples").as_integer(), 10);
  EXPECT_EQ(at(response, "noise.places.0.differed").as_integer(), 10);
}

TEST(Noise, ComesFromMemoryWhenNothingIsRecorded) {
  AdminServer server;
  compare::NoisyField field{
      .route = "query", .path_pattern = "$.id", .samples = 30, .differed = 30};
  field.set_rates();
  server.migrations.first().noise = {.share = 0.5, .samples = 30, .fields = {field}};
  const Response response = server.get("/api/migrations/data-engine");
  EXPECT_EQ(at(response, "noise.source").as_string(), "memory");
  EXPECT_EQ(at(response, "noise.samples").as_integer(), 30);
  EXPECT_EQ(at(response, "noise.places.0.differed").as_integer(), 30);
  EXPECT_TRUE(at(response, "noise.places.0.candidate").is_null());
}

TEST(Noise, IsNoneWhereControlWasNeverAskedTwice) {
  AdminServer server;
  candidate_differs(server, "$.id", 3);
  const Response response = server.get("/api/migrations/data-engine");
  EXPECT_EQ(at(response, "noise.samples").as_integer(), 0);
  EXPECT_EQ(at(response, "noise.places").as_list().size(), 0U);
  EXPECT_EQ(at(response, "noise.sample").as_number(), 0);
}

TEST(Noise, TheCallsAreMetrics) {
  AdminServer server;
  server.migrations.first().accounting.noise_sampled = 4;
  server.migrations.first().accounting.noise = {{"taken", 3}, {"shed", 1}, {"failed", 0}};
  const std::string text = server.get("/metrics").body;
  EXPECT_THAT(text, HasSubstr("understudy_noise_sampled_total{migration=\"data-engine\"} 4\n"));
  EXPECT_THAT(text, HasSubstr("understudy_noise_calls_total{migration=\"data-engine\","
                              "accounting=\"taken\"} 3\n"));
}

// --- Errors -----------------------------------------------------------------------------------

TEST(Errors, AreGroupedAndTheNewestIsShown) {
  AdminServer server;
  server.clock.advance_ns(100 * kSecondNs);
  for (int64_t seconds_ago : {30, 20, 10}) {
    server.happened("errors", seconds_ago,
                    {{"error.side", "candidate"},
                     {"exception.type", "timeout"},
                     {"exception.message", base::cat("after ", seconds_ago, " s")},
                     {"error.where", "read_head"},
                     {"http.route", "query"}});
  }
  server.happened("errors", 5, {{"error.side", "control"}, {"exception.type", "reset"}});
  const Response response = server.get("/api/migrations/data-engine/errors?limit=2");
  EXPECT_EQ(at(response, "total").as_integer(), 4);
  EXPECT_EQ(at(response, "groups.0.count").as_integer(), 3);
  EXPECT_EQ(at(response, "groups.0.type").as_string(), "timeout");
  EXPECT_EQ(at(response, "groups.0.last_message").as_string(), "after 10 s");
  EXPECT_EQ(at(response, "groups.0.last_time").as_string(), "2026-11-22T15:05:35.000000000Z");
  EXPECT_TRUE(at(response, "groups.1.where").is_null());
  EXPECT_EQ(at(response, "examples").as_list().size(), 2U);
}

}  // namespace
}  // namespace understudy::api
