#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

#include "proxy/migration_options.h"

namespace understudy::proxy {

/// What the active checks of one service say, over all workers: unhealthy after so many failed
/// checks in a row, healthy after so many that passed. Until the first change it counts as healthy,
/// because nothing is known against it. Each change is a line in the log.
/// Threads: unhealthy() and now() from any; report() from one. Cost: unhealthy() is one load.
class SideHealth {
 public:
  enum class State : uint8_t {
    kUnknown,    // no check has ended yet
    kHealthy,    // also after some failures, as long as they are too few
    kUnhealthy,  // until enough checks in a row have passed
  };

  /// `label` is whose it is, for the log: "migration shop: candidate".
  SideHealth(std::string label, const HealthOptions& options)
      : label_(std::move(label)), options_(options) {}

  bool unhealthy() const { return state_.load(std::memory_order_relaxed) == State::kUnhealthy; }
  /// The outcome of one check; `failure` is empty when it passed.
  void report(std::string_view failure, int64_t unix_ns);

  struct Now {
    State state = State::kUnknown;
    int64_t since_unix_ns = 0;  // of the last change of state; 0 before the first
    uint64_t passed = 0;        // checks, since it is watched
    uint64_t failed = 0;
    std::string last_failure;  // empty: none yet
  };
  Now now() const;
  const HealthOptions& options() const { return options_; }

 private:
  void enter(State state, int64_t unix_ns);

  const std::string label_;
  const HealthOptions options_;
  std::atomic<State> state_{State::kUnknown};
  mutable std::mutex mutex_;
  Now now_;
  uint32_t in_a_row_ = 0;  // outcomes that speak against the state
};
/// "unknown", "healthy", "unhealthy".
std::string_view name(SideHealth::State state);

}  // namespace understudy::proxy
