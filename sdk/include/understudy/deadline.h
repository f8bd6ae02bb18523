#pragma once

#include <chrono>
#include <stop_token>

namespace understudy {

/// How long a call still has. A callable that takes `const Deadline&` as its last parameter gets
/// one and should give up when it is over: C++ has no way to stop a callable that does not look.
/// For the main side of a run `stop` is never requested and `at` is the end of time.
/// Threads: any; valid during the call only.
struct Deadline {
  std::chrono::steady_clock::time_point at = std::chrono::steady_clock::time_point::max();
  std::stop_token stop;  // requested when the deadline passed or the client shuts down

  bool expired() const { return stop.stop_requested() || std::chrono::steady_clock::now() >= at; }
};

}  // namespace understudy
