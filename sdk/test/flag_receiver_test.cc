#include "core/flag_receiver.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>

#include "base/text.h"
#include "test/experiment_fixture.h"

namespace understudy::sdk {
namespace {

using base::cat;

class FlagReceiverTest : public testing::Test {
 protected:
  FlagReceiver make(std::string cache = "") {
    return {{.url = "http://server/all", .cache_file = std::move(cache), .seed = 1},
            transport_,
            clock_,
            holder_,
            counters_};
  }
  /// What the server streams until it ends the connection.
  base::Status receive(FlagReceiver& receiver, const std::string& stream) {
    server_.send(stream);
    server_.end_stream();
    return receiver.receive({});
  }
  static std::string event(const std::string& type, const std::string& data) {
    return cat("event: ", type, "\ndata: ", data, "\n\n");
  }
  static std::string put(const std::string& flags) {
    return event("put", cat(R"({"path":"/","data":{"flags":{)", flags, "}}}"));
  }
  static std::string flag(int version) {
    return cat(R"({"key":"f","version":)", version, R"(,"on":false})");
  }
  int64_t version() {
    const flags::Flag* found = holder_.load()->find_flag("f");
    return found == nullptr || found->deleted ? 0 : found->version;
  }

  base::FakeClock clock_;
  FakeServer server_;
  FakeTransport transport_{server_};
  LiveCounters counters_;
  flags::SnapshotHolder holder_;
};

TEST_F(FlagReceiverTest, PutReplacesEverything) {
  FlagReceiver receiver = make();
  EXPECT_FALSE(receiver.has_flags());
  EXPECT_TRUE(receive(receiver, put(cat(R"("f":)", flag(3)))).ok());
  EXPECT_TRUE(receiver.has_flags());
  EXPECT_EQ(version(), 3);
  EXPECT_TRUE(receive(receiver, put("")).ok());
  EXPECT_EQ(version(), 0);
}

TEST_F(FlagReceiverTest, PatchAndDeleteCountOnlyWhenNewer) {
  FlagReceiver receiver = make();
  const auto patch = [](int version) {
    return event("patch", cat(R"({"path":"/flags/f","data":)", flag(version), "}"));
  };
  const auto remove = [](int version) {
    return event("delete", cat(R"({"path":"/flags/f","version":)", version, "}"));
  };
  const std::string start = put(cat(R"("f":)", flag(3)));
  EXPECT_TRUE(receive(receiver, start + patch(3) + patch(2)).ok());
  EXPECT_EQ(version(), 3);
  EXPECT_TRUE(receive(receiver, start + patch(5)).ok());
  EXPECT_EQ(version(), 5);
  EXPECT_TRUE(receive(receiver, start + remove(3)).ok());
  EXPECT_EQ(version(), 3);
  EXPECT_TRUE(receive(receiver, start + remove(4)).ok());
  EXPECT_EQ(version(), 0);
  EXPECT_TRUE(receive(receiver, start + remove(5) + patch(4)).ok());
  EXPECT_EQ(version(), 0) << "a patch older than the deletion";
}

TEST_F(FlagReceiverTest, AnEventThatCannotBeReadKeepsTheFlagsAndDropsTheStream) {
  FlagReceiver receiver = make();
  for (const char* broken :
       {"{", R"({"path":"/"})", R"({"path":"/","data":{"flags":{"f":7}}})",
        R"({"path":"/","data":{"flags":{"f":{"key":"other","version":1}}}})"}) {
    ASSERT_TRUE(receive(receiver, put(cat(R"("f":)", flag(3)))).ok());
    EXPECT_FALSE(receive(receiver, event("put", broken)).ok()) << broken;
    EXPECT_EQ(version(), 3);
  }
  EXPECT_EQ(counters_.flag_bad_updates, 4U);
}

TEST_F(FlagReceiverTest, UnknownEventsAndCommentsAreIgnored) {
  FlagReceiver receiver = make();
  EXPECT_TRUE(
      receive(receiver, ": heartbeat\n\n" + event("news", "x") + put(cat(R"("f":)", flag(1))))
          .ok());
  EXPECT_EQ(version(), 1);
}

TEST_F(FlagReceiverTest, TheCacheFileSurvivesARestart) {
  const std::string cache = testing::TempDir() + "understudy_flags_cache.json";
  std::remove(cache.c_str());
  FlagReceiver first = make(cache);
  first.load_cache();
  EXPECT_FALSE(first.has_flags());
  ASSERT_TRUE(receive(first, put(cat(R"("f":)", flag(9)))).ok());
  holder_.publish(flags::FlagSnapshot::make());
  FlagReceiver second = make(cache);
  second.load_cache();
  EXPECT_TRUE(second.has_flags());
  EXPECT_EQ(version(), 9);
  std::ofstream(cache) << "{torn";
  FlagReceiver third = make(cache);
  third.load_cache();
  EXPECT_FALSE(third.has_flags());
}

TEST_F(ExperimentTest, FlagsSurviveServerAway) {
  start();
  mode(Mode::kCandidateOnly);
  const int streams = server_.streams_opened();
  server_.go_away(true);
  Experiment<std::string> experiment(*client_, {.migration = "m"});
  const auto run = [&] {
    return experiment.run(
        {.bucket_by = "k"}, [] { return std::string("control"); },
        [] { return std::string("candidate"); });
  };
  for (int attempt = 1; attempt <= 5; ++attempt) {
    core_->wake();
    clock_.advance_ns(60'000'000'000);
    server_.wait_for_streams(streams + attempt);
    EXPECT_EQ(run(), "candidate");
  }
  EXPECT_GE(core_->counters().flag_reconnects, 5U);
  // Back again, with other flags.
  server_.go_away(false);
  clock_.advance_ns(60'000'000'000);
  core_->wake();
  mode(Mode::kControlOnly);
  EXPECT_EQ(run(), "control");
}

}  // namespace
}  // namespace understudy::sdk
