#include "core/event_exporter.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <cmath>
#include <limits>

#include "core/retry_after.h"
#include "event/columns.h"
#include "ingest/otlp_json_logs.h"
#include "test/fake_transport.h"

namespace understudy::sdk {
namespace {

constexpr int64_t kSecondNs = 1'000'000'000;

class EventExporterTest : public testing::Test {
 protected:
  void make(EventExporter::Options options = {}) {
    options.url = "http://server/v1/logs";
    options.service = "shop";
    options.seed = 3;
    exporter_ = std::make_unique<EventExporter>(options, transport_, clock_, counters_);
  }
  void offer(int count) {
    for (int i = 0; i < count; ++i) exporter_->offer(event::Event("evaluations", 1));
  }
  int64_t step() { return exporter_->step({}); }
  void pass_seconds(int64_t seconds) { clock_.advance_ns(seconds * kSecondNs); }

  base::FakeClock clock_;
  FakeServer server_;
  FakeTransport transport_{server_};
  LiveCounters counters_;
  std::unique_ptr<EventExporter> exporter_;
};

TEST_F(EventExporterTest, ABatchLeavesWhenItIsFull) {
  make({.batch_len_max = 3});
  offer(2);
  step();
  EXPECT_EQ(server_.posts().size(), 0U);
  offer(1);
  step();
  EXPECT_EQ(server_.posts().size(), 1U);
  EXPECT_EQ(counters_.events_exported, 3U);
}

TEST_F(EventExporterTest, ABatchLeavesWhenItsFirstEventIsOld) {
  make();
  offer(1);
  const int64_t next_ns = step();
  EXPECT_EQ(next_ns, clock_.steady_ns() + kSecondNs);
  pass_seconds(1);
  step();
  EXPECT_EQ(counters_.events_exported, 1U);
  EXPECT_TRUE(exporter_->idle());
}

TEST_F(EventExporterTest, EveryValueArrivesAsItWasSent) {
  make();
  event::Event sent("differences", 1'700'000'000'123'456'789, 20);
  const auto column = [](const char* name) { return *event::Column::intern(name); };
  sent.add(column("int"), INT64_MIN);
  sent.add(column("text"), "a\"b\\c\n\x01\xc3\xa9");
  sent.add(column("yes"), true);
  sent.add(column("real"), 0.1);
  sent.add(column("nan"), std::nan(""));
  sent.add(column("down"), -std::numeric_limits<double>::infinity());
  sent.add(column("none"), event::ValueView());
  exporter_->offer(sent);
  exporter_->hurry();
  step();
  const auto logs = ingest::parse_otlp_json_logs(server_.posts().at(0).body);
  ASSERT_TRUE(logs.ok()) << logs.error().context;
  const event::Event& got = logs->events.at(0);
  EXPECT_EQ(got.dataset(), "differences");
  EXPECT_EQ(got.time_unix_ns(), sent.time_unix_ns());
  EXPECT_EQ(got.sample_rate(), 20U);
  for (size_t i = 0; i < sent.size(); ++i) {
    const event::Field field = sent.field(i);
    EXPECT_EQ(got.find(field.column), field.value) << field.column.name();
  }
}

TEST_F(EventExporterTest, GzipUnpacksToTheSameRequest) {
  make({.gzip = true});
  offer(10);
  exporter_->hurry();
  step();
  const HttpRequest post = server_.posts().at(0);
  EXPECT_NE(std::find(post.headers.begin(), post.headers.end(), "content-encoding: gzip"),
            post.headers.end());
  std::string text(100'000, '\0');
  z_stream stream{};
  ASSERT_EQ(inflateInit2(&stream, 15 + 16), Z_OK);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(post.body.data()));
  stream.avail_in = static_cast<uInt>(post.body.size());
  stream.next_out = reinterpret_cast<Bytef*>(text.data());
  stream.avail_out = static_cast<uInt>(text.size());
  ASSERT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
  text.resize(stream.total_out);
  inflateEnd(&stream);
  EXPECT_EQ(ingest::parse_otlp_json_logs(text)->events.size(), 10U);
}

// What goes wrong.

TEST_F(EventExporterTest, ABusyServerIsAskedAgainWithTheSameBatch) {
  for (const int status : {429, 502, 503, 504, 0}) {
    make();
    server_.answer_next(status);
    offer(1);
    exporter_->hurry();
    const int64_t next_ns = step();
    EXPECT_GT(next_ns, clock_.steady_ns()) << status;
    EXPECT_FALSE(exporter_->idle());
    clock_.advance_ns(next_ns - clock_.steady_ns());
    step();
    EXPECT_TRUE(exporter_->idle()) << status;
  }
  EXPECT_EQ(counters_.events_exported, 5U);
  EXPECT_EQ(counters_.export_retries, 5U);
}

TEST_F(EventExporterTest, RetryAfterIsWaitedFor) {
  make();
  server_.answer_next(503, "120");
  offer(1);
  exporter_->hurry();
  EXPECT_EQ(step(), clock_.steady_ns() + 120 * kSecondNs);
  pass_seconds(119);
  step();
  EXPECT_EQ(server_.posts().size(), 1U);
  pass_seconds(1);
  step();
  EXPECT_EQ(server_.posts().size(), 2U);
}

TEST_F(EventExporterTest, ARefusedBatchIsDroppedAndCounted) {
  for (const int status : {400, 401, 404, 413, 500, 301}) {
    make();
    server_.answer_next(status);
    offer(2);
    exporter_->hurry();
    step();
    EXPECT_TRUE(exporter_->idle()) << status;
  }
  EXPECT_EQ(counters_.events_rejected, 12U);
  EXPECT_EQ(counters_.events_exported, 0U);
}

TEST_F(EventExporterTest, RecordsTheServerRejectedAreCounted) {
  make();
  server_.answer_next(200, "", R"({"partialSuccess":{"rejectedLogRecords":"2"}})");
  offer(5);
  exporter_->hurry();
  step();
  EXPECT_EQ(counters_.events_exported, 3U);
  EXPECT_EQ(counters_.events_rejected, 2U);
}

TEST_F(EventExporterTest, WhileTheServerIsAwayTheBufferFillsAndTheRestIsCounted) {
  make({.events_len_max = 10, .batch_len_max = 4});
  server_.go_away(true);
  for (int i = 0; i < 20; ++i) {
    offer(1);
    step();
  }
  EXPECT_EQ(counters_.events_dropped, 6U);  // 4 in the batch, 10 waiting
  server_.go_away(false);
  for (int i = 0; i < 5; ++i) {
    pass_seconds(30);
    step();
  }
  EXPECT_EQ(counters_.events_exported, 14U);
}

TEST(RetryAfterTest, ReadsSecondsAndDates) {
  constexpr int64_t kNow = 784'111'777 * kSecondNs;  // Sun, 06 Nov 1994 08:49:37 GMT
  EXPECT_EQ(retry_after_ns("5", kNow), 5 * kSecondNs);
  EXPECT_EQ(retry_after_ns(" Sun, 06 Nov 1994 08:49:47 GMT ", kNow), 10 * kSecondNs);
  EXPECT_EQ(retry_after_ns("Sun, 06 Nov 1994 08:49:07 GMT", kNow), 0);
  for (const char* broken : {"", "soon", "-1", "5s", "Sun, 99 Nov 1994 08:49:47 GMT"}) {
    EXPECT_EQ(retry_after_ns(broken, kNow), std::nullopt) << broken;
  }
}

}  // namespace
}  // namespace understudy::sdk
