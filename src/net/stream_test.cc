#include "net/stream.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "base/task.h"
#include "net/loopback_stream.h"
#include "net/task_scope.h"

namespace understudy::net {
namespace {

base::Task<void> read_all(Stream& stream, size_t bytes_at_once, std::string& text, ssize_t& end) {
  std::string buffer(bytes_at_once, '\0');
  while (true) {
    const ssize_t count = co_await stream.read(buffer.data(), buffer.size());
    if (count <= 0) {
      end = count;
      co_return;
    }
    text.append(buffer, 0, static_cast<size_t>(count));
  }
}

base::Task<void> write_all(Stream& stream, std::string text, ssize_t& result) {
  result = co_await stream.write(text, "!");
}

class StreamTest : public ::testing::Test {
 protected:
  static constexpr ssize_t kNothingYet = 1;

  void connect(const LoopbackOptions& near = {}, const LoopbackOptions& far = {}) {
    auto [a, b] = loopback_pair(loop_, near, far);
    near_ = std::move(a);
    far_ = std::move(b);
  }
  void turns(int count) {
    for (int i = 0; i < count; ++i) loop_.turn(0);
  }

  base::FakeClock clock_;
  EventLoop loop_{clock_};
  std::unique_ptr<LoopbackStream> near_;
  std::unique_ptr<LoopbackStream> far_;
  std::string text_;
  ssize_t end_ = kNothingYet;
  ssize_t written_ = kNothingYet;
  TaskScope scope_;
};

TEST_F(StreamTest, BytesArriveWholeWhateverTheSizesOfWindowAndReads) {
  const std::string sent = "the quick brown fox jumps over the lazy dog";
  for (const size_t window : {1, 2, 7, 64}) {
    for (const size_t piece : {1, 3, 100}) {
      connect({.window_bytes = window}, {.read_bytes_max = piece});
      text_.clear();
      end_ = written_ = kNothingYet;
      scope_.spawn(read_all(*far_, 5, text_, end_));
      scope_.spawn(write_all(*near_, sent, written_));
      turns(200);
      EXPECT_EQ(written_, 0);
      near_->shutdown_write();
      turns(2);
      EXPECT_EQ(text_, sent + "!") << window << " " << piece;
      EXPECT_EQ(end_, 0);
      EXPECT_TRUE(scope_.empty());
    }
  }
}

TEST_F(StreamTest, AWriteWaitsUntilItIsTakenWhole) {
  connect({.window_bytes = 4});
  scope_.spawn(write_all(*near_, "123456789", written_));
  turns(3);
  EXPECT_EQ(written_, kNothingYet);
  scope_.spawn(read_all(*far_, 100, text_, end_));
  turns(10);
  EXPECT_EQ(written_, 0);
  EXPECT_EQ(text_, "123456789!");
}

TEST_F(StreamTest, AReadPastItsDeadlineTimesOutAndSoDoesWhatComesAfter) {
  connect();
  scope_.spawn(read_all(*near_, 10, text_, end_));
  near_->set_deadline(clock_.steady_ns() + 1000);
  turns(2);
  EXPECT_EQ(end_, kNothingYet);
  clock_.advance_ns(1000);
  turns(2);
  EXPECT_EQ(end_, -ETIMEDOUT);
  scope_.spawn(write_all(*near_, "x", written_));
  EXPECT_EQ(written_, -ETIMEDOUT);
  near_->clear_failure();
  scope_.spawn(write_all(*near_, "x", written_));
  EXPECT_EQ(written_, 0);
}

TEST_F(StreamTest, CancellingFailsBothDirectionsThatWait) {
  connect({.window_bytes = 1});
  scope_.spawn(read_all(*near_, 10, text_, end_));
  scope_.spawn(write_all(*near_, "long", written_));
  near_->cancel(ECANCELED);
  turns(2);
  EXPECT_EQ(end_, -ECANCELED);
  EXPECT_EQ(written_, -ECANCELED);
}

TEST_F(StreamTest, ATaskDestroyedWhileItWaitsIsForgotten) {
  connect({.window_bytes = 1});
  {
    TaskScope scope;
    scope.spawn(read_all(*near_, 10, text_, end_));
    scope.spawn(write_all(*near_, "long", written_));
  }
  ssize_t unused = 0;
  scope_.spawn(write_all(*far_, "hello", unused));
  scope_.spawn(read_all(*far_, 10, text_, unused));
  turns(5);
  EXPECT_EQ(end_, kNothingYet);
  EXPECT_EQ(written_, kNothingYet);
}

TEST_F(StreamTest, ATaskDestroyedAfterItsBytesCameButBeforeItWasResumedIsForgotten) {
  connect();
  ssize_t unused = 0;
  {
    TaskScope scope;
    scope.spawn(read_all(*near_, 10, text_, end_));
    scope_.spawn(write_all(*far_, "hello", unused));
  }
  turns(5);
  EXPECT_EQ(text_, "");
  EXPECT_EQ(end_, kNothingYet);
}

TEST_F(StreamTest, APeerThatIsDestroyedEndsTheStream) {
  connect();
  scope_.spawn(read_all(*near_, 10, text_, end_));
  far_.reset();
  turns(3);
  EXPECT_EQ(end_, 0);
  EXPECT_TRUE(near_->peer_closed());
  scope_.spawn(write_all(*near_, "x", written_));
  EXPECT_EQ(written_, -EPIPE);
}

TEST_F(StreamTest, APeerThatResetsFailsTheStream) {
  connect();
  scope_.spawn(read_all(*near_, 10, text_, end_));
  far_->reset_on_close();
  far_.reset();
  turns(2);
  EXPECT_EQ(end_, -ECONNRESET);
}

TEST_F(StreamTest, AStreamIsQuietUntilSomethingArrivesOrThePeerLeaves) {
  connect();
  EXPECT_TRUE(near_->quiet());
  scope_.spawn(write_all(*far_, "", written_));
  turns(1);
  EXPECT_FALSE(near_->quiet());
  connect();
  far_.reset();
  turns(1);
  EXPECT_FALSE(near_->quiet());
}

class NotedClose final : public CloseWatcher {
 public:
  void on_peer_closed() override { ++times; }
  int times = 0;
};

TEST_F(StreamTest, AWatcherIsToldOnceThatThePeerClosedAlsoAfterwards) {
  connect();
  NotedClose watcher;
  near_->watch_close(&watcher);
  far_.reset();
  turns(2);
  EXPECT_EQ(watcher.times, 1);
  NotedClose late;
  near_->watch_close(&late);
  EXPECT_EQ(late.times, 1);
}

/// A peer that sends faster than anybody can read.
class EndlessStream final : public Stream {
 public:
  explicit EndlessStream(EventLoop& loop) : Stream(loop) { became_ready(true, true, false); }
  void shutdown_write() override {}
  void reset_on_close() override {}

 private:
  ssize_t try_read(char* buffer, size_t bytes_max) override {
    std::fill_n(buffer, bytes_max, 'x');
    return static_cast<ssize_t>(bytes_max);
  }
  ssize_t try_write(const iovec*, int) override { return -EAGAIN; }
};

base::Task<void> count_reads(Stream& stream, size_t& bytes) {
  char buffer[16 * 1024];
  while (true) {
    const ssize_t count = co_await stream.read(buffer, sizeof buffer);
    if (count <= 0) co_return;
    bytes += static_cast<size_t>(count);
  }
}

TEST_F(StreamTest, APeerThatNeverStopsSendingLeavesTheOthersTheirTurn) {
  EndlessStream endless(loop_);
  size_t bytes = 0;
  TaskScope scope;
  scope.spawn(count_reads(endless, bytes));
  EXPECT_GT(bytes, 0u);
  bool others_ran = false;
  loop_.post([&] { others_ran = true; });
  for (int i = 1; i <= 10; ++i) {
    loop_.turn(0);
    EXPECT_TRUE(others_ran);
    EXPECT_LE(bytes, static_cast<size_t>(i + 1) * (Stream::kReadBytesPerTurnMax + 16 * 1024));
  }
  EXPECT_GE(bytes, 10 * Stream::kReadBytesPerTurnMax) << "it is read on in every turn";
}

TEST_F(StreamTest, AReaderDestroyedBetweenTwoTurnsIsForgotten) {
  EndlessStream endless(loop_);
  size_t bytes = 0;
  {
    TaskScope scope;
    scope.spawn(count_reads(endless, bytes));
  }
  const size_t before = bytes;
  loop_.turn(0);
  EXPECT_EQ(bytes, before);
}

}  // namespace
}  // namespace understudy::net
