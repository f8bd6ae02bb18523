#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "api/testing/admin_server.h"
#include "base/text.h"

namespace understudy::api {
namespace {

using testing::at;
using testing::error_of;
using ::testing::HasSubstr;
using testing::header;

constexpr const char* kBoard = R"({"name":"Cutover","description":"what we look at","panels":[
    {"type":"query","title":"P99","dataset":"evaluations","view":"heatmap",
     "query":{"calculations":[{"op":"P99","column":"duration_ms"}]}},
    {"type":"text","text":"# Runbook"},
    {"type":"criteria","migration":"data-engine"}]})";

class BoardsTest : public ::testing::Test {
 protected:
  std::string made(const char* json = kBoard) {
    return at(server_.post("/api/boards?by=alice", json), "id").as_string();
  }
  testing::AdminServer server_;
};

TEST_F(BoardsTest, WhatWasMadeIsThere) {
  const Response response = server_.post("/api/boards?by=alice", kBoard);
  ASSERT_EQ(response.status, 201) << response.body;
  const std::string id = at(response, "id").as_string();
  EXPECT_EQ(header(response, "Location"), "/api/boards/" + id);
  const Response board = server_.get("/api/boards/" + id);
  EXPECT_EQ(header(board, "ETag"), "\"1\"");
  EXPECT_EQ(at(board, "name"), "Cutover");
  EXPECT_EQ(at(board, "by"), "alice");
  EXPECT_EQ(at(board, "panels.0.view"), "heatmap");
  EXPECT_EQ(at(board, "panels.0.query.calculations.0.op"), "P99");
  EXPECT_EQ(at(board, "panels.1.text"), "# Runbook");
  EXPECT_EQ(at(board, "panels.2.migration"), "data-engine");
}

TEST_F(BoardsTest, AreListedInPages) {
  for (const char* name : {"a", "b", "c"}) {
    made(base::cat(R"({"name":")", name, "\"}").c_str());
  }
  const Response first = server_.get("/api/boards?limit=2");
  EXPECT_EQ(at(first, "boards.0.name"), "a");
  EXPECT_EQ(at(first, "boards.1.name"), "b");
  const Response rest =
      server_.get(base::cat("/api/boards?limit=2&after=", at(first, "next_after").as_integer()));
  EXPECT_EQ(at(rest, "boards.0.name"), "c");
  EXPECT_TRUE(at(rest, "next_after").is_null());
}

TEST_F(BoardsTest, AChangeOfAnOldVersionIsRefused) {
  const std::string id = made();
  // What was read can be sent back.
  const Response read = server_.get("/api/boards/" + id);
  EXPECT_EQ(server_.put("/api/boards/" + id, read.body, {{"If-Match", "\"1\""}}).status, 200);
  EXPECT_EQ(at(server_.put("/api/boards/" + id, R"({"name":"B"})"), "version").as_integer(), 2);
  EXPECT_EQ(server_.put("/api/boards/" + id, R"({"name":"C"})", {{"If-Match", "\"1\""}}).status,
            409);
  EXPECT_EQ(server_.put("/api/boards/" + id + "?expected_version=2", R"({"name":"C"})").status,
            200);
  EXPECT_EQ(server_.remove("/api/boards/" + id + "?expected_version=2").status, 409);
}

TEST_F(BoardsTest, KeepWhatTheyWere) {
  const std::string id = made();
  server_.put("/api/boards/" + id + "?by=bob", R"({"name":"B"})");
  EXPECT_EQ(server_.remove("/api/boards/" + id + "?by=carol").status, 204);
  EXPECT_EQ(server_.get("/api/boards/" + id).status, 404);
  const Response history = server_.get("/api/boards/" + id + "/history");
  EXPECT_EQ(at(history, "history.0.by"), "carol");
  EXPECT_TRUE(at(history, "history.0.value").is_null());
  EXPECT_EQ(at(history, "history.1.value.name"), "B");
  EXPECT_EQ(at(history, "history.2.value.name"), "Cutover");
}

// What is refused.

TEST_F(BoardsTest, WhatIsNotThereIsNotFound) {
  EXPECT_EQ(server_.get("/api/boards/x").status, 404);
  EXPECT_EQ(server_.get("/api/boards/x/history").status, 404);
  EXPECT_EQ(server_.put("/api/boards/x", R"({"name":"B"})").status, 404);
  EXPECT_EQ(server_.remove("/api/boards/x").status, 404);
}

TEST_F(BoardsTest, AMistakeIsNamedWithItsPlace) {
  const auto refusal = [&](const std::string& json) {
    const Response response = server_.post("/api/boards", json);
    EXPECT_EQ(response.status, 422) << json;
    return error_of(response);
  };
  EXPECT_EQ(refusal("{}"), "\"name\" is missing");
  EXPECT_THAT(refusal(R"({"nam":"a"})"), HasSubstr("did you mean \"name\"?"));
  EXPECT_THAT(refusal(R"({"name":"a","panels":[{"type":"pie"}]})"),
              HasSubstr("panels[0]: \"type\" is none of"));
  EXPECT_THAT(refusal(R"({"name":"a","panels":[{"type":"text","text":"x"},{"type":"query",
      "dataset":"d","query":{"calculations":[{"op":"P98"}]}}]})"),
              HasSubstr("panels[1]: query: calculations[0]"));
  EXPECT_THAT(refusal(R"({"name":"a","panels":[{"type":"query","dataset":"d","query":{},
      "view":"pie"}]})"),
              HasSubstr("'pie' is none of line, stacked, table, heatmap"));
  std::string many = R"({"name":"a","panels":[)";
  for (int i = 0; i < 101; ++i)
    many += base::cat(i == 0 ? "" : ",", R"({"type":"text","text":"x"})");
  EXPECT_THAT(refusal(many + "]}"), HasSubstr("more than 100"));
}

}  // namespace
}  // namespace understudy::api
