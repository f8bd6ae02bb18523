#include "net/turn_budget.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "net/loopback_stream.h"

namespace understudy::net {
namespace {

constexpr size_t kBudgetBytes = 128 * 1024;
constexpr size_t kReadBytes = 16 * 1024;

/// A peer that has always sent more, and takes whatever it is sent.
class FastStream final : public Stream {
 public:
  FastStream(EventLoop& loop, size_t& moved_bytes) : Stream(loop), moved_bytes_(moved_bytes) {}
  void shutdown_write() override {}
  void reset_on_close() override {}
  void send() { became_ready(true, true, false); }

 private:
  ssize_t try_read(char*, size_t bytes_max) override { return move(bytes_max); }
  ssize_t try_write(const iovec* parts, int count) override {
    size_t bytes = 0;
    for (int i = 0; i < count; ++i) bytes += parts[i].iov_len;
    return move(bytes);
  }
  ssize_t move(size_t bytes) {
    moved_bytes_ += bytes;
    return static_cast<ssize_t>(bytes);
  }

  size_t& moved_bytes_;  // by all that share it
};

base::Task<void> read_for_ever(Stream& stream, size_t& bytes) {
  std::string buffer(kReadBytes, '\0');
  while (true) {
    const ssize_t count = co_await stream.read(buffer.data(), buffer.size());
    if (count <= 0) co_return;
    bytes += static_cast<size_t>(count);
  }
}

base::Task<void> write_whole(Stream& stream, std::string_view text, bool& done) {
  done = co_await stream.write("head", text) == 0;
}

class TurnBudgetTest : public ::testing::Test {
 protected:
  /// Streams of the group, each read without pause; none has sent anything yet.
  void read_from(size_t count) {
    read_bytes_.resize(count);
    for (size_t i = 0; i < count; ++i) {
      streams_.push_back(std::make_unique<FastStream>(loop_, moved_bytes_));
      streams_[i]->share_turns(budget_);
      scope_.spawn(read_for_ever(*streams_[i], read_bytes_[i]));
    }
  }
  /// As if an event of each had come in one turn.
  void all_send() {
    loop_.post([this] {
      for (auto& stream : streams_) stream->send();
    });
  }
  /// Bytes the group moved in one turn.
  size_t turn() {
    const size_t before = moved_bytes_;
    loop_.turn(0);
    return moved_bytes_ - before;
  }

  base::FakeClock clock_;
  EventLoop loop_{clock_};
  TurnBudget budget_{loop_, kBudgetBytes};
  size_t moved_bytes_ = 0;
  std::vector<size_t> read_bytes_;
  std::vector<std::unique_ptr<FastStream>> streams_;
  TaskScope scope_;
};

TEST_F(TurnBudgetTest, TwoHundredFastStreamsTogetherMoveNoMoreThanTheBudgetInATurn) {
  read_from(200);
  all_send();
  for (int i = 0; i < 50; ++i) {
    const size_t bytes = turn();
    EXPECT_GE(bytes, kBudgetBytes);
    EXPECT_LE(bytes, kBudgetBytes + TurnBudget::kPieceBytesMax) << "turn " << i;
  }
}

TEST_F(TurnBudgetTest, EachGetsItsTurn) {
  read_from(200);
  all_send();
  for (int i = 0; i < 200; ++i) loop_.turn(0);
  const auto [least, most] = std::minmax_element(read_bytes_.begin(), read_bytes_.end());
  EXPECT_GT(*least, 0u);
  EXPECT_LE(*most - *least, Stream::kReadBytesPerTurnMax);
}

TEST_F(TurnBudgetTest, WhoSendsAfterwardsDoesNotOvertakeThoseWhoWait) {
  read_from(20);
  streams_[0]->send();
  for (size_t i = 1; i < 20; ++i) {
    loop_.post([this] { streams_[0]->send(); });  // an event in every turn
    all_send();
    loop_.turn(0);
  }
  for (const size_t bytes : read_bytes_) EXPECT_GT(bytes, 0u);
}

base::Task<void> note_order(Stream& client, size_t& group_bytes, std::vector<size_t>& seen) {
  char byte = 0;
  while (co_await client.read(&byte, 1) > 0) seen.push_back(group_bytes);
}

TEST_F(TurnBudgetTest, AClientThatSpeaksIsServedBeforeThoseWhoWait) {
  read_from(200);
  all_send();
  loop_.turn(0);
  auto [client, far] = loopback_pair(loop_);
  std::vector<size_t> seen;  // what the group had moved when the client was served
  TaskScope scope;
  scope.spawn(note_order(*client, moved_bytes_, seen));
  for (size_t i = 1; i <= 20; ++i) {
    bool sent = false;
    scope.spawn(write_whole(*far, "", sent));  // heard of in the next turn
    const size_t before = moved_bytes_;
    loop_.turn(0);
    ASSERT_EQ(seen.size(), i * 4) << "in that turn";
    EXPECT_EQ(seen.back(), before) << "and first in it";
  }
}

TEST_F(TurnBudgetTest, ALargeWriteToAPeerThatTakesItAtOnceIsSpreadOverTurns) {
  FastStream stream(loop_, moved_bytes_);
  stream.share_turns(budget_);
  const std::string text(10 << 20, 'x');
  bool done = false;
  TaskScope scope;
  scope.spawn(write_whole(stream, text, done));
  EXPECT_LE(moved_bytes_, kBudgetBytes + TurnBudget::kPieceBytesMax);
  int turns = 0;
  while (!done && turns < 1000) {
    EXPECT_LE(turn(), kBudgetBytes + TurnBudget::kPieceBytesMax);
    ++turns;
  }
  EXPECT_EQ(moved_bytes_, text.size() + 4);
  EXPECT_GE(turns, 70);
}

TEST_F(TurnBudgetTest, AStreamOutsideTheGroupNeverWaitsForIt) {
  read_from(200);
  all_send();
  FastStream client(loop_, moved_bytes_);
  client.send();
  size_t bytes = 0;
  TaskScope scope;
  scope.spawn(read_for_ever(client, bytes));
  for (int i = 1; i <= 10; ++i) {
    loop_.turn(0);
    EXPECT_GE(bytes, static_cast<size_t>(i) * Stream::kReadBytesPerTurnMax);
  }
}

TEST_F(TurnBudgetTest, AQuietStreamIsOneThatHasNothingToReadAlsoWhenTheTurnIsSpent) {
  read_from(200);
  all_send();
  loop_.turn(0);
  FastStream other(loop_, moved_bytes_);
  other.share_turns(budget_);
  other.send();
  EXPECT_FALSE(other.quiet());
}

// Those who leave while they wait.

TEST_F(TurnBudgetTest, WhoIsCancelledWhileItWaitsIsToldAtOnce) {
  read_from(200);
  all_send();
  loop_.turn(0);
  const size_t tasks = scope_.size();
  streams_.back()->cancel(ECANCELED);
  loop_.turn(0);
  EXPECT_EQ(scope_.size(), tasks - 1);
}

TEST_F(TurnBudgetTest, WhoIsDestroyedWhileItWaitsIsForgotten) {
  all_send();
  {
    auto stream = std::make_unique<FastStream>(loop_, moved_bytes_);
    FastStream first(loop_, moved_bytes_);
    size_t bytes = 0;
    size_t bytes_of_first = 0;
    TaskScope scope;
    first.share_turns(budget_);
    stream->share_turns(budget_);
    scope.spawn(read_for_ever(first, bytes_of_first));
    scope.spawn(read_for_ever(*stream, bytes));
    first.send();
    stream->send();
    loop_.turn(0);
    scope.cancel_all();
  }
  EXPECT_EQ(turn(), 0u);
  EXPECT_EQ(turn(), 0u);
}

}  // namespace
}  // namespace understudy::net
