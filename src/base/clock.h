#pragma once

#include <atomic>
#include <cstdint>

namespace understudy::base {

/// Source of time. `unix_ns` is wall time in nanoseconds since 1970 UTC and may jump; `steady_ns`
/// never goes back and is for durations and deadlines. Threads: any.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual int64_t unix_ns() const = 0;
  virtual int64_t steady_ns() const = 0;
};

/// The clock of the machine.
const Clock& system_clock();

/// A clock that moves only when told to. Threads: any.
class FakeClock final : public Clock {
 public:
  explicit FakeClock(int64_t unix_ns = 1'700'000'000'000'000'000) : unix_ns_(unix_ns) {}
  int64_t unix_ns() const override { return unix_ns_.load(); }
  int64_t steady_ns() const override { return steady_ns_.load(); }
  void advance_ns(int64_t delta_ns) {
    unix_ns_ += delta_ns;
    steady_ns_ += delta_ns;
  }

 private:
  std::atomic<int64_t> unix_ns_;
  std::atomic<int64_t> steady_ns_{1'000'000'000};
};

}  // namespace understudy::base
