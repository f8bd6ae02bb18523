#include "core/settler.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <utility>

namespace understudy::sdk {
namespace {

constexpr int64_t kNever = std::numeric_limits<int64_t>::max();

}  // namespace

Settler::Settler(size_t runs_len_max, size_t deadlines_len_max, const base::Clock& clock,
                 Settle settle)
    : runs_len_max_(runs_len_max),
      deadlines_len_max_(deadlines_len_max),
      clock_(clock),
      settle_(std::move(settle)) {}

bool Settler::push(FinishedRun& run) {
  bool tell = false;
  {
    const std::lock_guard lock(mutex_);
    if (closed_ || waiting_.size() >= runs_len_max_) return false;
    waiting_.push_back(std::move(run));
    tell = asleep_ || waiting_.size() == runs_len_max_ / 2;
    asleep_ = false;
  }
  if (tell) changed_.notify_all();
  return true;
}

void Settler::watch(const std::shared_ptr<detail::Pair>& pair) {
  bool tell = false;
  {
    const std::lock_guard lock(mutex_);
    if (watched_.size() >= deadlines_len_max_) sweep();
    watched_.push_back({pair->deadline_ns(), pair});
    std::push_heap(watched_.begin(), watched_.end());
    tell = asleep_ && pair->deadline_ns() < asleep_until_ns_;
    if (tell) asleep_ = false;
  }
  if (tell) changed_.notify_all();
}

void Settler::sweep() {
  std::erase_if(watched_, [](const Watched& watched) { return watched.pair.expired(); });
  std::make_heap(watched_.begin(), watched_.end());
}

void Settler::hurry() {
  {
    const std::lock_guard lock(mutex_);
    hurry_ = true;
    asleep_ = false;
  }
  changed_.notify_all();
}

void Settler::turn() {
  {
    const std::lock_guard lock(mutex_);
    hurry_ = false;
  }
  settle_waiting();
  expire();
  settle_waiting();
}

void Settler::settle_waiting() {
  {
    const std::lock_guard lock(mutex_);
    batch_.swap(waiting_);
  }
  for (FinishedRun& run : batch_) settle_(run);
  batch_.clear();
}

void Settler::expire() {
  const int64_t now_ns = clock_.steady_ns();
  std::unique_lock lock(mutex_);
  while (!watched_.empty() && watched_.front().deadline_ns <= now_ns) {
    std::pop_heap(watched_.begin(), watched_.end());
    const auto pair = watched_.back().pair.lock();
    watched_.pop_back();
    if (!pair) continue;
    lock.unlock();
    pair->give_up(detail::GiveUp::kDeadline);
    lock.lock();
  }
}

void Settler::give_up_all(detail::GiveUp why) {
  std::vector<Watched> watched;
  {
    const std::lock_guard lock(mutex_);
    watched.swap(watched_);
  }
  for (const Watched& one : watched) {
    if (const auto pair = one.pair.lock()) pair->give_up(why);
  }
}

void Settler::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
}

void Settler::loop(std::stop_token stop, const std::function<void()>& progress) {
  while (!stop.stop_requested()) {
    {
      std::unique_lock lock(mutex_);
      if (waiting_.empty() && !hurry_) {
        asleep_until_ns_ = watched_.empty() ? kNever : watched_.front().deadline_ns;
        asleep_ = true;
        const auto roused = [this] { return !asleep_; };
        if (asleep_until_ns_ == kNever) {
          changed_.wait(lock, stop, roused);
        } else {
          const int64_t wait_ns = std::max<int64_t>(0, asleep_until_ns_ - clock_.steady_ns());
          changed_.wait_for(lock, stop, std::chrono::nanoseconds(wait_ns), roused);
        }
        asleep_ = false;
      }
      if (!waiting_.empty()) {
        changed_.wait_for(lock, stop, std::chrono::nanoseconds(kLingerNs),
                          [this] { return hurry_ || waiting_.size() >= runs_len_max_ / 2; });
      }
    }
    turn();
    progress();
  }
  close();
  turn();
  progress();
}

}  // namespace understudy::sdk
