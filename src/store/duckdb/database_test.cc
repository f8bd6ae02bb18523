#include "store/duckdb/database.h"

#include <gtest/gtest.h>

#include <sys/resource.h>

#include <filesystem>
#include <future>
#include <thread>

namespace understudy::store {
namespace {

// Hours of work for one core.
constexpr const char* kEndless =
    "SELECT sum(a.range % 7 * b.range) FROM range(10000000) a, range(10000000) b";

class DatabaseTest : public ::testing::Test {
 protected:
  DatabaseTest() {
    auto opened = Database::open({.memory_bytes_max = 256U << 20, .threads = 2});
    EXPECT_TRUE(opened.ok()) << opened.error().context;
    database_ = *std::move(opened);
  }
  base::ErrorKind outcome(const std::string& text, std::chrono::nanoseconds timeout,
                          const Cancellation& cancellation) {
    auto connection = database_->connect();
    EXPECT_TRUE(connection.ok());
    auto rows =
        (*connection)
            ->query({.text = text}, std::chrono::steady_clock::now() + timeout, cancellation);
    EXPECT_FALSE(rows.ok());
    return rows.ok() ? base::ErrorKind::kInternal : rows.error().kind;
  }

  std::unique_ptr<Database> database_;
};

TEST_F(DatabaseTest, AQueryEndsWhenItIsCancelled) {
  const Cancellation cancellation;
  auto ended = std::async(std::launch::async,
                          [&] { return outcome(kEndless, std::chrono::minutes(2), cancellation); });
  cancellation.cancel();
  EXPECT_EQ(ended.get(), base::ErrorKind::kCancelled);
}

TEST_F(DatabaseTest, AQueryEndsAtItsDeadline) {
  EXPECT_EQ(outcome(kEndless, std::chrono::milliseconds(20), {}), base::ErrorKind::kTimeout);
}

/// How many threads of this process give way to others.
int threads_of_low_priority() {
  int count = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/task")) {
    const int thread = std::stoi(entry.path().filename().string());
    count += getpriority(PRIO_PROCESS, static_cast<id_t>(thread)) > 0;
  }
  return count;
}

TEST_F(DatabaseTest, ItsThreadsGiveWay) {
  const int before = threads_of_low_priority();
  auto opened = Database::open({.memory_bytes_max = 256U << 20, .threads = 4});
  ASSERT_TRUE(opened.ok()) << opened.error().context;
  EXPECT_EQ(threads_of_low_priority(), before + 3);  // the fourth is whoever asks
}

TEST_F(DatabaseTest, AnotherQueryIsNotDisturbedByACancelledOne) {
  const Cancellation cancellation;
  cancellation.cancel();
  EXPECT_EQ(outcome(kEndless, std::chrono::minutes(2), cancellation), base::ErrorKind::kCancelled);
  auto connection = database_->connect();
  ASSERT_TRUE(connection.ok());
  auto rows = (*connection)
                  ->query({.text = "SELECT 42::BIGINT"},
                          std::chrono::steady_clock::now() + std::chrono::minutes(1));
  ASSERT_TRUE(rows.ok()) << rows.error().context;
  ASSERT_TRUE(rows->next());
  EXPECT_EQ(rows->bigint(0), 42);
}

}  // namespace
}  // namespace understudy::store
