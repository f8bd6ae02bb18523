#include "proxy/side_health.h"

#include "base/log.h"

namespace understudy::proxy {

void SideHealth::report(std::string_view failure, int64_t unix_ns) {
  const std::lock_guard lock(mutex_);
  const bool passed = failure.empty();
  if (passed) {
    ++now_.passed;
  } else {
    ++now_.failed;
    now_.last_failure = failure;
  }
  if (now_.state == State::kUnknown && passed) {
    in_a_row_ = 0;
    base::log_info(label_, " is healthy: a check of ", options_.path, " passed");
    return enter(State::kHealthy, unix_ns);
  }
  if (passed == (now_.state != State::kUnhealthy)) {
    in_a_row_ = 0;
    return;
  }
  ++in_a_row_;
  if (passed && in_a_row_ >= options_.healthy_after) {
    base::log_info(label_, " is healthy again: ", in_a_row_, " checks of ", options_.path,
                   " passed");
    enter(State::kHealthy, unix_ns);
  } else if (!passed && in_a_row_ >= options_.unhealthy_after) {
    base::log_warn(label_, " is unhealthy: ", in_a_row_, " checks of ", options_.path,
                   " failed, the last with ", failure);
    enter(State::kUnhealthy, unix_ns);
  }
}

void SideHealth::enter(State state, int64_t unix_ns) {
  in_a_row_ = 0;
  now_.state = state;
  now_.since_unix_ns = unix_ns;
  state_.store(state, std::memory_order_relaxed);
}

SideHealth::Now SideHealth::now() const {
  const std::lock_guard lock(mutex_);
  return now_;
}

std::string_view name(SideHealth::State state) {
  switch (state) {
    case SideHealth::State::kUnknown:
      return "unknown";
    case SideHealth::State::kHealthy:
      return "healthy";
    case SideHealth::State::kUnhealthy:
      return "unhealthy";
  }
  return "unknown";
}

}  // namespace understudy::proxy
