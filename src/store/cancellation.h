#pragma once

#include <atomic>
#include <memory>

namespace understudy::store {

/// Says that nobody waits for an answer any more. Copies are one and the same: who asks keeps one
/// and cancels it, who works looks at the other now and then. It cannot be taken back.
/// Threads: any. Cost: a look is one atomic load.
class Cancellation {
 public:
  Cancellation() : cancelled_(std::make_shared<std::atomic<bool>>(false)) {}

  void cancel() const {
    cancelled_->store(true);
    cancelled_->notify_all();
  }
  bool cancelled() const { return cancelled_->load(std::memory_order_relaxed); }
  /// Returns when it is cancelled.
  void wait() const { cancelled_->wait(false); }

 private:
  std::shared_ptr<std::atomic<bool>> cancelled_;
};

}  // namespace understudy::store
