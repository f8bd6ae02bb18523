#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>

namespace flamingo {

/// A provisioned capacity: units that flow in at a rate, up to what `burst` seconds hold, and are
/// taken by readers. Starts full.
/// Threads: any number at once.
class TokenBucket {
 public:
  using Now = std::function<std::chrono::steady_clock::time_point()>;

  TokenBucket(
      double units_per_second, double burst_seconds,
      Now now = [] { return std::chrono::steady_clock::now(); });

  /// Takes the units, or none and false when there are fewer.
  bool take(double units);

  /// Changes the rate; what is in the bucket stays, up to its new size, and what is new in the
  /// size is there at once.
  void set_rate(double units_per_second);
  double rate() const;

 private:
  void refill();

  mutable std::mutex mutex_;
  Now now_;
  double burst_seconds_;
  double rate_;
  double units_;
  std::chrono::steady_clock::time_point filled_at_;
};

}  // namespace flamingo
