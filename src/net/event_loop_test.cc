#include "net/event_loop.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>

#include "base/task.h"
#include "net/signal.h"
#include "net/task_scope.h"

namespace understudy::net {
namespace {

constexpr int64_t kSecond = 1'000'000'000;

/// Writes its name when it fires, and may do something else besides.
class NotedTimer final : public Timer {
 public:
  NotedTimer(TimerHeap& heap, std::string& fired, char name)
      : Timer(heap), fired_(fired), name_(name) {}
  std::function<void()> also;

 private:
  void on_deadline() override {
    fired_ += name_;
    if (also) also();
  }
  std::string& fired_;
  char name_;
};

class EventLoopTest : public ::testing::Test {
 protected:
  void pass(int64_t duration_ns) {
    clock_.advance_ns(duration_ns);
    loop_.turn(0);
  }
  int64_t in(int64_t duration_ns) const { return clock_.steady_ns() + duration_ns; }

  base::FakeClock clock_;
  EventLoop loop_{clock_};
  std::string fired_;
};

TEST_F(EventLoopTest, TimersFireInTheOrderOfTheirDeadlines) {
  NotedTimer c(loop_.timers(), fired_, 'c');
  NotedTimer a(loop_.timers(), fired_, 'a');
  NotedTimer b(loop_.timers(), fired_, 'b');
  c.set_deadline(in(3 * kSecond));
  a.set_deadline(in(1 * kSecond));
  b.set_deadline(in(2 * kSecond));
  pass(kSecond - 1);
  EXPECT_EQ(fired_, "");
  pass(1);
  EXPECT_EQ(fired_, "a");
  pass(10 * kSecond);
  EXPECT_EQ(fired_, "abc");
  pass(10 * kSecond);
  EXPECT_EQ(fired_, "abc") << "a timer fires once";
}

TEST_F(EventLoopTest, ADeadlineMovedLaterFiresLater) {
  NotedTimer a(loop_.timers(), fired_, 'a');
  a.set_deadline(in(kSecond));
  for (int i = 0; i < 10; ++i) {
    pass(kSecond / 2);
    a.set_deadline(in(kSecond));
  }
  EXPECT_EQ(fired_, "");
  pass(kSecond);
  EXPECT_EQ(fired_, "a");
}

TEST_F(EventLoopTest, ADeadlineMovedEarlierFiresEarlier) {
  NotedTimer a(loop_.timers(), fired_, 'a');
  a.set_deadline(in(10 * kSecond));
  a.set_deadline(in(kSecond));
  pass(kSecond);
  EXPECT_EQ(fired_, "a");
}

TEST_F(EventLoopTest, ATimerSwitchedOffOrDestroyedDoesNotFire) {
  NotedTimer off(loop_.timers(), fired_, 'o');
  off.set_deadline(in(kSecond));
  off.set_deadline(kNever);
  {
    NotedTimer gone(loop_.timers(), fired_, 'g');
    gone.set_deadline(in(kSecond));
  }
  pass(10 * kSecond);
  EXPECT_EQ(fired_, "");
}

TEST_F(EventLoopTest, ATimerMayDestroyItselfAndOthersWhenItFires) {
  auto self = std::make_unique<NotedTimer>(loop_.timers(), fired_, 's');
  auto other = std::make_unique<NotedTimer>(loop_.timers(), fired_, 'o');
  self->set_deadline(in(kSecond));
  other->set_deadline(in(kSecond));
  self->also = [&] {
    other.reset();
    auto gone = std::move(self);
  };
  pass(kSecond);
  EXPECT_EQ(fired_, "s");
  EXPECT_EQ(loop_.timers().next_ns(), kNever);
}

TEST_F(EventLoopTest, ThousandsOfTimersMovedAtRandomFireWhenDue) {
  std::vector<std::unique_ptr<NotedTimer>> timers;
  std::vector<int64_t> due(2000, kNever);
  uint64_t random = 1;
  const auto next = [&] { return random = random * 6364136223846793005u + 1442695040888963407u; };
  for (size_t i = 0; i < due.size(); ++i) {
    timers.push_back(std::make_unique<NotedTimer>(loop_.timers(), fired_, 't'));
    timers.back()->also = [&, i] {
      EXPECT_LE(due[i], loop_.now_ns());
      due[i] = kNever;
    };
  }
  for (int round = 0; round < 200; ++round) {
    for (int i = 0; i < 100; ++i) {
      const size_t which = (next() >> 33) % due.size();
      due[which] = in(static_cast<int64_t>((next() >> 33) % kSecond) + 1);
      timers[which]->set_deadline(due[which]);
    }
    pass(kSecond / 50);
    for (const int64_t moment : due) EXPECT_GT(moment, loop_.now_ns()) << "one was forgotten";
  }
}

TEST_F(EventLoopTest, PostedWorkRunsInOrderOnTheLoop) {
  std::string order;
  std::thread other([&] {
    for (const char letter : {'a', 'b', 'c'}) loop_.post([&order, letter] { order += letter; });
  });
  other.join();
  loop_.turn(0);
  EXPECT_EQ(order, "abc");
}

TEST_F(EventLoopTest, StopEndsARunningLoopFromAnotherThread) {
  EventLoop loop;
  std::thread running([&] { loop.run(); });
  loop.stop();
  running.join();
  EXPECT_TRUE(loop.stopped());
}

// Signals and scopes.

base::Task<void> wait_and_note(Signal& signal, std::string& notes, char note) {
  co_await signal.wait();
  notes += note;
}

TEST_F(EventLoopTest, ASignalWakesWhoWaitsInTheSameTurn) {
  Signal signal(loop_);
  TaskScope scope;
  scope.spawn(wait_and_note(signal, fired_, 'w'));
  EXPECT_EQ(scope.size(), 1u);
  signal.notify();
  EXPECT_EQ(fired_, "") << "nobody is resumed inside notify()";
  loop_.turn(0);
  EXPECT_EQ(fired_, "w");
  EXPECT_TRUE(scope.empty());
}

TEST_F(EventLoopTest, ASignalGivenBeforeIsNotLost) {
  Signal signal(loop_);
  signal.notify();
  TaskScope scope;
  scope.spawn(wait_and_note(signal, fired_, 'w'));
  EXPECT_EQ(fired_, "w");
}

TEST_F(EventLoopTest, AWaiterDestroyedWhileItWaitsOrIsScheduledIsNotResumed) {
  Signal signal(loop_);
  {
    TaskScope scope;
    scope.spawn(wait_and_note(signal, fired_, 'w'));
  }
  signal.notify();
  loop_.turn(0);
  Signal another(loop_);
  {
    TaskScope scope;
    scope.spawn(wait_and_note(another, fired_, 's'));
    another.notify();
  }
  loop_.turn(0);
  EXPECT_EQ(fired_, "");
}

base::Task<void> ping(Signal& mine, Signal& yours, int& rounds) {
  while (true) {
    co_await mine.wait();
    ++rounds;
    yours.notify();
  }
}

TEST_F(EventLoopTest, CoroutinesThatWakeEachOtherForEverLeaveTheLoopItsSockets) {
  Signal a(loop_);
  Signal b(loop_);
  int rounds = 0;
  TaskScope scope;
  scope.spawn(ping(a, b, rounds));
  scope.spawn(ping(b, a, rounds));
  a.notify();
  bool posted_ran = false;
  loop_.post([&] { posted_ran = true; });
  loop_.turn(0);
  loop_.turn(0);
  EXPECT_TRUE(posted_ran);
  EXPECT_GT(rounds, 2);
}

TEST_F(EventLoopTest, AScopeDestroysItsTasksNewestFirst) {
  Signal never(loop_);
  struct Noted {
    std::string& notes;
    char note;
    ~Noted() { notes += note; }
  };
  const auto task = [](Signal& signal, std::string& notes, char note) -> base::Task<void> {
    const Noted noted{notes, note};
    co_await signal.wait();
  };
  Signal also_never(loop_);
  TaskScope scope;
  scope.spawn(task(never, fired_, '1'));
  scope.spawn(task(also_never, fired_, '2'));
  scope.cancel_all();
  EXPECT_EQ(fired_, "21");
  EXPECT_TRUE(scope.empty());
}

}  // namespace
}  // namespace understudy::net
