// The interface as its clients use it: a strict one, which decodes every answer into the fields it
// needs and fails on what it does not expect.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <set>
#include <string>
#include <thread>

#include "api/testing/admin_server.h"
#include "base/text.h"

namespace understudy::api {
namespace {

using flags::Value;
using testing::at;
using ::testing::HasSubstr;
using testing::header;
using testing::json;
using ::testing::MatchesRegex;

class HoneycombTest : public ::testing::Test {
 protected:
  void SetUp() override {
    for (int i = 0; i < 3; ++i) {
      server_.happened("evaluations", 60 + i,
                       {{"evaluation.mode", i == 0 ? "full_evaluation" : "control_only"},
                        {"duration_ms", 1.5 + i},
                        {"http.response.status_code", 200},
                        {"trace.trace_id", "t"}});
    }
  }
  /// What the Terraform client does: any 2xx is good and its body is JSON.
  Value call(std::string_view method, const std::string& path, std::string_view body = {}) {
    testing::Headers headers = {{"X-Honeycomb-Team", "abcdabcdabcdabcdabcdabcdabcdabcd"}};
    if (method != "GET" && method != "DELETE") {
      headers.emplace_back("Content-Type", "application/json");
    }
    last_ = server_.send(method, path, headers, body);
    EXPECT_EQ(last_.status / 100, 2) << method << " " << path << "\n" << last_.body;
    return method == "DELETE" ? Value() : json(last_);
  }
  Response refused(std::string_view method, const std::string& path, std::string_view body = {}) {
    Response response = server_.send(method, path, {{"Content-Type", "application/json"}}, body);
    EXPECT_GE(response.status, 400) << response.body;
    EXPECT_EQ(response.content_type, "application/problem+json") << response.body;
    EXPECT_FALSE(at(response, "error").as_string().empty());
    EXPECT_EQ(at(response, "status").as_integer(), response.status);
    EXPECT_THAT(at(response, "type").as_string(), HasSubstr("https://api.honeycomb.io/problems/"));
    return response;
  }
  /// The Terraform client asks every 200 ms; a test has no time, but the run has a thread.
  Value result(const std::string& path) {
    while (true) {
      const Value answer = call("GET", path);
      if (answer.find("complete") == nullptr || answer.find("complete")->as_bool()) return answer;
      std::this_thread::yield();
    }
  }
  std::string saved_query(const std::string& spec = R"({"calculations":[{"op":"COUNT"}]})") {
    return at(call("POST", "/1/queries/evaluations", spec), "id").as_string();
  }

  testing::AdminServer server_;
  Response last_;
};

TEST_F(HoneycombTest, AuthHasWhatClientsMakeLinksOf) {
  const Value auth = call("GET", "/1/auth");
  EXPECT_EQ(last_.status, 200);
  EXPECT_EQ(at(auth, "type"), "configuration");
  EXPECT_EQ(at(auth, "team.slug"), "understudy");
  EXPECT_EQ(at(auth, "environment.slug"), "understudy");
  for (const char* right : {"events", "markers", "triggers", "boards", "queries", "columns",
                            "createDatasets", "slos", "recipients", "privateBoards"}) {
    EXPECT_TRUE(auth.find("api_key_access")->find(right)->is_bool()) << right;
  }
}

TEST_F(HoneycombTest, AQueryIsSavedRunAndRead) {
  const Value query = call("POST", "/1/queries/evaluations",
                           R"({"breakdowns":["evaluation.mode"],"calculations":[{"op":"COUNT"},
      {"op":"P50","column":"duration_ms"}],"time_range":7200})");
  EXPECT_EQ(last_.status, 200);
  const std::string query_id = at(query, "id").as_string();
  EXPECT_EQ(at(query, "calculations.1.op"), "P50");
  EXPECT_EQ(call("GET", "/1/queries/evaluations/" + query_id), query);

  const Value started =
      call("POST", "/1/query_results/evaluations", R"({"query_id":")" + query_id + "\"}");
  EXPECT_EQ(last_.status, 201);
  const std::string id = at(started, "id").as_string();
  EXPECT_FALSE(at(started, "complete").as_bool());
  EXPECT_EQ(header(last_, "Location"), "/1/query_results/evaluations/" + id);
  EXPECT_EQ(at(started, "query.id"), query_id);

  const Value answer = result(header(last_, "Location"));
  EXPECT_EQ(at(answer, "id"), id);
  EXPECT_TRUE(at(answer, "complete").as_bool());
  EXPECT_THAT(header(last_, "Cache-Control"), HasSubstr("private"));
  EXPECT_EQ(answer.find("data")->find("results")->as_list().size(), 2U);
  const Value first = at(answer, "data.results.0.data");
  EXPECT_EQ(first.find("evaluation.mode")->as_string(), "control_only");
  EXPECT_EQ(first.find("COUNT")->as_integer(), 2);
  EXPECT_EQ(first.find("P50(duration_ms)")->as_number(), 2.5);
  EXPECT_THAT(at(answer, "data.series.0.time").as_string(), MatchesRegex("....-..-..T..:..:..Z"));
  EXPECT_TRUE(at(answer, "data.series.0.data").is_object());
  EXPECT_THAT(at(answer, "links.query_url").as_string(), HasSubstr("/ui/result/" + id));
  EXPECT_EQ(answer.find("data")->find("total_by_aggregate"), nullptr) << "not asked for";
}

TEST_F(HoneycombTest, ARunMaySayWhatItWants) {
  const std::string query =
      saved_query(R"({"breakdowns":["evaluation.mode"],"calculations":[{"op":"COUNT"}]})");
  call("POST", "/1/query_results/evaluations",
       R"({"query_id":")" + query +
           R"(","disable_series":true,"disable_total_by_aggregate":false,
               "disable_other_by_aggregate":false,"limit":1})");
  const Value answer = result(header(last_, "Location"));
  EXPECT_EQ(answer.find("data")->find("results")->as_list().size(), 1U);
  EXPECT_TRUE(answer.find("data")->find("series")->as_list().empty());
  EXPECT_EQ(at(answer, "data.total_by_aggregate.data.COUNT").as_integer(), 3);
  EXPECT_EQ(at(answer, "data.other_by_aggregate.data.COUNT").as_integer(), 1);
}

TEST_F(HoneycombTest, ADefaultQueryCounts) {
  const Value query = call("POST", "/1/queries/evaluations", "{}");
  EXPECT_EQ(at(query, "calculations.0.op"), "COUNT");
}

TEST_F(HoneycombTest, AQueryOfAllDatasetsCanBeSavedAndRunOnOne) {
  const Value query = call("POST", "/1/queries/__all__", R"({"calculations":[{"op":"COUNT"}]})");
  call("POST", "/1/query_results/evaluations",
       R"({"query_id":")" + at(query, "id").as_string() + "\"}");
  EXPECT_EQ(at(result(header(last_, "Location")), "data.results.0.data.COUNT").as_integer(), 3);
  refused("POST", "/1/query_results/__all__", R"({"query_id":"x"})");
}

TEST_F(HoneycombTest, WhatARunFailsOfIsToldWhenItIsRead) {
  const std::string query =
      saved_query(R"({"breakdowns":["evaluation.mod"],"calculations":[{"op":"COUNT"}]})");
  call("POST", "/1/query_results/evaluations", R"({"query_id":")" + query + "\"}");
  const std::string path = header(last_, "Location");
  Response response;
  do {
    response = server_.get(path);
  } while (response.status == 200);
  EXPECT_EQ(response.status, 422);
  EXPECT_THAT(at(response, "error").as_string(), HasSubstr("did you mean"));
}

TEST_F(HoneycombTest, ADerivedColumnCanBeQueried) {
  const Value made = call("POST", "/1/derived_columns/evaluations",
                          R"json({"alias":"slow","expression":"GT($duration_ms, 2)",
                              "description":"above two"})json");
  EXPECT_EQ(last_.status, 201);
  const std::string id = at(made, "id").as_string();
  EXPECT_EQ(call("GET", "/1/derived_columns/evaluations?alias=slow"), made);
  EXPECT_EQ(at(call("GET", "/1/derived_columns/evaluations"), "0"), made);
  const std::string query =
      saved_query(R"({"breakdowns":["slow"],"calculations":[{"op":"COUNT"}]})");
  call("POST", "/1/query_results/evaluations", R"({"query_id":")" + query + "\"}");
  const Value answer = result(header(last_, "Location"));
  EXPECT_TRUE(at(answer, "data.results.0.data.slow").as_bool());
  EXPECT_EQ(at(answer, "data.results.0.data.COUNT").as_integer(), 2);

  const Value changed = call("PUT", "/1/derived_columns/evaluations/" + id,
                             R"json({"alias":"slow","expression":"GT($duration_ms, 3)"
  })json");
  EXPECT_EQ(last_.status, 200);
  EXPECT_EQ(at(changed, "expression"), "GT($duration_ms, 3)");
  call("DELETE", "/1/derived_columns/evaluations/" + id);
  EXPECT_EQ(last_.status, 204);
  EXPECT_EQ(refused("GET", "/1/derived_columns/evaluations/" + id).status, 404);
}

TEST_F(HoneycombTest, ADerivedColumnOfAllDatasetsIsOneOfEach) {
  call("POST", "/1/derived_columns/__all__", R"({"alias":"one","expression":"1"})");
  const std::string query = saved_query(R"({"breakdowns":["one"]})");
  call("POST", "/1/query_results/evaluations", R"({"query_id":")" + query + "\"}");
  EXPECT_EQ(at(result(header(last_, "Location")), "data.results.0.data.one").as_integer(), 1);
  EXPECT_EQ(
      refused("POST", "/1/derived_columns/__all__", R"({"alias":"one","expression":"2"})").status,
      409);
}

TEST_F(HoneycombTest, ColumnsAreThoseOfTheEventsWithWhatIsSaidOfThem) {
  const Value all = call("GET", "/1/columns/evaluations");
  std::set<std::string> names;
  for (const Value& one : all.as_list()) names.insert(one.find("key_name")->as_string());
  EXPECT_TRUE(names.contains("duration_ms"));
  const Value column = call("GET", "/1/columns/evaluations?key_name=duration_ms");
  EXPECT_EQ(at(column, "type"), "float");
  EXPECT_FALSE(at(column, "hidden").as_bool());
  const std::string id = at(column, "id").as_string();
  EXPECT_EQ(call("GET", "/1/columns/evaluations/" + id), column);
  const Value changed =
      call("PUT", "/1/columns/evaluations/" + id,
           R"({"key_name":"duration_ms","description":"how long","hidden":true})");
  EXPECT_EQ(at(changed, "description"), "how long");
  EXPECT_EQ(at(changed, "id"), id);
  EXPECT_TRUE(at(call("GET", "/1/columns/evaluations/" + id), "hidden").as_bool());
  EXPECT_EQ(refused("DELETE", "/1/columns/evaluations/" + id).status, 409);
}

TEST_F(HoneycombTest, AColumnCanBeMadeBeforeItsFirstEvent) {
  const Value made =
      call("POST", "/1/columns/evaluations", R"({"key_name":"new","type":"integer"})");
  EXPECT_EQ(last_.status, 201);
  EXPECT_EQ(at(made, "type"), "integer");
  EXPECT_EQ(
      refused("POST", "/1/columns/evaluations", R"({"key_name":"new","type":"integer"})").status,
      409);
  call("DELETE", "/1/columns/evaluations/" + at(made, "id").as_string());
  EXPECT_EQ(last_.status, 204);
  EXPECT_EQ(refused("GET", "/1/columns/evaluations?key_name=new").status, 404);
}

TEST_F(HoneycombTest, DatasetsAreFoundByTheirSlugs) {
  const Value made = call("POST", "/1/datasets", R"({"name":"My Service/EU","description":"x"})");
  EXPECT_EQ(last_.status, 201);
  EXPECT_EQ(at(made, "slug"), "my-service-eu");
  call("POST", "/1/datasets", R"({"name":"My Service/EU"})");
  EXPECT_EQ(last_.status, 200) << "it is there already";
  EXPECT_EQ(at(call("GET", "/1/datasets/my-service-eu"), "name"), "My Service/EU");
  EXPECT_EQ(at(call("PUT", "/1/datasets/my-service-eu", R"({"description":"y"})"), "description"),
            "y");
  const Value all = call("GET", "/1/datasets");
  EXPECT_EQ(all.as_list().size(), 2U);
  EXPECT_EQ(refused("GET", "/1/datasets/other").status, 404);
  EXPECT_EQ(refused("DELETE", "/1/datasets/evaluations").status, 409);
}

TEST_F(HoneycombTest, DefinitionsAreTheUsualColumnsUnlessSomebodySaysOtherwise) {
  const Value usual = call("GET", "/1/dataset_definitions/evaluations");
  EXPECT_EQ(at(usual, "duration_ms.name"), "duration_ms");
  EXPECT_EQ(at(usual, "duration_ms.column_type"), "column");
  EXPECT_TRUE(usual.find("user")->is_null());
  const Value changed = call("PATCH", "/1/dataset_definitions/evaluations",
                             R"({"user":{"name":"evaluation.mode"},"duration_ms":null})");
  EXPECT_EQ(at(changed, "user.name"), "evaluation.mode");
  EXPECT_TRUE(changed.find("duration_ms")->is_null());
  EXPECT_EQ(call("GET", "/1/dataset_definitions/evaluations"), changed);
}

TEST_F(HoneycombTest, AnnotationsGiveQueriesNames) {
  const std::string query = saved_query();
  const Value made = call("POST", "/1/query_annotations/evaluations",
                          R"({"name":"Rate","description":"d","query_id":")" + query + "\"}");
  EXPECT_EQ(last_.status, 201);
  EXPECT_EQ(at(made, "query_id"), query);
  const std::string path = "/1/query_annotations/evaluations/" + at(made, "id").as_string();
  EXPECT_EQ(call("GET", path), made);
  EXPECT_EQ(at(call("PUT", path, R"({"name":"Rates","query_id":")" + query + "\"}"), "name"),
            "Rates");
  call("DELETE", path);
  EXPECT_EQ(last_.status, 204);
  EXPECT_EQ(
      refused("POST", "/1/query_annotations/evaluations", R"({"name":"Rate","query_id":"nothing"})")
          .status,
      422);
}

TEST_F(HoneycombTest, BoardsKeepAllTheirMembers) {
  const std::string board =
      R"({"name":"B","description":"","type":"flexible","panels":[{"type":"query",
          "query_panel":{"query_id":"x","query_style":"graph"},
          "position":{"x_coordinate":0,"y_coordinate":0,"height":4,"width":6}}]})";
  const Value made = call("POST", "/1/boards", board);
  EXPECT_EQ(last_.status, 201);
  EXPECT_EQ(at(made, "panels.0.query_panel.query_style"), "graph");
  const std::string path = "/1/boards/" + at(made, "id").as_string();
  EXPECT_EQ(call("GET", path), made);
  EXPECT_EQ(at(call("PUT", path, R"({"name":"C"})"), "name"), "C");
  EXPECT_EQ(call("GET", "/1/boards").as_list().size(), 1U);
  call("DELETE", path);
  EXPECT_EQ(last_.status, 204);
}

TEST_F(HoneycombTest, MarkersAreThoseOfEveryChart) {
  const Value made = call("POST", "/1/markers/evaluations",
                          R"({"start_time":1795359840,"message":"deploy 7","type":"deploy",
                              "url":"https://ci.example/7"})");
  EXPECT_EQ(last_.status, 201);
  const std::string id = at(made, "id").as_string();
  EXPECT_THAT(id, MatchesRegex("[0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f]"));
  EXPECT_EQ(at(server_.get("/api/markers?type=deploy"), "markers.0.message"), "deploy 7");
  const Value changed = call("PUT", "/1/markers/evaluations/" + id,
                             R"({"start_time":1795359840,"end_time":1795359900,"message":"m"})");
  EXPECT_EQ(last_.status, 200);
  EXPECT_EQ(at(changed, "end_time").as_integer(), 1795359900);
  EXPECT_EQ(at(call("GET", "/1/markers/__all__"), "0.message"), "m");
  server_.send("DELETE", "/1/markers/evaluations/" + id);
  EXPECT_EQ(refused("DELETE", "/1/markers/evaluations/" + id).status, 404);
  EXPECT_EQ(at(server_.get("/api/markers?type=deploy"), "markers").as_list().size(), 0U);
}

TEST_F(HoneycombTest, AMarkerOfTheSystemStays) {
  server_.put("/api/migrations/data-engine/mode", R"({"mode":"full_evaluation=10","by":"alice"})");
  const Value newest = at(call("GET", "/1/markers/__all__"), "0");
  ASSERT_EQ(at(newest, "type"), "flag_change");
  const std::string path = "/1/markers/__all__/" + at(newest, "id").as_string();
  EXPECT_EQ(refused("DELETE", path).status, 409);
  EXPECT_EQ(refused("PUT", path, R"({"message":"nothing happened"})").status, 409);
}

TEST_F(HoneycombTest, MarkerSettingsGiveTypesTheirColours) {
  const Value made =
      call("POST", "/1/marker_settings/__all__", R"({"type":"deploy","color":"#F96E11"})");
  EXPECT_EQ(last_.status, 201);
  const std::string path = "/1/marker_settings/__all__/" + at(made, "id").as_string();
  EXPECT_EQ(at(call("PUT", path, R"({"type":"deploy","color":"#000000"})"), "color"), "#000000");
  EXPECT_EQ(call("GET", "/1/marker_settings/__all__").as_list().size(), 1U);
  const Response removed = server_.send("DELETE", path);
  EXPECT_EQ(removed.status, 200);
  EXPECT_EQ(at(removed, "type"), "deploy");
}

// What is refused, in Honeycomb's form.

TEST_F(HoneycombTest, WhatDoesNotValidateNamesItsField) {
  const Response bad_op =
      refused("POST", "/1/queries/evaluations", R"({"calculations":[{"op":"P98"}]})");
  EXPECT_EQ(bad_op.status, 422);
  EXPECT_THAT(at(bad_op, "type").as_string(), HasSubstr("/validation-failed"));
  EXPECT_EQ(at(bad_op, "type_detail.0.field"), "calculations[0].op");
  EXPECT_EQ(at(bad_op, "type_detail.0.code"), "invalid");
  const Response missing =
      refused("POST", "/1/derived_columns/evaluations", R"({"expression":"1"})");
  EXPECT_EQ(at(missing, "type_detail.0.field"), "alias");
  EXPECT_EQ(at(missing, "type_detail.0.code"), "missing");
  const Response expression =
      refused("POST", "/1/derived_columns/evaluations", R"({"alias":"a","expression":"FOO("})");
  EXPECT_EQ(at(expression, "type_detail.0.field"), "expression");
  EXPECT_EQ(refused("POST", "/1/queries/evaluations", "{").status, 400);
}

TEST_F(HoneycombTest, WhatIsNotThereIsNotFound) {
  for (const char* path :
       {"/1/queries/nothing", "/1/columns/nothing", "/1/derived_columns/nothing"}) {
    EXPECT_EQ(refused("POST", path, "{}").status, 404) << path;
  }
  for (const char* path : {"/1/query_results/evaluations/x", "/1/queries/evaluations/x",
                           "/1/boards/x", "/1/columns/evaluations/x"}) {
    EXPECT_EQ(refused("GET", path).status, 404) << path;
  }
}

TEST(HoneycombKeys, TheHeaderOfItsClientsIsAKeyOfOurs) {
  testing::AdminServer server({.host_names = {}, .require_keys = true});
  auto minted = state::make_api_key("ci", *state::Permissions::parse("read"));
  ASSERT_TRUE(minted.ok());
  ASSERT_TRUE(server.state.add_api_key(minted->key, "test").ok());
  const testing::Headers key = {{"X-Honeycomb-Team", minted->text}};
  const Response auth = server.get("/1/auth", key);
  ASSERT_EQ(auth.status, 200) << auth.body;
  EXPECT_TRUE(at(auth, "api_key_access.queries").as_bool());
  EXPECT_FALSE(at(auth, "api_key_access.boards").as_bool());
  EXPECT_EQ(server.post("/1/boards", R"({"name":"B"})", key).status, 403);
  const Response unknown = server.get("/1/auth", {{"X-Honeycomb-Team", "abcd"}});
  EXPECT_EQ(unknown.status, 401);
  EXPECT_FALSE(at(unknown, "error").as_string().empty());
  EXPECT_EQ(
      server.send("GET", "/1/auth", {{"X-Honeycomb-Team", minted->text}, {"X-Honeycomb-Team", "x"}})
          .status,
      400);
}

}  // namespace
}  // namespace understudy::api
