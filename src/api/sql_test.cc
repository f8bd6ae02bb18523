#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "api/testing/admin_server.h"

namespace understudy::api {
namespace {

using testing::at;
using testing::error_of;
using ::testing::HasSubstr;

class SqlTest : public ::testing::Test {
 protected:
  Response ask(const std::string& body) { return server_.post("/api/sql", body); }
  testing::AdminServer server_;
};

TEST_F(SqlTest, AnAnswerIsColumnsAndRows) {
  server_.sql.answer =
      store::SqlAnswer{.columns = {{"mode", "varchar"}, {"n", "bigint"}},
                       .rows = {{event::Value("control_only"), event::Value(int64_t{1} << 60)}},
                       .truncated = true};
  const Response response = ask(R"({"sql":"SELECT 1","timeout":"5s","limit":7})");
  ASSERT_EQ(response.status, 200) << response.body;
  EXPECT_EQ(server_.sql.asked.text, "SELECT 1");
  EXPECT_EQ(server_.sql.asked.timeout, std::chrono::seconds(5));
  EXPECT_EQ(server_.sql.asked.rows_max, 7U);
  EXPECT_EQ(at(response, "columns.1.type"), "bigint");
  EXPECT_EQ(at(response, "rows.0.0"), "control_only");
  EXPECT_EQ(at(response, "rows.0.1").as_integer(), int64_t{1} << 60);
  EXPECT_TRUE(at(response, "truncated").as_bool());
  EXPECT_TRUE(at(response, "elapsed_ms").is_number());
}

TEST_F(SqlTest, WhatIsWrongIsNamed) {
  const auto refusal = [&](const std::string& body) {
    const Response response = ask(body);
    EXPECT_EQ(response.status, 422) << body;
    return error_of(response);
  };
  EXPECT_THAT(refusal("{}"), HasSubstr("\"sql\" is missing"));
  EXPECT_THAT(refusal(R"({"sql":"SELECT 1","timeout":"2m"})"), HasSubstr("more than 60s"));
  EXPECT_THAT(refusal(R"({"sql":"SELECT 1","timeout":"soon"})"), HasSubstr("\"timeout\""));
  EXPECT_THAT(refusal(R"({"sql":"SELECT 1","limit":10001})"), HasSubstr("1 to 10000"));
  EXPECT_THAT(refusal(R"({"sq":"SELECT 1"})"), HasSubstr("sql"));
  server_.sql.answer = base::invalid("only a SELECT is possible here");
  EXPECT_EQ(refusal(R"({"sql":"DROP TABLE x"})"), "only a SELECT is possible here");
}

}  // namespace
}  // namespace understudy::api
