// What a client sends is taken whole or refused with a reason, and what was refused left no trace.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "api/testing/admin_server.h"
#include "base/text.h"

namespace understudy::api {
namespace {

using base::cat;
using flags::Value;
using testing::AdminServer;
using testing::at;
using testing::error_of;
using ::testing::HasSubstr;

/// Everything a request may change.
std::string everything(AdminServer& server) {
  return cat(server.get("/api/flags").body, server.get("/api/segments").body,
             server.get("/api/markers").body, server.get("/api/datasets").body,
             server.get("/api/keys").body, server.get("/api/migrations/data-engine/mode").body,
             server.publisher.current()->version());
}

// --- Rules of a comparison --------------------------------------------------------------------

std::string comparison(const std::string& value) {
  return cat(R"({"on":true,"fallthrough":{"variation":0},"variations":[)", value, "]}");
}

TEST(CompareFlag, GoodRulesAreTaken) {
  AdminServer server;
  const Response response = server.put(
      "/api/flags/data-engine.compare",
      comparison(
          R"({"body_bytes_max":"1MiB","rules":[{"path":"$.rows[*]","ulps":4,)"
          R"("rules":[{"path":"$.at","time_unit":"ms:us"}]},{"path":"$.x","ignore":true}]})"));
  EXPECT_EQ(response.status, 200) << response.body;
}

TEST(CompareFlag, RulesThatDoNotParseAreRefusedAndNameTheirPlace) {
  AdminServer server;
  ASSERT_EQ(server.put("/api/flags/data-engine.compare", comparison("{}")).status, 200);
  const std::string before = everything(server);
  const std::vector<std::pair<std::string, std::string>> cases = {
      {R"({"rules":[{"path":"$.a","ulps":"many"}]})", "variations[0].rules[0].ulps: "},
      {R"({"rules":[{"path":"$.a","ignore":true},{"path":"$.[","ignore":true}]})",
       "variations[0].rules[1].path: "},
      {R"({"rules":[{"path":"$.a","rules":[{"path":"$.b","ulp":1}]}]})",
       "variations[0].rules[0].rules[0].ulp: is not a known key; did you mean \"ulps\"?"},
      {R"({"rules":{"path":"$.a"}})", "variations[0].rules: expected a list"},
      {R"({"rules":[7]})", "variations[0].rules[0]: expected a map"},
      {R"({"rulez":[]})", "variations[0].rulez: is not a known key; did you mean \"rules\"?"},
      {R"({"differences_max":0})", "variations[0].differences_max: 0 is below 1"},
      {R"("ignore everything")", "variations[0]: expected a map"},
      {R"([])", "variations[0]: expected a map"},
      {R"({}, {"rules":[{"ulps":1}]})", "variations[1].rules[0]"},
  };
  for (const auto& [value, place] : cases) {
    const Response response = server.put("/api/flags/data-engine.compare", comparison(value));
    EXPECT_EQ(response.status, 400) << value;
    EXPECT_THAT(error_of(response), HasSubstr(cat("flag data-engine.compare: ", place))) << value;
  }
  EXPECT_EQ(everything(server), before);
  EXPECT_EQ(at(server.get("/api/flags/data-engine.compare/history"), "history").as_list().size(),
            1U);
}

TEST(CompareFlag, IsOneForEverybody) {
  AdminServer server;
  for (const char* flag :
       {R"({"on":true,"variations":[{},{}],"fallthrough":{"rollout":{"variations":[
            {"variation":0,"weight":50000},{"variation":1,"weight":50000}]}}})",
        R"({"on":false,"variations":[{}],"fallthrough":{"variation":0}})",
        R"({"on":true,"variations":[{},{}],"fallthrough":{"variation":0},
            "targets":[{"variation":1,"values":["a"]}]})",
        R"({"on":true,"variations":[{},{}],"fallthrough":{"variation":0},
            "rules":[{"variation":1,"clauses":[]}]})"}) {
    const Response response = server.put("/api/flags/data-engine.compare", flag);
    EXPECT_EQ(response.status, 400) << flag;
    EXPECT_THAT(error_of(response), HasSubstr("flag data-engine.compare: ")) << flag;
  }
  EXPECT_EQ(server.get("/api/flags/data-engine.compare").status, 404);
}

TEST(CompareFlag, AFlagOfAnotherNameMayHoldAnything) {
  AdminServer server;
  EXPECT_EQ(server.put("/api/flags/other.compare", comparison(R"({"rules":7})")).status, 200);
}

TEST(CriteriaFlag, IsChangedInTheConfigurationOnly) {
  AdminServer server;
  for (const Response& response : {server.put("/api/flags/data-engine.criteria", comparison("[]")),
                                   server.remove("/api/flags/data-engine.criteria")}) {
    EXPECT_EQ(response.status, 422);
    EXPECT_THAT(error_of(response), HasSubstr("agreed in the configuration"));
  }
}

// --- Every body -------------------------------------------------------------------------------

struct Body {
  const char* method;
  const char* target;
  const char* json;  // a good one, so that what is wrong with the others is what was put in
};

const std::vector<Body>& good_bodies() {
  static const std::vector<Body> bodies = {
      {"PUT", "/api/migrations/data-engine/mode",
       R"({"mode":"full_evaluation=10","by":"alice","reason":"a look","expected_version":1})"},
      {"PUT", "/api/migrations/data-engine/mode",
       R"({"mix":{"full_evaluation":10,"control_only":90}})"},
      {"PUT", "/api/flags/greeting",
       R"({"key":"greeting","on":true,"version":1,"variations":["a",{"b":[1]}],"offVariation":0,
           "fallthrough":{"rollout":{"contextKind":"user","bucketBy":"key","seed":1,"variations":
             [{"variation":0,"weight":40000},{"variation":1,"weight":60000}]}},
           "targets":[{"values":["x"],"variation":1}],
           "contextTargets":[{"contextKind":"org","values":["x"],"variation":1}],
           "prerequisites":[{"key":"other","variation":0}],
           "rules":[{"id":"r","variation":0,"clauses":[
             {"attribute":"email","op":"endsWith","values":["@x"],"negate":false}]}],
           "salt":"s","deleted":false})"},
      {"PUT", "/api/segments/pilots",
       R"({"included":["a"],"excluded":["b"],"includedContexts":[{"contextKind":"org","values":["c"]}],
           "salt":"s","rules":[{"id":"r","clauses":[{"attribute":"country","op":"in",
           "values":["se"],"negate":false}],"weight":50000,"bucketBy":"key"}]})"},
      {"PUT", "/api/flags/data-engine.mode",
       R"({"on":true,"variations":["control_only","full_evaluation"],"offVariation":0,
           "fallthrough":{"variation":1}})"},
      {"PUT", "/api/flags/data-engine.compare",
       R"({"on":true,"fallthrough":{"variation":0},"variations":[{"differences_max":5,
           "headers":["etag"],"rules":[{"path":"$.a","ulps":4},
             {"path":"$.b","unordered":true,"match_by":["id"],"coerce":["number"]}]}]})"},
      {"POST", "/api/markers",
       R"({"type":"deploy","message":"m","url":"https://x","time":1795359845,"end_time":
           "2026-11-22T15:04:06Z"})"},
      {"POST", "/api/evaluate",
       R"({"flag":"data-engine.mode","context":{"kind":"user","key":"a","tier":3}})"},
      {"POST", "/api/query",
       R"({"dataset":"evaluations","calculations":[{"op":"P99","column":"duration_ms"}],
           "filters":[{"column":"a","op":"=","value":1}],"breakdowns":["a"],"granularity":60,
           "orders":[{"op":"P99","column":"duration_ms","order":"descending"}],"limit":5,
           "time_range":3600,"filter_combination":"AND"})"},
      {"POST", "/api/query",
       R"({"dataset":"evaluations","events":{"columns":["a"],"limit":3},"time_range":60})"},
      {"POST", "/api/bubbleup",
       R"({"dataset":"evaluations","query":{"time_range":3600,"filters":[{"column":"a","op":"exists"}]},
           "selection":{"start_time":1795359840,"end_time":1795359845.5,"column":"duration_ms",
             "min":1,"max":2,"filters":[{"column":"a","op":"=","value":1}]},
           "columns":["a"],"limit":3})"},
      {"POST", "/v1/logs",
       R"({"resourceLogs":[{"resource":{"attributes":[]},"scopeLogs":[{"scope":{"name":"s"},
           "logRecords":[{"timeUnixNano":"1795359840000000000","severityText":"x","body":
             {"stringValue":"b"},"attributes":[{"key":"understudy.dataset","value":
             {"stringValue":"evaluations"}},{"key":"n","value":{"intValue":"5"}}]}]}]}]})"},
      {"POST", "/api/keys", R"({"name":"ci","permissions":["read","operate"],"by":"alice"})"},
      {"POST", "/api/reload", "{}"},
  };
  return bodies;
}

Response send(AdminServer& server, const Body& body, const std::string& json) {
  return server.send(body.method, body.target, {{"Content-Type", "application/json"}}, json);
}

/// Calls `visit` with the whole of `value` for each of its parts in turn replaced by `wrong`.
void replace_each(const Value& value, const Value& wrong, const std::function<void(Value)>& visit) {
  visit(wrong);
  if (value.is_object()) {
    for (size_t i = 0; i < value.as_object().size(); ++i) {
      replace_each(value.as_object()[i].value, wrong, [&](Value part) {
        Value::Object copy = value.as_object();
        copy[i].value = std::move(part);
        visit(std::move(copy));
      });
    }
  } else if (value.is_list()) {
    for (size_t i = 0; i < value.as_list().size(); ++i) {
      replace_each(value.as_list()[i], wrong, [&](Value part) {
        Value::List copy = value.as_list();
        copy[i] = std::move(part);
        visit(std::move(copy));
      });
    }
  }
}

TEST(EveryBody, IsTakenWhenItIsGood) {
  for (const Body& body : good_bodies()) {
    AdminServer server;
    server.reloaded = Reloaded{.text = "done", .notes = {}};
    const Response response = send(server, body, body.json);
    EXPECT_LT(response.status, 300) << body.target << " " << response.body;
  }
}

TEST(EveryBody, WithAWrongPartIsTakenWholeOrRefusedWithoutATrace) {
  const std::vector<Value> wrong = {Value(),
                                    true,
                                    -1,
                                    1e300,
                                    int64_t{9'223'372'036'854'775'807},
                                    "",
                                    std::string("\0\x01\xff", 3),
                                    std::string(70'000, 'x'),
                                    Value::List{},
                                    Value::List{Value::List{}},
                                    Value::Object{},
                                    Value::Object{{"x", 1}}};
  size_t refused = 0;
  for (const Body& body : good_bodies()) {
    const base::Result<Value> good = flags::parse_json(body.json);
    ASSERT_TRUE(good.ok()) << body.json;
    for (const Value& one : wrong) {
      replace_each(*good, one, [&](const Value& sent) {
        AdminServer server;
        const std::string before = everything(server);
        const std::string text = flags::to_json(sent);
        const Response response = send(server, body, text);
        const std::string what = cat(body.method, " ", body.target, " ", text.substr(0, 600));
        EXPECT_LT(response.status, 500) << what << "\n" << response.body;
        if (response.status < 300) return;
        ++refused;
        const bool otlp = std::string_view(body.target) == "/v1/logs";
        EXPECT_FALSE(at(response, otlp ? "message" : "error").as_string().empty()) << what;
        EXPECT_LT(response.body.size(), 4'000U) << what;
        EXPECT_EQ(everything(server), before) << what;
      });
    }
  }
  EXPECT_GT(refused, 500U);
}

TEST(EveryBody, ThatIsNoJsonIsRefusedWithoutATrace) {
  for (const Body& body : good_bodies()) {
    const std::string good = body.json;
    if (good == "{}") continue;  // a reload reads nothing
    std::vector<std::string> texts = {"",          " ",
                                      "null",      "7",
                                      "\"x\"",     "[]",
                                      "{",         good + "x",
                                      good + good, std::string(100'000, '['),
                                      "\xff\xfe",  std::string("{}\0", 3)};
    for (size_t cut = 1; cut < good.size(); cut += 7) texts.push_back(good.substr(0, cut));
    for (const std::string& text : texts) {
      AdminServer server;
      const std::string before = everything(server);
      const Response response = send(server, body, text);
      const std::string what = cat(body.target, " ", text.substr(0, 300));
      EXPECT_GE(response.status, 400) << what;
      EXPECT_LT(response.status, 500) << what;
      EXPECT_EQ(everything(server), before) << what;
    }
  }
}

}  // namespace
}  // namespace understudy::api
