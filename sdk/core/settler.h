#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <queue>
#include <stop_token>
#include <vector>

#include "base/clock.h"
#include "core/finished_run.h"

namespace understudy::sdk {

/// Brings runs to their end off the callers' threads: takes finished ones in batches, and gives up
/// on shadows whose deadline passed.
/// Bounded: `runs_len_max` finished runs wait; deadlines are as many as shadows in flight, and
/// those of finished shadows are swept out when they outnumber `deadlines_len_max`.
/// Threads: any for `push`, `watch`, `hurry`; one runs `turn` or `loop`.
class Settler {
 public:
  using Settle = std::function<void(FinishedRun&)>;

  Settler(size_t runs_len_max, size_t deadlines_len_max, const base::Clock& clock, Settle settle);

  /// False, and `run` untouched, when too many wait.
  bool push(FinishedRun& run);
  /// Gives up on the pair's shadow at its deadline.
  void watch(const std::shared_ptr<detail::Pair>& pair);
  /// Settles what waits without lingering for more.
  void hurry();

  /// One round: all that waits, then all deadlines that passed, then what those finished.
  void turn();
  /// Turns until stopped, and once more. `progress` is called after each turn.
  void loop(std::stop_token stop, const std::function<void()>& progress);
  /// Gives up on every shadow that is watched.
  void give_up_all(detail::GiveUp why);
  /// Refuses further runs: what comes later is counted by whoever pushes it.
  void close();

  /// After the first run of a batch, how long the thread waits for more: a caller's push is then a
  /// short critical section without a wake-up, at the price of this much delay.
  static constexpr int64_t kLingerNs = 20'000'000;

 private:
  struct Watched {
    int64_t deadline_ns;
    std::weak_ptr<detail::Pair> pair;
    bool operator<(const Watched& other) const { return deadline_ns > other.deadline_ns; }
  };

  void settle_waiting();
  void expire();
  void sweep();

  const size_t runs_len_max_;
  const size_t deadlines_len_max_;
  const base::Clock& clock_;
  const Settle settle_;

  std::mutex mutex_;  // guards the next group
  std::condition_variable_any changed_;
  std::vector<FinishedRun> waiting_;
  std::vector<Watched> watched_;  // a heap, the nearest deadline in front
  bool hurry_ = false;
  bool closed_ = false;
  bool asleep_ = false;  // the loop waits for a first run
  int64_t asleep_until_ns_ = 0;

  std::vector<FinishedRun> batch_;  // turning thread only
};

}  // namespace understudy::sdk
