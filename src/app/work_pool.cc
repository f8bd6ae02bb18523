#include "app/work_pool.h"

#include <pthread.h>
#include <sys/resource.h>

#include <utility>

#include "base/text.h"

namespace understudy::app {

WorkPool::WorkPool(Options options) : options_(std::move(options)) {
  for (int i = 0; i < options_.threads; ++i) threads_.emplace_back([this, i] { run(i); });
}

WorkPool::~WorkPool() { finish(); }

void WorkPool::finish() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

bool WorkPool::try_run(std::function<void()> work) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_ || waiting_.size() >= options_.queue_len_max) return false;
    waiting_.push_back(std::move(work));
  }
  changed_.notify_one();
  return true;
}

void WorkPool::run(int number) {
  pthread_setname_np(pthread_self(), base::cat(options_.name, "-", number).c_str());
  // In Linux it belongs to the thread.
  if (options_.niceness > 0) setpriority(PRIO_PROCESS, 0, options_.niceness);
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
    if (waiting_.empty()) return;
    std::function<void()> work = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    work();
    work = nullptr;  // what it captured goes before the lock is taken again
    lock.lock();
  }
}

}  // namespace understudy::app
