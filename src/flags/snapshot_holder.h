#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>

#include "flags/snapshot.h"

namespace understudy::flags {

/// The current FlagSnapshot: one writer or many publish, event loops read.
/// A Reader keeps its own reference and looks at one atomic counter per read; only after a publish
/// does it take the lock. A snapshot lives until the last reader or request has let go of it.
/// Threads: publish, load and version from any; a Reader belongs to one thread.
/// Lifetime: the holder outlives its readers.
class SnapshotHolder {
 public:
  explicit SnapshotHolder(std::shared_ptr<const FlagSnapshot> first = FlagSnapshot::make())
      : current_(std::move(first)) {}

  /// Makes `next` what every later read returns. Null is ignored.
  void publish(std::shared_ptr<const FlagSnapshot> next) {
    if (next == nullptr) return;
    {
      const std::lock_guard lock(mutex_);
      current_.swap(next);
      publications_.fetch_add(1, std::memory_order_release);
    }
    // The former snapshot may be large; it is freed here, outside the lock.
  }

  std::shared_ptr<const FlagSnapshot> load() const {
    const std::lock_guard lock(mutex_);
    return current_;
  }

  /// How often something was published.
  uint64_t publications() const { return publications_.load(std::memory_order_acquire); }

  class Reader {
   public:
    explicit Reader(const SnapshotHolder& holder) : holder_(&holder) { refresh(); }

    /// The newest snapshot. The reference is good until the next call; a request that outlives the
    /// loop's turn copies the pointer. Cost: one atomic load while nothing changed.
    const std::shared_ptr<const FlagSnapshot>& get() {
      if (holder_->publications_.load(std::memory_order_acquire) != seen_) refresh();
      return cached_;
    }

   private:
    void refresh() {
      const std::lock_guard lock(holder_->mutex_);
      cached_ = holder_->current_;
      seen_ = holder_->publications_.load(std::memory_order_relaxed);
    }

    const SnapshotHolder* holder_;
    std::shared_ptr<const FlagSnapshot> cached_;
    uint64_t seen_ = 0;
  };

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const FlagSnapshot> current_;
  std::atomic<uint64_t> publications_{0};
};

}  // namespace understudy::flags
