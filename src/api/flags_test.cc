#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "api/testing/admin_server.h"
#include "base/text.h"

namespace understudy::api {
namespace {

using testing::AdminServer;
using testing::at;
using testing::error_of;
using ::testing::HasSubstr;
using testing::header;

constexpr const char* kGreeting =
    R"({"on":true,"variations":["hello","hi"],"fallthrough":{"variation":1},"offVariation":0})";

// --- Flags ------------------------------------------------------------------------------------

TEST(Flags, APutFlagCanBeReadAndIsEvaluatedAtOnce) {
  AdminServer server;
  const Response put = server.put("/api/flags/greeting?by=alice", kGreeting);
  EXPECT_EQ(put.status, 200);
  EXPECT_EQ(at(put, "version").as_integer(), 1);
  EXPECT_EQ(header(put, "ETag"), "\"1\"");
  EXPECT_EQ(at(server.get("/api/flags/greeting"), "variations.1").as_string(), "hi");
  const Response evaluated =
      server.post("/api/evaluate", R"({"flag":"greeting","context":{"kind":"user","key":"a"}})");
  EXPECT_EQ(at(evaluated, "value").as_string(), "hi");
  EXPECT_EQ(at(evaluated, "reason.kind").as_string(), "FALLTHROUGH");
}

TEST(Flags, AKeyMayHoldASlash) {
  AdminServer server;
  EXPECT_EQ(server.put("/api/flags/team%2Fgreeting", kGreeting).status, 200);
  EXPECT_EQ(at(server.get("/api/flags/team%2Fgreeting"), "key").as_string(), "team/greeting");
}

TEST(Flags, AreListedPageByPage) {
  AdminServer server;
  for (const char* key : {"a", "b", "c"}) server.put(base::cat("/api/flags/", key), kGreeting);
  const Response first = server.get("/api/flags?limit=2");
  EXPECT_EQ(at(first, "total").as_integer(), 4);
  EXPECT_EQ(at(first, "flags").as_list().size(), 2U);
  EXPECT_EQ(at(first, "next_after").as_string(), "b");
  const Response second = server.get("/api/flags?limit=2&after=b");
  EXPECT_EQ(at(second, "flags.0.key").as_string(), "c");
  EXPECT_EQ(at(second, "flags.1.key").as_string(), "data-engine.mode");
  EXPECT_TRUE(at(second, "next_after").is_null());
}

TEST(Flags, TheHistorySaysWhoChangedWhat) {
  AdminServer server;
  server.put("/api/flags/greeting?by=alice&comment=first+try", kGreeting);
  server.put("/api/flags/greeting",
             R"({"on":false,"variations":["hello","hi"],"fallthrough":{"variation":1},
                 "offVariation":0})",
             {{"Understudy-Actor", "bob"}});
  const Response history = server.get("/api/flags/greeting/history");
  EXPECT_EQ(at(history, "history.0.by").as_string(), "bob");
  EXPECT_EQ(at(history, "history.0.from.on").as_bool(), true);
  EXPECT_EQ(at(history, "history.0.to.on").as_bool(), false);
  EXPECT_EQ(at(history, "history.1.by").as_string(), "alice");
  EXPECT_EQ(at(history, "history.1.comment").as_string(), "first try");
  EXPECT_TRUE(at(history, "history.1.from").is_null());
}

TEST(Flags, AChangeBasedOnAnOldVersionIsAConflict) {
  AdminServer server;
  server.put("/api/flags/greeting", kGreeting);
  constexpr const char* kOther = R"({"variations":[1],"fallthrough":{"variation":0}})";
  EXPECT_EQ(server.put("/api/flags/greeting?expected_version=0", kOther).status, 409);
  EXPECT_EQ(server.put("/api/flags/greeting", kOther, {{"If-Match", "\"7\""}}).status, 409);
  EXPECT_EQ(server.put("/api/flags/greeting", kOther, {{"If-Match", "\"1\""}}).status, 200);
  EXPECT_EQ(server.remove("/api/flags/greeting", {{"If-Match", "\"1\""}}).status, 409);
  EXPECT_EQ(server.put("/api/flags/greeting", kOther, {{"If-Match", "greeting"}}).status, 400);
}

TEST(Flags, ADeletedFlagIsGoneAndKeepsItsHistory) {
  AdminServer server;
  server.put("/api/flags/greeting", kGreeting);
  const Response deleted = server.remove("/api/flags/greeting");
  EXPECT_EQ(deleted.status, 204);
  EXPECT_EQ(deleted.content_type, "");
  EXPECT_EQ(server.get("/api/flags/greeting").status, 404);
  EXPECT_EQ(server.remove("/api/flags/greeting").status, 404);
  EXPECT_EQ(at(server.get("/api/flags/greeting/history"), "history").as_list().size(), 2U);
}

TEST(Flags, AnUnknownFlagNamesTheNearest) {
  AdminServer server;
  EXPECT_THAT(error_of(server.get("/api/flags/data-engin.mode")),
              HasSubstr("did you mean 'data-engine.mode'?"));
  EXPECT_EQ(server.get("/api/flags/zzz/history").status, 404);
}

TEST(Flags, AFlagThatServesWhatItDoesNotHaveIsRefused) {
  AdminServer server;
  const auto refusal = [&](const char* json) {
    const Response response = server.put("/api/flags/greeting", json);
    EXPECT_EQ(response.status, 422) << json;
    return error_of(response);
  };
  EXPECT_THAT(refusal(R"({"variations":["a"],"fallthrough":{"variation":1}})"),
              HasSubstr("fallthrough: there is no variation 1"));
  EXPECT_THAT(refusal(R"({"variations":["a"]})"), HasSubstr("fallthrough serves neither"));
  EXPECT_THAT(
      refusal(
          R"({"variations":["a"],"fallthrough":{"rollout":{"variations":[{"variation":0,"weight":99999}]}}})"),
      HasSubstr("add up to 99999"));
  EXPECT_THAT(
      refusal(
          R"({"variations":["a"],"fallthrough":{"variation":0},"rules":[{"variation":-1,"clauses":[]}]})"),
      HasSubstr("rules[0]: there is no variation -1"));
  EXPECT_THAT(refusal(R"({"key":"other","variations":["a"],"fallthrough":{"variation":0}})"),
              HasSubstr("key in the path"));
  EXPECT_THAT(refusal(R"({"on":"yes"})"), HasSubstr("on"));
  EXPECT_EQ(server.get("/api/flags/greeting").status, 404);
}

TEST(Flags, AModeFlagHasToStayOne) {
  AdminServer server;
  const Response response = server.put("/api/flags/data-engine.mode", kGreeting);
  EXPECT_EQ(response.status, 422);
  EXPECT_THAT(error_of(response), HasSubstr("mode of migration data-engine"));
}

TEST(Flags, EvaluationNeedsAFlagAndAContext) {
  AdminServer server;
  EXPECT_EQ(server.post("/api/evaluate", R"({"context":{"key":"a"}})").status, 422);
  EXPECT_EQ(server.post("/api/evaluate", R"({"flag":"x"})").status, 422);
  EXPECT_EQ(server.post("/api/evaluate", R"({"flag":"x","context":3})").status, 422);
  const Response response = server.post("/api/evaluate", R"({"flag":"x","context":{"key":"a"}})");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(at(response, "reason.errorKind").as_string(), "FLAG_NOT_FOUND");
}

// --- Segments ---------------------------------------------------------------------------------

/// A mode flag that gives pilots the candidate, and all others control.
constexpr const char* kForPilots =
    R"({"on":true,"variations":["control_only","candidate_only"],"offVariation":0,
        "fallthrough":{"variation":0},"rules":[{"id":"pilots","variation":1,"clauses":[
          {"attribute":"","op":"segmentMatch","values":["pilots"]}]}]})";

std::string mode_of(AdminServer& server, const char* key) {
  return at(server.post("/api/evaluate",
                        base::cat(R"({"flag":"data-engine.mode","context":{"kind":"user","key":")",
                                  key, R"("}})")),
            "value")
      .as_string();
}

TEST(Segments, WhoIsPutIntoOneIsServedSoFromThenOn) {
  AdminServer server;
  ASSERT_EQ(server.put("/api/flags/data-engine.mode", kForPilots).status, 200);
  EXPECT_EQ(mode_of(server, "account-7"), "control_only");
  const Response put = server.put("/api/segments/pilots?by=alice", R"({"included":["account-7"]})");
  EXPECT_EQ(put.status, 200) << put.body;
  EXPECT_EQ(header(put, "ETag"), "\"1\"");
  EXPECT_EQ(mode_of(server, "account-7"), "candidate_only");
  EXPECT_EQ(mode_of(server, "account-8"), "control_only");
  EXPECT_EQ(at(server.get("/api/segments/pilots"), "included.0").as_string(), "account-7");
  EXPECT_EQ(at(server.get("/api/segments"), "segments.0.key").as_string(), "pilots");
  EXPECT_EQ(at(server.get("/api/markers?limit=1"), "markers.0.message").as_string(),
            "segment pilots created by alice");
  EXPECT_EQ(server.remove("/api/segments/pilots", {}).status, 204);
  EXPECT_EQ(mode_of(server, "account-7"), "control_only");
  EXPECT_EQ(server.get("/api/segments/pilots").status, 404);
}

TEST(Segments, AChangeBasedOnAnOldVersionIsAConflict) {
  AdminServer server;
  server.put("/api/segments/pilots", R"({"included":["a"]})");
  EXPECT_EQ(server.put("/api/segments/pilots?expected_version=0", "{}").status, 409);
  EXPECT_EQ(server.put("/api/segments/pilots", "{}", {{"If-Match", "\"7\""}}).status, 409);
  EXPECT_EQ(server.remove("/api/segments/pilots", {{"If-Match", "\"7\""}}).status, 409);
  EXPECT_EQ(at(server.get("/api/segments/pilots"), "included.0").as_string(), "a");
}

TEST(Segments, WhatIsNoSegmentIsRefused) {
  AdminServer server;
  for (const char* body : {R"({"key":"other"})", R"({"included":"a"})",
                           R"({"rules":[{"clauses":[],"weight":100001}]})"}) {
    EXPECT_EQ(server.put("/api/segments/pilots", body).status, 422) << body;
  }
  server.put("/api/segments/pilots", "{}");
  const Response response = server.get("/api/segments/pilot");
  EXPECT_EQ(response.status, 404);
  EXPECT_THAT(error_of(response), HasSubstr("did you mean 'pilots'?"));
}

// --- The stream of flags ----------------------------------------------------------------------

TEST(FlagStream, BeginsWithEverything) {
  AdminServer server;
  const Response response = server.get("/all?filter=x", {{"Accept", "text/event-stream"}});
  ASSERT_NE(response.stream, nullptr);
  EXPECT_EQ(response.content_type, "text/event-stream; charset=utf-8");
  EXPECT_EQ(header(response, "X-Accel-Buffering"), "no");
  const std::string events = response.stream->take();
  EXPECT_TRUE(events.starts_with("event: put\ndata: {\"path\":\"/\",\"data\":{")) << events;
  EXPECT_TRUE(events.ends_with("}\n\n"));
  EXPECT_THAT(events, HasSubstr("\"data-engine.mode\""));
  EXPECT_EQ(response.stream->take(), "");
}

TEST(FlagStream, AChangeIsThereBeforeItsMakerHasItsAnswer) {
  AdminServer server;
  const Response response = server.get("/all");
  response.stream->take();
  int woken = 0;
  response.stream->on_ready([&] { ++woken; });
  server.put("/api/migrations/data-engine/mode", R"({"mode":"full_evaluation=10"})");
  EXPECT_EQ(woken, 1);
  const std::string events = response.stream->take();
  EXPECT_TRUE(events.starts_with("event: patch\ndata: {\"path\":\"/flags/data-engine.mode\","))
      << events;
  EXPECT_THAT(events, HasSubstr("\"version\":2"));
}

TEST(FlagStream, OnlyWhatChangedIsSent) {
  AdminServer server;
  server.put("/api/flags/a", kGreeting);
  server.put("/api/flags/z", kGreeting);
  const Response response = server.get("/all");
  response.stream->take();
  server.put("/api/flags/m", kGreeting);
  server.remove("/api/flags/a");
  const std::string events = response.stream->take();
  EXPECT_EQ(events.find("\"/flags/z\""), std::string::npos);
  EXPECT_EQ(events.find("data-engine.mode"), std::string::npos);
  EXPECT_THAT(events, HasSubstr("event: delete\ndata: {\"path\":\"/flags/a\",\"version\":2}\n\n"));
  EXPECT_THAT(events, HasSubstr("event: patch\ndata: {\"path\":\"/flags/m\","));
}

// A reader that does not read costs nothing: a thousand changes are one event when it is back.
TEST(FlagStream, ASlowReaderGetsTheNewestState) {
  AdminServer server;
  const Response response = server.get("/all");
  response.stream->take();
  for (int i = 0; i < 1000; ++i) {
    server.put("/api/flags/counter",
               base::cat(R"({"variations":[)", i, R"(],"fallthrough":{"variation":0}})"));
  }
  const std::string events = response.stream->take();
  EXPECT_THAT(events, HasSubstr("\"version\":1000"));
  EXPECT_LT(events.size(), 2000U);
}

TEST(FlagStream, AFlagThatCameAndWentIsNotMentioned) {
  AdminServer server;
  const Response response = server.get("/all");
  response.stream->take();
  server.put("/api/flags/a", kGreeting);
  server.remove("/api/flags/a");
  EXPECT_EQ(response.stream->take(), "");
}

TEST(FlagStream, SegmentsComeBeforeTheFlagsThatUseThem) {
  AdminServer server;
  const Response response = server.get("/all");
  response.stream->take();
  server.put("/api/flags/a", kGreeting);
  flags::Segment segment;
  segment.key = "beta";
  ASSERT_TRUE(server.state.put_segment(segment, {.who = "alice"}).ok());
  ASSERT_TRUE(server.publisher.publish().ok());
  const std::string events = response.stream->take();
  EXPECT_LT(events.find("/segments/beta"), events.find("/flags/a"));
}

TEST(FlagStream, SoManyStreamsAndNoMore) {
  AdminServer server({}, 2);
  Response one = server.get("/all");
  const Response two = server.get("/all");
  const Response three = server.get("/all");
  EXPECT_EQ(three.status, 503);
  EXPECT_EQ(three.stream, nullptr);
  EXPECT_THAT(error_of(three), HasSubstr("/sdk/latest-all"));
  one.stream.reset();
  EXPECT_EQ(server.get("/all").status, 200);
}

TEST(FlagStream, AClosedStreamIsNotWoken) {
  AdminServer server;
  Response response = server.get("/all");
  int woken = 0;
  response.stream->on_ready([&] { ++woken; });
  response.stream->on_ready({});
  server.put("/api/flags/a", kGreeting);
  response.stream.reset();
  server.put("/api/flags/b", kGreeting);
  EXPECT_EQ(woken, 0);
}

// Changes from many requests at once: the state that is published last is the newest one.
TEST(FlagStream, ConcurrentChangesAllArrive) {
  AdminServer server;
  const Response response = server.get("/all");
  std::atomic<int> woken = 0;
  response.stream->on_ready([&] { ++woken; });
  std::vector<std::thread> writers;
  for (int writer = 0; writer < 4; ++writer) {
    writers.emplace_back([&server, writer] {
      for (int i = 0; i < 25; ++i) {
        server.put(base::cat("/api/flags/f", writer),
                   base::cat(R"({"variations":[)", i, R"(],"fallthrough":{"variation":0}})"));
      }
    });
  }
  std::string events;
  for (int i = 0; i < 20; ++i) events += response.stream->take();
  for (std::thread& writer : writers) writer.join();
  events += response.stream->take();
  EXPECT_EQ(woken, 100);
  for (int writer = 0; writer < 4; ++writer) {
    const auto* flag = server.holder.load()->find_flag(base::cat("f", writer));
    ASSERT_NE(flag, nullptr);
    EXPECT_EQ(flag->version, 25);
    const size_t last = events.rfind(base::cat("\"key\":\"f", writer, "\""));
    ASSERT_NE(last, std::string::npos);
    EXPECT_THAT(events.substr(last, 300), HasSubstr("\"version\":25"));
  }
}

TEST(FlagPoll, AnUnchangedStateIsNotSentAgain) {
  AdminServer server;
  const Response first = server.get("/sdk/latest-all");
  EXPECT_EQ(first.status, 200);
  EXPECT_TRUE(at(first, "flags").is_object());
  EXPECT_TRUE(at(first, "segments").is_object());
  const std::string tag = header(first, "ETag");
  const Response second = server.get("/sdk/latest-all", {{"If-None-Match", tag}});
  EXPECT_EQ(second.status, 304);
  EXPECT_EQ(second.body, "");
  EXPECT_EQ(server.get("/sdk/latest-all", {{"If-None-Match", "\"x\", W/" + tag}}).status, 304);
  server.put("/api/flags/a", kGreeting);
  EXPECT_EQ(server.get("/sdk/latest-all", {{"If-None-Match", tag}}).status, 200);
}

}  // namespace
}  // namespace understudy::api
