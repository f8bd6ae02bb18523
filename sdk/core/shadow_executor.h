#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <stop_token>

namespace understudy::detail {
class Pair;
}

namespace understudy::sdk {

/// The queue between callers and the threads that run shadows. A caller never waits: when
/// `queue_len_max` shadows already wait for a thread, the next one is refused.
/// Threads: any for `try_submit`; each worker thread runs `work`.
class ShadowExecutor {
 public:
  explicit ShadowExecutor(size_t queue_len_max) : queue_len_max_(queue_len_max) {}

  bool try_submit(std::shared_ptr<detail::Pair> pair);
  /// Runs shadows until stopped.
  void work(std::stop_token stop);
  /// Refuses new shadows and sheds the waiting ones.
  void close();

 private:
  const size_t queue_len_max_;
  std::mutex mutex_;  // guards what follows
  std::condition_variable_any ready_;
  std::deque<std::shared_ptr<detail::Pair>> queue_;
  size_t idle_ = 0;
  bool closed_ = false;
};

}  // namespace understudy::sdk
