#include "data/token_bucket.h"

#include <algorithm>

namespace flamingo {

TokenBucket::TokenBucket(double units_per_second, double burst_seconds, Now now)
    : now_(std::move(now)),
      burst_seconds_(burst_seconds),
      rate_(units_per_second),
      units_(units_per_second * burst_seconds),
      filled_at_(now_()) {}

bool TokenBucket::take(double units) {
  const std::lock_guard lock(mutex_);
  refill();
  if (units_ < units) return false;
  units_ -= units;
  return true;
}

void TokenBucket::set_rate(double units_per_second) {
  const std::lock_guard lock(mutex_);
  refill();
  units_ += std::max(0.0, units_per_second - rate_) * burst_seconds_;
  rate_ = units_per_second;
  units_ = std::min(units_, rate_ * burst_seconds_);
}

double TokenBucket::rate() const {
  const std::lock_guard lock(mutex_);
  return rate_;
}

void TokenBucket::refill() {
  const auto now = now_();
  const double seconds = std::chrono::duration<double>(now - filled_at_).count();
  filled_at_ = now;
  units_ = std::min(units_ + seconds * rate_, rate_ * burst_seconds_);
}

}  // namespace flamingo
