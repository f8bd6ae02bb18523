// kill -9 at random moments: what was acknowledged is there afterwards.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>

#include "base/rng.h"
#include "base/text.h"
#include "flags/flag_json.h"
#include "state/sqlite/sqlite_state_store.h"

namespace understudy::state {
namespace {

constexpr int kKillsInTests = 20;
constexpr uint64_t kPauseNsMax = 12'000'000;
constexpr size_t kPayloadBytes = 3000;  // most changes spread over several pages

/// More kills than a test run should take: UNDERSTUDY_KILLS=500 state_test --gtest_filter=Kill*
int kills() {
  const char* text = std::getenv("UNDERSTUDY_KILLS");
  const auto wanted = base::parse_uint64(text != nullptr ? text : "");
  return wanted ? static_cast<int>(*wanted) : kKillsInTests;
}

flags::Flag flag_with(int64_t number) {
  flags::Flag flag;
  flag.key = "counter";
  flag.variations = {number, std::string(kPayloadBytes, static_cast<char>('a' + number % 26))};
  return flag;
}

/// The child: opens the store, says so, then changes the flag for ever and writes the new version
/// to the pipe after each change that was acknowledged.
[[noreturn]] void change_until_killed(const std::string& path, int pipe) {
  const auto say = [pipe](int64_t version) {
    if (write(pipe, &version, sizeof version) != sizeof version) _exit(1);
  };
  auto store = SqliteStateStore::open({.path = path});
  if (!store.ok()) _exit(2);
  const auto before = (*store)->flag("counter");
  int64_t version = before.ok() ? before->version : 0;
  say(version);
  while (true) {
    const auto put = (*store)->put_flag(flag_with(version + 1), {.who = "child"}, version);
    if (!put.ok()) _exit(3);
    version = put->version;
    say(version);
  }
}

/// Reads acknowledgements until the pipe ends; the newest one, or `newest` when there is none.
int64_t newest_acknowledgement(int pipe, int64_t newest) {
  int64_t version = 0;
  while (read(pipe, &version, sizeof version) == sizeof version) newest = version;
  return newest;
}

TEST(KillTest, EveryAcknowledgedChangeIsThereAfterKill9) {
  std::string pattern = testing::TempDir() + "state_kill_XXXXXX";
  ASSERT_NE(mkdtemp(pattern.data()), nullptr);
  const std::string path = pattern + "/state.db";
  const uint64_t seed = base::random_seed();
  SCOPED_TRACE(base::cat("seed ", seed));
  base::Rng rng(seed);

  int64_t acknowledged_in_all = 0;
  for (int round = 0; round < kills(); ++round) {
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      close(ends[0]);
      change_until_killed(path, ends[1]);
    }
    close(ends[1]);
    // Killed some microseconds after some acknowledgement: anywhere in the next transaction, and
    // in the first round possibly while the schema is made.
    int64_t seen = -1;
    if (round > 0) {
      const uint64_t wait_for = 1 + rng.below(8);
      for (uint64_t i = 0; i < wait_for; ++i) {
        ASSERT_EQ(read(ends[0], &seen, sizeof seen), ssize_t{sizeof seen});
      }
    }
    const timespec pause{.tv_sec = 0, .tv_nsec = static_cast<long>(rng.below(kPauseNsMax))};
    nanosleep(&pause, nullptr);
    ASSERT_EQ(kill(child, SIGKILL), 0);
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the child ended by itself with " << WEXITSTATUS(status);
    const int64_t acknowledged = newest_acknowledgement(ends[0], seen);
    close(ends[0]);

    auto store = SqliteStateStore::open({.path = path});
    ASSERT_TRUE(store.ok()) << store.error().context;
    const auto flag = (*store)->flag("counter");
    const int64_t version = flag.ok() ? flag->version : 0;
    ASSERT_GE(version, acknowledged) << "an acknowledged change is lost";
    // What is there is whole: value, history and markers of one number, without gap or repetition.
    const auto history = (*store)->history({.limit = kRowsMax});
    const auto markers = (*store)->markers({.limit = kRowsMax});
    ASSERT_TRUE(history.ok() && markers.ok());
    ASSERT_EQ(history->size(), static_cast<size_t>(std::min<int64_t>(version, kRowsMax)));
    ASSERT_EQ(markers->size(), history->size());
    for (size_t i = 0; i < history->size(); ++i) {
      ASSERT_EQ((*history)[i].version, version - static_cast<int64_t>(i));
    }
    if (version > 0) {
      ASSERT_EQ(flag->variations, flag_with(version).variations);
      ASSERT_EQ(flags::parse_flag(history->front().to_json)->variations, flag->variations);
    }
    acknowledged_in_all = std::max(acknowledged_in_all, acknowledged);
  }
  EXPECT_GT(acknowledged_in_all, 0) << "the children were killed before they did anything";
  std::printf("%d kills, %ld acknowledged changes\n", kills(),
              static_cast<long>(acknowledged_in_all));
  std::filesystem::remove_all(pattern);
}

}  // namespace
}  // namespace understudy::state
