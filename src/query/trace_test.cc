#include "query/trace.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "store/memory/memory_store.h"

namespace understudy::query {
namespace {

class TraceTest : public testing::Test {
 protected:
  void add(const char* dataset, int64_t time_ns,
           std::vector<std::pair<std::string, event::Value>> fields) {
    event::Event made(dataset, time_ns, 1);
    for (const auto& [name, value] : fields) {
      made.add(*event::Column::intern(name), value.view());
    }
    ASSERT_TRUE(store_.append({&made, 1}).ok());
  }
  Trace find(TraceRequest request) {
    auto trace = find_trace(store_, request);
    EXPECT_TRUE(trace.ok()) << trace.error().context;
    return trace.ok() ? *std::move(trace) : Trace{};
  }

  store::MemoryStore store_;
};

TEST_F(TraceTest, SpansOfAllDatasetsComeByTime) {
  add("shop", 20, {{"trace.trace_id", "t1"}, {"name", "inner"}, {"duration_ms", 2.5}});
  add("evaluations", 10,
      {{"trace.trace_id", "t1"},
       {"trace.span_id", "s1"},
       {"trace.parent_id", "p1"},
       {"http.request.method", "GET"},
       {"http.route", "query"},
       {"success", 0}});
  add("shop", 5, {{"trace.trace_id", "t2"}});
  add("no_traces", 5, {{"a", 1}});
  const Trace trace = find({.trace_id = "t1"});
  ASSERT_EQ(trace.spans.size(), 2u);
  EXPECT_FALSE(trace.truncated);
  const Span& first = trace.spans[0];
  EXPECT_EQ(first.dataset, "evaluations");
  EXPECT_EQ(first.name, "GET query");
  EXPECT_EQ(first.service, "evaluations");
  EXPECT_EQ(first.span_id, "s1");
  EXPECT_EQ(first.parent_id, "p1");
  EXPECT_TRUE(first.error);
  EXPECT_FALSE(first.duration_ms);
  EXPECT_EQ(trace.spans[1].name, "inner");
  EXPECT_EQ(trace.spans[1].duration_ms, 2.5);
  EXPECT_FALSE(trace.spans[1].error);
}

TEST_F(TraceTest, OneDatasetAndATimeNarrowIt) {
  for (int64_t time = 0; time < 10; ++time) add("a", time, {{"trace.trace_id", "t"}});
  add("b", 3, {{"trace.trace_id", "t"}});
  EXPECT_EQ(find({.trace_id = "t", .dataset = "a"}).spans.size(), 10u);
  EXPECT_EQ(find({.trace_id = "t", .start_ns = 3, .end_ns = 5}).spans.size(), 3u);
}

TEST_F(TraceTest, ALongTraceIsCutAtItsEnd) {
  std::vector<event::Event> events;
  for (int64_t i = 0; i < 6'000; ++i) {
    event::Event made("a", 6'000 - i, 1);
    made.add(*event::Column::intern("trace.trace_id"), "t");
    events.push_back(std::move(made));
  }
  ASSERT_TRUE(store_.append(events).ok());
  const Trace trace = find({.trace_id = "t"});
  EXPECT_TRUE(trace.truncated);
  EXPECT_EQ(trace.spans.size(), kSpansMax);
  EXPECT_EQ(trace.spans.front().time_ns, 1);
}

TEST_F(TraceTest, WhatIsMissingIsNullInJson) {
  add("a", 1'000'000'000, {{"trace.trace_id", "t"}, {"error", "false"}, {"x", true}});
  const auto json = nlohmann::json::parse(render_json(find({.trace_id = "t"})));
  EXPECT_EQ(
      json.dump(),
      R"({"spans":[{"dataset":"a","duration_ms":null,"error":false,"fields":{"error":"false",)"
      R"("trace.trace_id":"t","x":true},"name":"","parent_id":null,"service":"a",)"
      R"("span_id":null,"time":"1970-01-01T00:00:01.000000000Z"}],"trace_id":"t",)"
      R"("truncated":false})");
}

// --- errors ---

TEST_F(TraceTest, AnUnknownTraceIsEmptyAndAnUnknownDatasetIsNotFound) {
  add("a", 1, {{"trace.trace_id", "t"}});
  EXPECT_TRUE(find({.trace_id = "nobody"}).spans.empty());
  EXPECT_EQ(find_trace(store_, {.trace_id = "t", .dataset = "b"}).error().kind,
            base::ErrorKind::kNotFound);
  EXPECT_FALSE(find_trace(store_, {}).ok());
  EXPECT_FALSE(find_trace(store_, {.trace_id = std::string(300, 'a')}).ok());
}

}  // namespace
}  // namespace understudy::query
