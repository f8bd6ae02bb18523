#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>

#include "base/task.h"
#include "net/event_loop.h"
#include "net/task_scope.h"

namespace understudy::net {

class Stream;

/// What a group of streams may read and write together in one turn of the loop, so that the group
/// leaves the others their time however many its streams are and however much there is to move.
/// When it is spent the rest of the group waits for the next turn, where it comes after the streams
/// outside the group, in the order of asking. The turn may be overdrawn by one read or one write,
/// each of at most `kPieceBytesMax`.
/// Lifetime: outlives its streams. Threads: the loop's. Cost: nothing for streams without one.
class TurnBudget {
 public:
  static constexpr size_t kPieceBytesMax = 64 * 1024;

  TurnBudget(EventLoop& loop, size_t bytes_per_turn_max)
      : loop_(loop), bytes_per_turn_max_(bytes_per_turn_max) {}
  TurnBudget(const TurnBudget&) = delete;
  TurnBudget& operator=(const TurnBudget&) = delete;

 private:
  friend class Stream;

  /// Whether the stream may move bytes now; if not, it is told when it may.
  bool admits(Stream& stream);
  void charge(ssize_t bytes) {
    if (bytes > 0) used_bytes_ += static_cast<size_t>(bytes);
  }
  void forget(Stream& stream);
  bool spent();
  /// Lets those who wait go on, turn by turn, until nobody waits.
  base::Task<void> serve();

  EventLoop& loop_;
  const size_t bytes_per_turn_max_;
  uint64_t turn_ = 0;  // which `used_bytes_` is of
  size_t used_bytes_ = 0;
  std::deque<Stream*> waiting_;
  bool serving_now_ = false;  // those who ask are at the head of the queue
  TaskScope serving_;
};

}  // namespace understudy::net
