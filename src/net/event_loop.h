#pragma once

#include <sys/epoll.h>

#include <array>
#include <atomic>
#include <coroutine>
#include <cstdint>
#include <functional>
#include <mutex>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "net/timer.h"

namespace understudy::net {

/// Something with a file descriptor that wants to hear of its readiness.
class Pollable {
 public:
  /// `events` are epoll's bits. May destroy this object or any other.
  virtual void on_events(uint32_t events) = 0;

 protected:
  ~Pollable() = default;
};

/// A coroutine to be resumed by the loop; leaves the loop's list by itself when destroyed.
class Resumable {
 public:
  Resumable() = default;
  Resumable(const Resumable&) = delete;
  Resumable& operator=(const Resumable&) = delete;
  ~Resumable() { unlink(); }

 protected:
  std::coroutine_handle<> handle_;

 private:
  friend class EventLoop;
  void unlink();
  Resumable* next_ = nullptr;
  Resumable* previous_ = nullptr;
};

/// One thread's reactor: edge-triggered epoll, deadlines, coroutines to resume, and work posted by
/// other threads.
/// Failure: construction fails only when the process is out of descriptors (CHECK).
/// Threads: everything on the thread that runs it, except stop() and post().
/// Cost: one epoll_wait per turn; the clock is read once per turn.
class EventLoop {
 public:
  explicit EventLoop(const base::Clock& clock = base::system_clock());
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;
  ~EventLoop();

  /// Runs turns until stop().
  void run();
  /// One turn; waits for events up to `wait_ns` at most (0: only what is ready now).
  void turn(int64_t wait_ns);
  /// Any thread. The turn under way is finished first.
  void stop();
  bool stopped() const { return stopped_.load(std::memory_order_acquire); }
  /// Any thread: runs `work` on the loop's thread in a later turn, in order.
  void post(std::function<void()> work);

  /// Steady time at the start of this turn.
  int64_t now_ns() const { return now_ns_; }
  /// Steady time right now.
  int64_t precise_now_ns() const { return clock_.steady_ns(); }
  /// Wall time of a steady time of about now. A jump of the wall clock is seen within
  /// `kWallClockFreshNs`.
  int64_t unix_ns_at(int64_t steady_ns) const { return steady_ns + wall_clock_offset_ns_; }
  const base::Clock& clock() const { return clock_; }
  TimerHeap& timers() { return timers_; }

  /// Registers once for both directions, edge-triggered.
  base::Status watch(int descriptor, Pollable& pollable);
  /// Registers for reading only, level-triggered: for listeners.
  base::Status watch_level(int descriptor, Pollable& pollable);
  /// Must be called before the descriptor is closed; drops its events of the turn under way.
  void unwatch(int descriptor, Pollable& pollable);

  /// Resumes the coroutine later in this turn.
  void schedule(Resumable& resumable, std::coroutine_handle<> handle);

  /// Resumes the coroutine in the next turn, after all that the sockets and timers woke.
  void defer(Resumable& resumable, std::coroutine_handle<> handle);
  /// How many turns began.
  uint64_t turns() const { return turns_; }

  /// Called at the end of each turn, before the loop waits again.
  void set_turn_end(std::function<void()> hook) { turn_end_ = std::move(hook); }

 private:
  static constexpr size_t kEventsPerTurnMax = 256;
  static constexpr int64_t kWallClockFreshNs = 10'000'000;

  class Waker final : public Pollable {
   public:
    explicit Waker(EventLoop& loop) : loop_(loop) {}
    void on_events(uint32_t) override { loop_.take_posted(); }

   private:
    EventLoop& loop_;
  };

  void compare_clocks();
  void wake();
  void take_posted();
  void resume_ready();
  static void move_all(Resumable& from, Resumable& to);
  static void link(Resumable& ring, Resumable& resumable, std::coroutine_handle<> handle);

  const base::Clock& clock_;
  int epoll_ = -1;
  int wake_descriptor_ = -1;
  Waker waker_{*this};
  int64_t now_ns_ = 0;
  int64_t wall_clock_offset_ns_ = 0;
  int64_t clocks_compared_ns_ = 0;
  TimerHeap timers_;
  Resumable ready_;  // head of a ring
  Resumable later_;  // likewise, for the next turn
  Resumable last_;   // likewise, for the end of this turn
  uint64_t turns_ = 0;
  std::array<epoll_event, kEventsPerTurnMax> events_;
  size_t event_index_ = 0;
  size_t event_count_ = 0;
  std::function<void()> turn_end_;
  std::atomic<bool> stopped_{false};
  std::mutex posted_mutex_;
  std::vector<std::function<void()>> posted_;
};

}  // namespace understudy::net
