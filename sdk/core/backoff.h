#pragma once

#include <algorithm>
#include <cstdint>

#include "base/rng.h"

namespace understudy::sdk {

/// How long to wait before the next try: doubles from `first_ns` to `longest_ns`, each time less a
/// random part of up to half, so that many clients of one server do not come back at once.
/// Threads: one.
class Backoff {
 public:
  Backoff(int64_t first_ns, int64_t longest_ns, uint64_t seed)
      : first_ns_(first_ns), longest_ns_(longest_ns), next_ns_(first_ns), rng_(seed) {}

  int64_t next_ns() {
    const int64_t full = next_ns_;
    next_ns_ = std::min(longest_ns_, next_ns_ * 2);
    return full - static_cast<int64_t>(rng_.below(static_cast<uint64_t>(full / 2 + 1)));
  }
  void reset() { next_ns_ = first_ns_; }

 private:
  const int64_t first_ns_;
  const int64_t longest_ns_;
  int64_t next_ns_;
  base::Rng rng_;
};

}  // namespace understudy::sdk
