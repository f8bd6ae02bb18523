#include <chrono>
#include <memory>
#include <utility>

#include "core/client_core.h"
#include "core/failure.h"
#include "core/finished_run.h"
#include "understudy/detail/run.h"

namespace understudy::detail {

Pair::Pair(std::shared_ptr<ExperimentCore> core, bool keeps_answers)
    : core_(std::move(core)), keeps_answers_(keeps_answers) {}

Pair::~Pair() = default;

size_t Pair::answer_bytes_max() const { return core_->options().answer_bytes_max; }

void Pair::finish_main(Run run) noexcept {
  std::unique_lock lock(mutex_);
  run.end_ns = core_->now_ns();
  run_ = std::move(run);
  main_done_ = true;
  settle_if_complete(std::move(lock));
}

void Pair::run_shadow() noexcept {
  {
    const std::lock_guard lock(mutex_);
    if (shadow_ != Shadow::kWaiting) return;  // given up while it waited for a thread
    shadow_ = Shadow::kRunning;
    shadow_call_.called = true;
    shadow_call_.start_ns = core_->now_ns();
  }
  Deadline deadline;
  // The callable lives in real time, whatever clock the client runs on.
  deadline.at = std::chrono::steady_clock::now() +
                std::chrono::nanoseconds(deadline_ns_ - shadow_call_.start_ns);
  deadline.stop = stop_.get_token();
  std::optional<Failure> failure;
  try {
    call_shadow(deadline, failure);
  } catch (...) {
    failure = sdk::describe_current_exception(core_->options().error_type);
  }

  std::unique_lock lock(mutex_);
  if (shadow_ != Shadow::kRunning) {  // given up: the run has settled without it
    lock.unlock();
    drop_shadow_answer();
    core_->client().live().shadows_stuck.fetch_sub(1, std::memory_order_relaxed);
    return;
  }
  shadow_ = Shadow::kDone;
  shadow_call_.end_ns = core_->now_ns();
  if (failure) {
    try {
      shadow_call_.failure = std::make_unique<Failure>(std::move(*failure));
    } catch (...) {
      reason_ = "no_memory";  // the answer is not there either way: not comparable
    }
  }
  settle_if_complete(std::move(lock));
}

void Pair::give_up(GiveUp why) noexcept {
  std::unique_lock lock(mutex_);
  switch (shadow_) {
    case Shadow::kWaiting:
      shadow_ = Shadow::kShed;
      reason_ = why == GiveUp::kDeadline ? "deadline_in_queue" : "shutdown";
      break;
    case Shadow::kRunning:
      // A shutdown says nothing about the candidate, so it must not count against it.
      shadow_ = why == GiveUp::kDeadline ? Shadow::kTimedOut : Shadow::kShed;
      shadow_call_.cancelled = why == GiveUp::kShutdown;
      reason_ = why == GiveUp::kDeadline ? "timeout" : "shutdown";
      shadow_call_.end_ns = core_->now_ns();
      core_->client().live().shadows_stuck.fetch_add(1, std::memory_order_relaxed);
      break;
    case Shadow::kDone:
    case Shadow::kTimedOut:
    case Shadow::kShed:
      return;
  }
  settle_if_complete(std::move(lock));
  stop_.request_stop();  // outside the lock: it may run a callback of the callable's
}

void Pair::settle_if_complete(std::unique_lock<std::mutex> lock) noexcept {
  sdk::FinishedRun finished;
  switch (shadow_) {
    case Shadow::kWaiting:
    case Shadow::kRunning:
      return;
    case Shadow::kDone:
      finished.shadow = sdk::ShadowEnd::kAnswered;
      break;
    case Shadow::kTimedOut:
      finished.shadow = sdk::ShadowEnd::kTimedOut;
      break;
    case Shadow::kShed:
      finished.shadow = sdk::ShadowEnd::kShed;
      break;
  }
  if (!main_done_ || settled_) return;
  settled_ = true;
  finished.experiment = core_;
  finished.reason = reason_;
  finished.run = std::move(run_);
  Call& call = finished.run.call(finished.run.shadow());
  // After a fallback the caller's own call of that side is what the evaluation shows.
  if (!call.called) {
    call.called = shadow_call_.called;
    call.cancelled = shadow_call_.cancelled;
    call.start_ns = shadow_call_.start_ns;
    call.end_ns = shadow_call_.end_ns;
    call.failure = std::move(shadow_call_.failure);
  }
  if (finished.shadow == sdk::ShadowEnd::kAnswered) finished.pair = shared_from_this();
  lock.unlock();
  core_->client().settle(std::move(finished));
}

}  // namespace understudy::detail
