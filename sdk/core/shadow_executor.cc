#include "core/shadow_executor.h"

#include <utility>

#include "understudy/detail/run.h"

namespace understudy::sdk {

bool ShadowExecutor::try_submit(std::shared_ptr<detail::Pair> pair) {
  {
    const std::lock_guard lock(mutex_);
    // An idle thread takes one at once, so that a queue of length 0 still has working threads.
    if (closed_ || queue_.size() >= queue_len_max_ + idle_) return false;
    queue_.push_back(std::move(pair));
  }
  ready_.notify_one();
  return true;
}

void ShadowExecutor::work(std::stop_token stop) {
  std::unique_lock lock(mutex_);
  while (true) {
    ++idle_;
    const bool found = ready_.wait(lock, stop, [this] { return !queue_.empty(); });
    --idle_;
    if (!found) return;
    std::shared_ptr<detail::Pair> pair = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    pair->run_shadow();
    pair.reset();  // may free answers: not under the lock
    lock.lock();
  }
}

void ShadowExecutor::close() {
  std::deque<std::shared_ptr<detail::Pair>> waiting;
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    waiting.swap(queue_);
  }
  for (const auto& pair : waiting) pair->give_up(detail::GiveUp::kShutdown);
}

}  // namespace understudy::sdk
