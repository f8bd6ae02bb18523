#include "net/tunnel.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>

#include "net/loopback_stream.h"
#include "net/task_scope.h"

namespace understudy::net {
namespace {

using namespace std::chrono_literals;

/// A peer of one end of the tunnel: says what it is told to and keeps what it hears.
class Peer {
 public:
  explicit Peer(std::unique_ptr<Stream> stream) : stream_(std::move(stream)) {
    scope_.spawn(listen());
  }
  void say(std::string text) { scope_.spawn(write(std::move(text))); }
  void finish() { stream_->shutdown_write(); }
  void leave() {
    scope_.cancel_all();
    stream_.reset();
  }
  void reset() {
    stream_->reset_on_close();
    leave();
  }
  const std::string& heard() const { return heard_; }
  /// How the other side ended: 0 orderly, below 0 an error; nothing yet.
  std::optional<ssize_t> end() const { return end_; }
  uint64_t said_bytes() const { return said_bytes_; }

 private:
  base::Task<void> listen() {
    char buffer[7];
    while (true) {
      const ssize_t count = co_await stream_->read(buffer, sizeof buffer);
      if (count <= 0) {
        end_ = count;
        co_return;
      }
      heard_.append(buffer, static_cast<size_t>(count));
    }
  }
  base::Task<void> write(std::string text) {
    const ssize_t result = co_await stream_->write(text);
    if (result == 0) said_bytes_ += text.size();
  }

  std::unique_ptr<Stream> stream_;
  std::string heard_;
  std::optional<ssize_t> end_;
  uint64_t said_bytes_ = 0;
  TaskScope scope_;
};

class TunnelTest : public ::testing::Test {
 protected:
  void open(std::string_view unread_of_a = {}, std::string_view unread_of_b = {},
            const LoopbackOptions& link = {}) {
    auto [a, first] = loopback_pair(loop_, link, link);
    auto [b, second] = loopback_pair(loop_, link, link);
    a_.emplace(std::move(a));
    b_.emplace(std::move(b));
    first_ = std::move(first);
    second_ = std::move(second);
    tunnel_.emplace(RawStream{first_.get(), unread_of_a}, RawStream{second_.get(), unread_of_b},
                    buffers_, TunnelOptions{.idle_timeout = 60s, .closing_timeout = 5s});
    scope_.spawn(run());
  }
  base::Task<void> run() { result_ = co_await tunnel_->run(); }
  void turns(int count = 20) {
    for (int i = 0; i < count; ++i) loop_.turn(0);
  }
  void pass(std::chrono::nanoseconds time) {
    clock_.advance_ns(time.count());
    turns();
  }
  /// What the tunnel's owner does once it has ended.
  void close_both() {
    first_.reset();
    second_.reset();
    turns();
  }

  base::FakeClock clock_;
  EventLoop loop_{clock_};
  BufferPool buffers_;
  std::optional<Peer> a_;
  std::optional<Peer> b_;
  std::unique_ptr<Stream> first_;
  std::unique_ptr<Stream> second_;
  std::optional<Tunnel> tunnel_;
  std::optional<StreamError> result_;
  TaskScope scope_;
};

TEST_F(TunnelTest, BytesGoBothWaysWhateverTheSizesOfWindowsAndReads) {
  const std::string text = "the quick brown fox jumps over the lazy dog";
  for (const size_t window : {1, 3, 64}) {
    for (const size_t piece : {1, 5, 100}) {
      open({}, {}, {.window_bytes = window, .read_bytes_max = piece});
      a_->say(text);
      b_->say("<" + text + ">");
      turns(500);
      EXPECT_EQ(b_->heard(), text) << window << " " << piece;
      EXPECT_EQ(a_->heard(), "<" + text + ">") << window << " " << piece;
      EXPECT_FALSE(result_.has_value());
      EXPECT_EQ(tunnel_->bytes_from_first(), text.size());
      EXPECT_EQ(tunnel_->bytes_from_second(), text.size() + 2);
      scope_.cancel_all();
    }
  }
}

TEST_F(TunnelTest, WhatHadBeenReadBeforeComesFirst) {
  open("early of a, ", "early of b, ");
  a_->say("later of a");
  b_->say("later of b");
  turns();
  EXPECT_EQ(b_->heard(), "early of a, later of a");
  EXPECT_EQ(a_->heard(), "early of b, later of b");
}

TEST_F(TunnelTest, AnEndIsPassedOnAfterTheLastByteAndTheOtherMayStillAnswer) {
  open();
  a_->say("last words");
  a_->finish();
  turns();
  EXPECT_EQ(b_->heard(), "last words");
  EXPECT_EQ(b_->end(), 0);
  EXPECT_FALSE(result_.has_value());
  b_->say("good bye");
  turns();
  b_->finish();
  turns();
  EXPECT_EQ(a_->heard(), "good bye");
  EXPECT_EQ(a_->end(), 0);
  EXPECT_EQ(result_, StreamError::kNone);
}

TEST_F(TunnelTest, WhoDoesNotAnswerAnEndIsCutOff) {
  open();
  a_->finish();
  turns();
  for (int i = 0; i < 4; ++i) {
    pass(1s);
    b_->say("still talking");
  }
  EXPECT_FALSE(result_.has_value());
  pass(1s);
  EXPECT_EQ(result_, StreamError::kTimeout);
}

TEST_F(TunnelTest, ItEndsWhenNothingMovesEitherWay) {
  open();
  turns();
  pass(60s - 1ns);
  EXPECT_FALSE(result_.has_value());
  pass(1ns);
  EXPECT_EQ(result_, StreamError::kTimeout);
}

TEST_F(TunnelTest, AByteInOneDirectionKeepsBothOpen) {
  open();
  for (int i = 0; i < 10; ++i) {
    pass(59s);
    (i % 3 == 0 ? *a_ : *b_).say(".");
    turns();
    EXPECT_FALSE(result_.has_value());
  }
  pass(60s);
  EXPECT_EQ(result_, StreamError::kTimeout);
}

TEST_F(TunnelTest, AResetOfOneIsAResetOfTheOther) {
  open();
  b_->say("half a mess");
  turns();
  b_->reset();
  turns();
  EXPECT_EQ(result_, StreamError::kReset);
  close_both();
  EXPECT_EQ(a_->heard(), "half a mess");
  EXPECT_EQ(a_->end(), -ECONNRESET);
}

TEST_F(TunnelTest, AnOrderlyEndIsNoReset) {
  open();
  b_->say("all");
  turns();
  b_->leave();
  turns();
  EXPECT_EQ(a_->end(), 0);
  a_->leave();
  turns();
  EXPECT_TRUE(result_.has_value());
}

TEST_F(TunnelTest, WhoDoesNotReadHoldsUpTheOtherAndNotOurMemory) {
  auto [a, first] = loopback_pair(loop_);
  auto [b, second] = loopback_pair(loop_);
  first_ = std::move(first);
  second_ = std::move(second);
  a_.emplace(std::move(a));
  tunnel_.emplace(RawStream{first_.get(), {}}, RawStream{second_.get(), {}}, buffers_,
                  TunnelOptions{});
  scope_.spawn(run());
  const std::string piece(16 * 1024, 'x');
  for (int i = 0; i < 100; ++i) {
    a_->say(piece);
    turns(3);
    if (a_->said_bytes() < (static_cast<uint64_t>(i) + 1) * piece.size()) break;
  }
  // Two windows and one buffer.
  EXPECT_LE(a_->said_bytes(), 2 * 64 * 1024 + BufferPool::kBufferBytes);
}

TEST_F(TunnelTest, MayBeBrokenOffAtAnyTime) {
  open("unread");
  a_->say("x");
  loop_.turn(0);
  scope_.cancel_all();
  turns();
  EXPECT_FALSE(result_.has_value());
}

}  // namespace
}  // namespace understudy::net
