#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "api/compare_flag.h"
#include "api/testing/admin_server.h"
#include "base/text.h"

namespace understudy::api {
namespace {

using testing::at;
using testing::error_of;
using ::testing::HasSubstr;

class RulesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    flags::Flag flag;
    flag.key = compare_flag_key("data-engine");
    flag.on = true;
    flag.variations = {*flags::parse_json(R"({"differences_max":50})")};
    flag.fallthrough.variation = 0;
    flag.off_variation = 0;
    ASSERT_TRUE(server_.state.put_flag(flag, {.who = "test"}).ok());
    ASSERT_TRUE(server_.publisher.publish().ok());
  }
  void differs(int64_t seconds_ago, const std::string& path, const std::string& pattern,
               const std::string& control, const std::string& candidate,
               const std::string& type = "float") {
    server_.happened("differences", seconds_ago,
                     {{"http.route", "query"},
                      {"difference.dimension", "value"},
                      {"difference.path", path},
                      {"difference.path_pattern", pattern},
                      {"difference.control_type", type},
                      {"difference.candidate_type", type},
                      {"difference.control_value", control},
                      {"difference.candidate_value", candidate},
                      {"difference.explanation", "none"}});
  }
  Response preview(const std::string& body) {
    return server_.post("/api/migrations/data-engine/rules/preview", body);
  }
  Response add(const std::string& body) {
    return server_.post("/api/migrations/data-engine/rules", body);
  }

  testing::AdminServer server_;
};

TEST_F(RulesTest, APreviewCountsWhatTheRuleWouldHaveAccepted) {
  differs(30, "$.rows[1].total", "$.rows[*].total", "1.25", "1.5");
  differs(20, "$.rows[7].total", "$.rows[*].total", "1.25", "9.0");
  differs(10, "$.name", "$.name", "a", "b", "string");
  const Response seen =
      preview(R"({"rule":{"path":"$.rows[*].total","absolute":0.5},"last":"1h"})");
  ASSERT_EQ(seen.status, 200) << seen.body;
  EXPECT_EQ(at(seen, "looked_at").as_integer(), 3);
  EXPECT_EQ(at(seen, "accepted").as_integer(), 1);
  EXPECT_EQ(at(seen, "left").as_integer(), 2);
  EXPECT_EQ(at(seen, "undecided").as_integer(), 0);
  EXPECT_FALSE(at(seen, "capped").as_bool());
  EXPECT_EQ(at(seen, "groups.0.path"), "$.rows[*].total");
  EXPECT_EQ(at(seen, "groups.0.count").as_integer(), 2);
  EXPECT_EQ(at(seen, "groups.0.accepted").as_integer(), 1);
  EXPECT_EQ(at(seen, "groups.0.text"), "value at $.rows[*].total");
  EXPECT_EQ(at(seen, "groups.1.accepted").as_integer(), 0);
}

TEST_F(RulesTest, APreviewTakesTheTextThatADifferenceOffers) {
  differs(10, "$.total", "$.total", "1.25", "1.5");
  EXPECT_EQ(
      at(preview(R"({"rule":"{\"path\": \"$.total\", \"ignore\": true}","last":"1h"})"), "accepted")
          .as_integer(),
      1);
}

TEST_F(RulesTest, AValueThatWasCutIsLeftAndSaidToBe) {
  differs(10, "$.text", "$.text", std::string(256, 'a'), std::string(256, 'A'), "string");
  const Response seen = preview(R"({"rule":{"path":"$.text","case":"ignore"},"last":"1h"})");
  EXPECT_EQ(at(seen, "accepted").as_integer(), 0);
  EXPECT_EQ(at(seen, "left").as_integer(), 1);
  EXPECT_EQ(at(seen, "undecided").as_integer(), 1);
}

TEST_F(RulesTest, APreviewLooksAtItsWindowOnly) {
  differs(7'200, "$.total", "$.total", "1", "2");
  EXPECT_EQ(at(preview(R"({"rule":{"path":"$.total","ignore":true},"last":"1h"})"), "looked_at")
                .as_integer(),
            0);
}

TEST_F(RulesTest, APreviewChangesNothing) {
  preview(R"({"rule":{"path":"$.total","ignore":true}})");
  EXPECT_EQ(server_.state.flag("data-engine.compare")->version, 1);
}

TEST_F(RulesTest, AnAddedRuleIsInForceAndInTheHistory) {
  const Response added =
      add(R"({"rule":{"path":"$.total","ulps":4},"by":"alice","reason":"floating point"})");
  ASSERT_EQ(added.status, 201) << added.body;
  EXPECT_EQ(at(added, "version").as_integer(), 2);
  EXPECT_EQ(at(added, "rules.0.ulps").as_integer(), 4);
  const auto flag = server_.state.flag("data-engine.compare");
  EXPECT_EQ(flags::to_json(flag->variations[0]),
            R"({"differences_max":50,"rules":[{"path":"$.total","ulps":4}]})");
  const Response history = server_.get("/api/flags/data-engine.compare/history?limit=1");
  EXPECT_EQ(at(history, "history.0.by"), "alice");
  EXPECT_EQ(at(history, "history.0.comment"), "floating point");
  EXPECT_EQ(at(add(R"({"rule":{"path":"$.b","ulps":4}})"), "rules.1.path"), "$.b");
}

TEST_F(RulesTest, ARuleThatDoesNotParseIsRefusedWithItsPlace) {
  for (const char* route :
       {"/api/migrations/data-engine/rules", "/api/migrations/data-engine/rules/preview"}) {
    const Response refused = server_.post(route, R"({"rule":{"path":"$.a","ulp":4}})");
    EXPECT_EQ(refused.status, 422) << refused.body;
    EXPECT_THAT(error_of(refused), HasSubstr("ulps"));
    EXPECT_EQ(server_.post(route, "{}").status, 422);
    EXPECT_EQ(server_.post(route, R"({"rule":"{"})").status, 422);
    EXPECT_EQ(server_.post(route, R"({"rule":7})").status, 422);
  }
  EXPECT_EQ(server_.state.flag("data-engine.compare")->version, 1);
}

TEST_F(RulesTest, AnOldVersionAndARepetitionAreConflicts) {
  ASSERT_EQ(add(R"({"rule":{"path":"$.a","ulps":4},"expected_version":1})").status, 201);
  EXPECT_EQ(add(R"({"rule":{"path":"$.b","ulps":4},"expected_version":1})").status, 409);
  EXPECT_EQ(add(R"({"rule":{"path":"$.a","ulps":4}})").status, 409);
  EXPECT_EQ(server_.state.flag("data-engine.compare")->version, 2);
}

TEST_F(RulesTest, AnUnknownMigrationIsNotFound) {
  EXPECT_EQ(server_.post("/api/migrations/data-engin/rules", R"({"rule":{"path":"$.a"}})").status,
            404);
}

}  // namespace
}  // namespace understudy::api
