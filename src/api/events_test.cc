#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include "api/gunzip.h"
#include "api/testing/admin_server.h"
#include "base/text.h"

namespace understudy::api {
namespace {

using testing::AdminServer;
using testing::at;
using testing::error_of;
using ::testing::HasSubstr;
using testing::header;

std::string gzip(std::string_view text) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY),
            Z_OK);
  std::string out(deflateBound(&stream, static_cast<uLong>(text.size())) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

// --- Queries ----------------------------------------------------------------------------------

TEST(Query, AnswersInHoneycombsShape) {
  AdminServer server;
  for (double ms : {10.0, 20.0, 30.0}) {
    server.happened("evaluations", 60, {{"evaluation.mode", "control_only"}, {"duration_ms", ms}});
  }
  const Response response =
      server.post("/api/query",
                  R"({"dataset":"evaluations","breakdowns":["evaluation.mode"],
          "calculations":[{"op":"COUNT"},{"op":"MAX","column":"duration_ms"}],"time_range":3600})");
  ASSERT_EQ(response.status, 200) << response.body;
  EXPECT_EQ(at(response, "data.results.0.data.COUNT").as_integer(), 3);
  EXPECT_EQ(at(response, "data.results.0.data").find("MAX(duration_ms)")->as_number(), 30);
  EXPECT_EQ(at(response, "data.results.0.data").find("evaluation.mode")->as_string(),
            "control_only");
}

TEST(Query, BubbleUpComparesTheSelectedEventsWithTheRest) {
  AdminServer server;
  for (int i = 0; i < 60; ++i) {
    server.happened(
        "evaluations", 60,
        {{"http.route", i < 30 ? "slow" : "fast"}, {"duration_ms", i < 30 ? 900. : 9.}});
  }
  const Response response =
      server.post("/api/bubbleup",
                  R"({"dataset":"evaluations","selection":{"column":"duration_ms","min":500}})");
  ASSERT_EQ(response.status, 200) << response.body;
  EXPECT_EQ(at(response, "selected").as_integer(), 30);
  EXPECT_EQ(at(response, "columns.0.column").as_string(), "http.route");
  EXPECT_EQ(at(response, "columns.0.values.0.value").as_string(), "fast");
  const Response refused = server.post(
      "/api/bubbleup", R"({"dataset":"evaluations","selection":{"column":"duration_m","min":5}})");
  EXPECT_EQ(refused.status, 422);
  EXPECT_NE(refused.body.find("duration_ms"), std::string::npos) << refused.body;
}

TEST(Query, ATraceIsFoundById) {
  AdminServer server;
  server.happened("evaluations", 60, {{"trace.trace_id", "t/1"}, {"http.route", "query"}});
  server.happened("evaluations", 50, {{"trace.trace_id", "t2"}});
  const Response response = server.get("/api/traces/t%2F1");
  ASSERT_EQ(response.status, 200) << response.body;
  EXPECT_EQ(at(response, "spans").as_list().size(), 1U);
  EXPECT_EQ(at(response, "spans.0.name").as_string(), "query");
  EXPECT_EQ(server.get("/api/traces/t2?dataset=nobody").status, 404);
  EXPECT_EQ(server.get("/api/traces/t2?start=yesterday").status, 400);
}

TEST(Query, CanAskForTheEventsThemselves) {
  AdminServer server;
  server.happened("evaluations", 60, {{"evaluation.mode", "control_only"}});
  server.happened("evaluations", 50, {{"evaluation.mode", "full_evaluation"}});
  const Response response = server.post("/api/query", R"({"dataset":"evaluations","time_range":3600,
          "events":{"columns":["evaluation.mode"],"limit":1}})");
  ASSERT_EQ(response.status, 200) << response.body;
  EXPECT_EQ(at(response, "events").as_list().size(), 1U);
  EXPECT_TRUE(at(response, "more").as_bool());
}

TEST(Query, AMistakeNamesItsFieldAndTheNearestWord) {
  AdminServer server;
  const Response response = server.post(
      "/api/query", R"({"dataset":"evaluations","calculations":[{"op":"P98","column":"a"}]})");
  EXPECT_EQ(response.status, 422);
  EXPECT_THAT(error_of(response), HasSubstr("calculations[0]"));
  EXPECT_EQ(server.post("/api/query", R"({"calculations":[]})").status, 422);
  EXPECT_EQ(server.post("/api/query", R"({"dataset":"evaluations","events":[]})").status, 422);
  EXPECT_EQ(
      server.post("/api/query", R"({"dataset":"evaluations","events":{"columns":[3]}})").status,
      422);
  EXPECT_EQ(server.post("/api/query", R"({"dataset":"evaluations","events":{"limit":0}})").status,
            422);
}

TEST(Query, ADatasetNobodyWroteToHasNoEventsAndItSaysSo) {
  AdminServer server;
  for (const char* body :
       {R"({"dataset":"nothing"})", R"({"dataset":"evaluations","breakdowns":["my.own.field"]})",
        R"({"dataset":"errors","events":{"columns":["exception.type"]}})"}) {
    const Response response = server.post("/api/query", body);
    EXPECT_EQ(response.status, 200) << body;
    EXPECT_THAT(at(response, "warnings.0").as_string(), HasSubstr("nobody has written")) << body;
  }
}

TEST(Query, ANameThatIsNearlyOneIsRefusedAndNamesIt) {
  AdminServer server;
  server.happened("evaluations", 60, {{"evaluation.mode", "control_only"}});
  const auto refused = [&](const char* body) {
    const Response response = server.post("/api/query", body);
    EXPECT_EQ(response.status, 422) << body;
    return error_of(response);
  };
  EXPECT_THAT(refused(R"({"dataset":"evaluation"})"), HasSubstr("did you mean \"evaluations\"?"));
  EXPECT_THAT(refused(R"({"dataset":"evaluations","breakdowns":["evaluation.mod"]})"),
              HasSubstr("breakdowns[0]: \"evaluations\" has no column \"evaluation.mod\"; did you "
                        "mean \"evaluation.mode\"?"));
  EXPECT_THAT(refused(R"({"dataset":"evaluations","calculations":[{"op":"P99",
      "column":"duration_s","filters":[{"column":"xyz","op":"exists"}]}]})"),
              HasSubstr("calculations[0]: "));
  EXPECT_THAT(refused(R"({"dataset":"evaluations","filters":[{"column":"sucess","op":"=",
      "value":1}]})"),
              HasSubstr("did you mean \"success\"?"));
  EXPECT_THAT(refused(R"({"dataset":"evaluations","events":{"columns":["http.rout"]}})"),
              HasSubstr("columns[0]"));
  // Also before the first event.
  EXPECT_THAT(refused(R"({"dataset":"errors","breakdowns":["exception.tpye"]})"),
              HasSubstr("did you mean \"exception.type\"?"));
}

TEST(Query, TextHeldAgainstNumbersIsRefusedRatherThanAnsweredWithNothing) {
  AdminServer server;
  server.happened("evaluations", 60, {{"code", 500}, {"zip", "500"}});
  server.happened("evaluations", 60, {{"either", 1}});
  server.happened("evaluations", 60, {{"either", "1"}});
  const auto ask = [&](std::string_view filter) {
    return server.post("/api/query",
                       base::cat(R"({"dataset":"evaluations","filters":[)", filter, "]}"));
  };
  for (const char* wrong : {R"({"column":"code","op":"=","value":"500"})",
                            R"({"column":"code","op":"in","value":["500","501"]})"}) {
    const Response response = ask(wrong);
    EXPECT_EQ(response.status, 422) << wrong;
    EXPECT_THAT(error_of(response),
                HasSubstr("filters[0]: \"code\" holds numbers, which text never equals; give a "
                          "number, without quotes"));
  }
  EXPECT_THAT(error_of(ask(R"({"column":"zip","op":"!=","value":500})")),
              HasSubstr("\"zip\" holds text, which a number never equals"));
  for (const char* right :
       {R"({"column":"code","op":"=","value":500})",
        R"({"column":"code","op":"in","value":["500",500]})", R"({"column":"code","op":"exists"})",
        R"({"column":"either","op":"=","value":"1"})",
        R"({"column":"zip","op":"=","value":"500"})"}) {
    EXPECT_EQ(ask(right).status, 200) << right;
  }
}

// What an application adds to its events is a column like any other, from the first event on.
TEST(Query, AnApplicationsOwnFieldsAreKnownOnceSeen) {
  AdminServer server;
  constexpr const char* kBody = R"({"dataset":"evaluations","breakdowns":["cart.items"],
                                    "time_range":3600})";
  server.happened("evaluations", 60, {{"evaluation.mode", "control_only"}});
  EXPECT_EQ(server.post("/api/query", kBody).status, 422);
  server.happened("evaluations", 60, {{"cart.items", 3}});
  const Response response = server.post("/api/query", kBody);
  ASSERT_EQ(response.status, 200) << response.body;
  EXPECT_TRUE(at(response, "warnings").is_null());
  EXPECT_EQ(at(response, "data.results").as_list().size(), 2U);
}

TEST(Datasets, AreListedWithTheirColumnsAndMeanings) {
  AdminServer server;
  server.happened("evaluations", 60, {{"duration_ms", 1.5}, {"mine", "x"}});
  const Response datasets = server.get("/api/datasets");
  EXPECT_EQ(at(datasets, "datasets.0.name").as_string(), "evaluations");
  EXPECT_EQ(at(datasets, "datasets.0.events").as_integer(), 1);
  EXPECT_EQ(at(datasets, "datasets.0.last_time").as_string(), "2026-11-22T15:03:05.000000000Z");
  const Response columns = server.get("/api/datasets/evaluations/columns");
  EXPECT_EQ(at(columns, "columns.0.name").as_string(), "duration_ms");
  EXPECT_EQ(at(columns, "columns.0.types.0").as_string(), "double");
  EXPECT_EQ(at(columns, "columns.0.unit").as_string(), "ms");
  EXPECT_EQ(at(columns, "columns.2.name").as_string(), "mine");
  EXPECT_TRUE(at(columns, "columns.2.meaning").is_null());
}

TEST(Datasets, AnUnknownOneNamesTheNearest) {
  AdminServer server;
  server.happened("evaluations", 60, {});
  const Response response = server.get("/api/datasets/evaluation/columns");
  EXPECT_EQ(response.status, 404);
  EXPECT_THAT(error_of(response), HasSubstr("did you mean 'evaluations'?"));
}

// --- Markers ----------------------------------------------------------------------------------

TEST(Markers, CanBeMadeAndFound) {
  AdminServer server;
  const Response made = server.post("/api/markers",
                                    R"({"type":"deploy","message":"v2","url":"https://ci/7",
                                        "time":"2026-11-22T12:00:00Z","end_time":1795350000})");
  EXPECT_EQ(made.status, 201) << made.body;
  EXPECT_EQ(at(made, "time").as_string(), "2026-11-22T12:00:00.000000000Z");
  EXPECT_EQ(server.post("/api/markers", R"({"type":"deploy"})").status, 201);
  const Response found = server.get("/api/markers?type=deploy&until=2026-11-22T13:00:00Z");
  EXPECT_EQ(at(found, "markers").as_list().size(), 1U);
  EXPECT_EQ(at(found, "markers.0.message").as_string(), "v2");
}

TEST(Markers, WithoutATimeItIsNow) {
  AdminServer server;
  EXPECT_EQ(at(server.post("/api/markers", R"({"type":"deploy"})"), "time").as_string(),
            "2026-11-22T15:04:05.000000000Z");
}

TEST(Markers, WhatIsNoMarkerIsRefused) {
  AdminServer server;
  for (const char* body :
       {R"({"message":"no type"})", R"({"type":"a","url":"javascript:alert"})",
        R"({"type":"a","time":"yesterday"})", R"({"type":"a","time":-5})",
        R"({"type":"a","time":[]})", R"({"type":"a","time":2000,"end_time":1000})", R"({"type":3})",
        R"({"typ":"a"})"}) {
    EXPECT_EQ(server.post("/api/markers", body).status, 422) << body;
  }
  const std::string long_type = base::cat(R"({"type":")", std::string(65, 'a'), "\"}");
  EXPECT_EQ(server.post("/api/markers", long_type).status, 422);
}

// --- OTLP logs --------------------------------------------------------------------------------

constexpr const char* kLogs = R"({"resourceLogs":[{"scopeLogs":[{"logRecords":[
    {"timeUnixNano":"1795359840000000000","attributes":[
      {"key":"understudy.dataset","value":{"stringValue":"evaluations"}},
      {"key":"duration_ms","value":{"doubleValue":1.5}}]}]}]}]})";

TEST(OtlpLogs, BecomeEvents) {
  AdminServer server;
  const Response response = server.post("/v1/logs", kLogs);
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(testing::json(response), flags::Value(flags::Value::Object{}));
  EXPECT_EQ(at(server.get("/api/datasets"), "datasets.0.events").as_integer(), 1);
}

TEST(OtlpLogs, MayBeCompressed) {
  AdminServer server;
  EXPECT_EQ(server.post("/v1/logs", gzip(kLogs), {{"Content-Encoding", "gzip"}}).status, 200);
  EXPECT_EQ(at(server.get("/api/datasets"), "datasets.0.events").as_integer(), 1);
}

TEST(OtlpLogs, RecordsThatMakeNoEventAreCountedInTheAnswer) {
  AdminServer server;
  const Response response =
      server.post("/v1/logs", R"({"resourceLogs":[{"scopeLogs":[{"logRecords":[
      {"eventName":"fine"},{"eventName":"not\u0000fine"}]}]}]})");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(at(response, "partialSuccess.rejectedLogRecords").as_string(), "1");
  EXPECT_FALSE(at(response, "partialSuccess.errorMessage").as_string().empty());
}

TEST(OtlpLogs, BadDataIsNotWorthSendingAgain) {
  AdminServer server;
  const Response response = server.post("/v1/logs", "{\"resourceLogs\":3}");
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(at(response, "code").as_integer(), 3);
  EXPECT_EQ(server.post("/v1/logs", "not gzip", {{"Content-Encoding", "gzip"}}).status, 400);
  const std::string whole = gzip(kLogs);
  EXPECT_EQ(server
                .post("/v1/logs", std::string_view(whole).substr(0, whole.size() - 5),
                      {{"Content-Encoding", "gzip"}})
                .status,
            400);
}

TEST(OtlpLogs, OtherEncodingsAreNamed) {
  AdminServer server;
  const Response protobuf =
      server.send("POST", "/v1/logs", {{"Content-Type", "application/x-protobuf"}}, "x");
  EXPECT_EQ(protobuf.status, 415);
  EXPECT_THAT(error_of(protobuf), HasSubstr("application/json"));
  const Response brotli = server.post("/v1/logs", kLogs, {{"Content-Encoding", "br"}});
  EXPECT_EQ(brotli.status, 415);
  EXPECT_EQ(header(brotli, "Accept-Encoding"), "gzip, identity");
  EXPECT_EQ(server.post("/api/query", "{}", {{"Content-Encoding", "gzip"}}).status, 415);
}

// A few kilobytes that become gigabytes stop at the limit.
TEST(OtlpLogs, ACompressionBombStopsAtTheLimit) {
  AdminServer server({.ingest_body_bytes_max = 100'000});
  const std::string bomb = gzip(std::string(10'000'000, ' '));
  ASSERT_LT(bomb.size(), 100'000U);
  const Response response = server.post("/v1/logs", bomb, {{"Content-Encoding", "gzip"}});
  EXPECT_EQ(response.status, 413);
}

/// A store whose disk is full.
class FullStore final : public store::EventStore {
 public:
  base::Status append(std::span<const event::Event>) override {
    return base::error(base::ErrorKind::kIo, "no space left on device");
  }
  using EventStore::select;
  base::Result<store::ResultTable> select(const store::Select&,
                                          const store::Cancellation&) override {
    return base::error(base::ErrorKind::kTimeout, "the query took longer than 10 s");
  }
  std::vector<store::DatasetInfo> datasets() override { return {}; }
  base::Result<std::vector<store::DatasetColumn>> columns(std::string_view) override {
    return base::error(base::ErrorKind::kNotFound, "none");
  }
  store::StoreStats stats() override {
    return {.failing_since_ns = AdminServer::kNowNs, .failing_with = "no space left on device"};
  }
};

TEST(OtlpLogs, AFullDiskAsksToSendAgainLater) {
  AdminServer server;
  FullStore full;
  Api api(Dependencies{.state = server.state,
                       .events = full,
                       .flags = server.publisher,
                       .migrations = server.migrations,
                       .clock = server.clock});
  Request request{.method = "POST", .target = "/v1/logs", .authority = "localhost", .body = kLogs};
  request.headers.add("content-type", "application/json");
  const Response response = api.handle(request);
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(header(response, "Retry-After"), "5");
}

// A part that cannot be made says so, the rest of the page is there.
TEST(Migrations, AreShownWhenTheStoreIsTooSlow) {
  AdminServer server;
  server.migrations.first().differences.total = 9;
  FullStore slow;
  Api api(Dependencies{.state = server.state,
                       .events = slow,
                       .flags = server.publisher,
                       .migrations = server.migrations,
                       .clock = server.clock});
  const Response response =
      api.handle({.target = "/api/migrations/data-engine", .authority = "localhost"});
  EXPECT_EQ(response.status, 200);
  EXPECT_THAT(at(response, "verdict.error").as_string(), HasSubstr("longer than 10 s"));
  EXPECT_EQ(at(response, "mode.mode").as_string(), "control_only=100");
  // What this process remembers is better than nothing, and is called what it is.
  EXPECT_EQ(at(response, "differences.source").as_string(), "memory");
  EXPECT_EQ(at(response, "differences.total").as_integer(), 9);
  EXPECT_THAT(at(response, "differences.fallback").as_string(), HasSubstr("longer than 10 s"));
  EXPECT_EQ(at(response, "recording.failing").as_bool(), true);
  EXPECT_EQ(at(response, "recording.error").as_string(), "no space left on device");
  EXPECT_EQ(at(response, "recording.since").as_string(), "2026-11-22T15:04:05.000000000Z");
  EXPECT_THAT(api.handle({.target = "/metrics", .authority = "localhost"}).body,
              HasSubstr("\nunderstudy_store_failing 1\n"));
  const Response groups =
      api.handle({.target = "/api/migrations/data-engine/errors", .authority = "localhost"});
  EXPECT_EQ(groups.status, 503);
}

// --- gzip -------------------------------------------------------------------------------------

TEST(Gunzip, ReadsAllMembers) {
  const auto text = gunzip(gzip("one ") + gzip("two"), 100);
  ASSERT_TRUE(text.ok());
  EXPECT_EQ(*text, "one two");
}

TEST(Gunzip, TheLimitIsExact) {
  EXPECT_TRUE(gunzip(gzip(std::string(200'000, 'a')), 200'000).ok());
  const auto more = gunzip(gzip(std::string(200'001, 'a')), 200'000);
  ASSERT_FALSE(more.ok());
  EXPECT_EQ(more.error().kind, base::ErrorKind::kLimit);
  EXPECT_TRUE(gunzip(gzip(""), 0).ok());
}

TEST(Gunzip, WhatIsCutOffOrFollowedByJunkIsNotWhole) {
  const std::string whole = gzip("some text");
  for (size_t length = 0; length < whole.size(); ++length) {
    EXPECT_FALSE(gunzip(std::string_view(whole).substr(0, length), 100).ok()) << length;
  }
  EXPECT_FALSE(gunzip(whole + "junk", 100).ok());
}

}  // namespace
}  // namespace understudy::api
