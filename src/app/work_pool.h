#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace understudy::app {

/// A few threads that run pieces of work in the order they came, for work that may wait.
/// Failure: beyond `queue_len_max` waiting pieces a further one is refused.
/// Lifetime: the destructor finishes it.
/// Threads: try_run from any; finish from the owner.
class WorkPool {
 public:
  struct Options {
    std::string name = "work";  // threads are called name-0, name-1, ...
    int threads = 4;
    size_t queue_len_max = 256;
    int niceness = 0;  // above 0: the threads give way to others
  };

  explicit WorkPool(Options options);
  ~WorkPool();
  WorkPool(const WorkPool&) = delete;
  WorkPool& operator=(const WorkPool&) = delete;

  /// False when the queue is full; the work is then not run.
  bool try_run(std::function<void()> work);
  /// Runs what waits to its end, then joins. From then on all work is refused.
  void finish();

 private:
  void run(int number);

  const Options options_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> waiting_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace understudy::app
