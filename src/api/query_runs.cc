#include "api/query_runs.h"

#include <pthread.h>
#include <sys/resource.h>

#include <algorithm>
#include <utility>

#include "base/text.h"

namespace understudy::api {
namespace {

/// They give way to the threads that answer clients, as all queries do.
constexpr int kNiceness = 10;

}  // namespace

QueryRuns::QueryRuns(Options options) : options_(options) {
  for (int i = 0; i < options_.threads; ++i) threads_.emplace_back([this] { run_forever(); });
}

QueryRuns::~QueryRuns() {
  cancellation_.cancel();
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    waiting_.clear();
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

base::Status QueryRuns::start(std::string id, Run run) {
  {
    const std::lock_guard lock(mutex_);
    if (waiting_.size() >= options_.waiting_max) {
      return base::error(base::ErrorKind::kUnavailable,
                         base::cat(waiting_.size(), " queries wait already; try again later"));
    }
    under_way_.emplace(id, true);
    waiting_.emplace_back(std::move(id), std::move(run));
  }
  changed_.notify_one();
  return {};
}

QueryRuns::State QueryRuns::state(std::string_view id) const {
  const std::lock_guard lock(mutex_);
  if (under_way_.contains(id)) return State::kUnderWay;
  const bool failed = std::any_of(failures_.begin(), failures_.end(),
                                  [&](const auto& one) { return one.first == id; });
  return failed ? State::kFailed : State::kUnknown;
}

std::optional<base::Error> QueryRuns::failure(std::string_view id) const {
  const std::lock_guard lock(mutex_);
  for (const auto& [failed, error] : failures_) {
    if (failed == id) return error;
  }
  return std::nullopt;
}

void QueryRuns::run_forever() {
  pthread_setname_np(pthread_self(), "query-run");
  setpriority(PRIO_PROCESS, 0, kNiceness);
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
    if (stopping_) return;
    auto [id, run] = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    base::Status ended = run(cancellation_);
    run = nullptr;
    lock.lock();
    if (!ended.ok()) {
      failures_.emplace_back(id, std::move(ended).error());
      if (failures_.size() > options_.failures_max) failures_.pop_front();
    }
    under_way_.erase(id);
  }
}

}  // namespace understudy::api
