#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "api/testing/admin_server.h"

namespace understudy::api {
namespace {

using testing::at;
using testing::error_of;
using ::testing::HasSubstr;

class ResultsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    server_.happened("evaluations", 10,
                     {{"evaluation.mode", "control_only"}, {"duration_ms", 2.5}});
    server_.happened("evaluations", 9, {{"evaluation.mode", "=1+1"}, {"duration_ms", 3.0}});
  }
  Response ask(const char* query) { return server_.post("/api/query", query); }
  testing::AdminServer server_;
  static constexpr const char* kQuery =
      R"({"dataset":"evaluations","breakdowns":["evaluation.mode"],"calculations":
          [{"op":"COUNT"},{"op":"MAX","column":"duration_ms"}],
          "orders":[{"op":"MAX","column":"duration_ms"}]})";
};

TEST_F(ResultsTest, AnAnswerCanBeReadAgainAndStaysTheSame) {
  const Response answer = ask(kQuery);
  ASSERT_EQ(answer.status, 200) << answer.body;
  const std::string id = at(answer, "id").as_string();
  ASSERT_EQ(id.size(), 11U);
  server_.happened("evaluations", 5, {{"duration_ms", 9.0}});
  const Response again = server_.get("/api/results/" + id);
  EXPECT_EQ(at(again, "data"), at(answer, "data"));
  EXPECT_EQ(at(again, "query"), at(answer, "query"));
  EXPECT_EQ(at(again, "dataset"), "evaluations");
  EXPECT_EQ(at(again, "created"), "2026-11-22T15:04:05.000000000Z");
}

TEST_F(ResultsTest, AnAnswerIsATableForASpreadsheet) {
  const std::string id = at(ask(kQuery), "id").as_string();
  const Response csv = server_.get("/api/results/" + id + ".csv");
  EXPECT_EQ(csv.content_type, "text/csv; charset=utf-8");
  EXPECT_EQ(csv.body,
            "evaluation.mode,COUNT,MAX(duration_ms)\r\n"
            "control_only,1,2.5\r\n"
            "\"'=1+1\",1,3\r\n");
}

TEST_F(ResultsTest, EventsAreKeptToo) {
  const Response answer = ask(R"({"dataset":"evaluations","events":{"columns":["duration_ms"]}})");
  const std::string id = at(answer, "id").as_string();
  EXPECT_EQ(at(server_.get("/api/results/" + id), "events"), at(answer, "events"));
  EXPECT_EQ(server_.get("/api/results/" + id + ".csv").body,
            "time,duration_ms\r\n"
            "2026-11-22T15:03:56.000000000Z,3\r\n"
            "2026-11-22T15:03:55.000000000Z,2.5\r\n");
}

TEST_F(ResultsTest, AnAnswerThatNobodyWillLinkToIsNotKept) {
  const Response shared = ask(kQuery);
  const Response polled = server_.post("/api/query?keep=false", kQuery);
  ASSERT_EQ(polled.status, 200) << polled.body;
  EXPECT_TRUE(at(polled, "id").is_null());
  EXPECT_EQ(at(polled, "data"), at(shared, "data"));
  EXPECT_FALSE(at(server_.post("/api/query?keep=true", kQuery), "id").is_null());
  const Response unclear = server_.post("/api/query?keep=no", kQuery);
  EXPECT_EQ(unclear.status, 400);
  EXPECT_THAT(error_of(unclear), HasSubstr("neither true nor false"));
}

TEST_F(ResultsTest, AnUnknownOneSaysHowManyAreKept) {
  const Response response = server_.get("/api/results/nothing");
  EXPECT_EQ(response.status, 404);
  EXPECT_THAT(error_of(response), HasSubstr("the newest 10000 are kept"));
}

TEST_F(ResultsTest, ValuesOfAColumnAreGivenByFrequency) {
  server_.happened("evaluations", 3, {{"evaluation.mode", "control_only"}});
  const std::string path = "/api/datasets/evaluations/columns/evaluation.mode/values";
  const Response all = server_.get(path);
  EXPECT_EQ(at(all, "values.0.value"), "control_only");
  EXPECT_EQ(at(all, "values.0.count").as_integer(), 2);
  EXPECT_EQ(at(all, "values.1.value"), "=1+1");
  const Response some = server_.get(path + "?prefix=%3D&limit=1");
  EXPECT_EQ(at(some, "values.0.value"), "=1+1");
  EXPECT_TRUE(at(some, "values.1").is_null());
  EXPECT_EQ(
      at(server_.get("/api/datasets/evaluations/columns/duration_ms/values"), "values.0.value")
          .as_number(),
      2.5);
  EXPECT_THAT(error_of(server_.get("/api/datasets/evaluations/columns/evaluation.mod/values")),
              HasSubstr("did you mean 'evaluation.mode'?"));
  EXPECT_EQ(server_.get("/api/datasets/evaluation/columns/x/values").status, 404);
}

}  // namespace
}  // namespace understudy::api
