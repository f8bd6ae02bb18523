#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <iterator>
#include <mutex>
#include <utility>
#include <vector>

namespace understudy::base {

/// A queue between threads that holds at most `len_max` items. A producer never waits: at the limit
/// `try_push` refuses, and the caller counts what it dropped. After `close` nothing can be added,
/// what is inside can still be taken. Threads: any number on both ends.
/// Cost: one short critical section per push; consumers take everything at once.
template <class T>
class BoundedQueue {
 public:
  explicit BoundedQueue(size_t len_max) : len_max_(len_max) {}

  /// False when the queue is full or closed; `item` is then left untouched.
  bool try_push(T& item) {
    {
      const std::lock_guard lock(mutex_);
      if (closed_ || items_.size() >= len_max_) return false;
      items_.push_back(std::move(item));
      if (items_.size() > 1) return true;  // the consumer was told already
    }
    ready_.notify_one();
    return true;
  }
  bool try_push(T&& item) { return try_push(item); }

  /// Waits until there is something, the queue is closed, or `timeout` passes; then moves all items
  /// to the end of `out`. False once the queue is closed and empty.
  /// With `gather` it lets more come for so long after the first item, so that producers wake it
  /// once per that time and not once per item.
  bool pop_all(std::vector<T>& out, std::chrono::nanoseconds timeout,
               std::chrono::nanoseconds gather = std::chrono::nanoseconds(0)) {
    std::unique_lock lock(mutex_);
    ready_.wait_for(lock, timeout, [this] { return closed_ || !items_.empty(); });
    if (gather.count() > 0 && !items_.empty() && items_.size() < len_max_ / 4) {
      ready_.wait_for(lock, gather, [this] { return closed_; });
    }
    if (items_.empty()) return !closed_;
    if (out.empty()) {
      out.swap(items_);
    } else {
      out.insert(out.end(), std::make_move_iterator(items_.begin()),
                 std::make_move_iterator(items_.end()));
      items_.clear();
    }
    return true;
  }

  void close() {
    {
      const std::lock_guard lock(mutex_);
      closed_ = true;
    }
    ready_.notify_all();
  }

  size_t size() const {
    const std::lock_guard lock(mutex_);
    return items_.size();
  }

 private:
  const size_t len_max_;
  mutable std::mutex mutex_;
  std::condition_variable ready_;
  std::vector<T> items_;
  bool closed_ = false;
};

}  // namespace understudy::base
