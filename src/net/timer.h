#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace understudy::net {

inline constexpr int64_t kNever = std::numeric_limits<int64_t>::max();

class TimerHeap;

/// A deadline on a loop, in nanoseconds of its steady clock. Moving it later costs nothing: the
/// heap notices when the old moment comes (almost no deadline of a busy server ever fires).
/// Unhooks itself when destroyed. Threads: the loop's.
class Timer {
 public:
  explicit Timer(TimerHeap& heap) : heap_(heap) {}
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;
  virtual ~Timer();

  /// Fires once at `deadline_ns` or soon after; kNever switches off.
  void set_deadline(int64_t deadline_ns);
  int64_t deadline() const { return deadline_ns_; }

 protected:
  /// The deadline passed; it is kNever again. May destroy this timer.
  virtual void on_deadline() = 0;

 private:
  friend class TimerHeap;
  static constexpr size_t kNotQueued = std::numeric_limits<size_t>::max();

  TimerHeap& heap_;
  int64_t deadline_ns_ = kNever;
  int64_t queued_ns_ = kNever;  // when the heap will look at it: never after deadline_ns_
  size_t index_ = kNotQueued;
};

/// The deadlines of one loop: a binary heap of the timers themselves.
/// Cost: logarithmic to set an earlier deadline, nothing to set a later one.
class TimerHeap {
 public:
  /// When the first timer must be looked at; kNever when there is none.
  int64_t next_ns() const { return heap_.empty() ? kNever : heap_.front()->queued_ns_; }
  /// Calls every timer whose deadline is not after `now_ns`.
  void fire(int64_t now_ns);

 private:
  friend class Timer;
  void insert(Timer* timer);
  void remove(Timer* timer);
  void place(size_t index, Timer* timer);
  void sift_up(size_t index);
  void sift_down(size_t index);

  std::vector<Timer*> heap_;
};

}  // namespace understudy::net
