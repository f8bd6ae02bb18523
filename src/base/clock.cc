#include "base/clock.h"

#include <time.h>

namespace understudy::base {
namespace {

int64_t read_ns(clockid_t id) {
  timespec now{};
  clock_gettime(id, &now);
  return static_cast<int64_t>(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
}

class MachineClock final : public Clock {
 public:
  int64_t unix_ns() const override { return read_ns(CLOCK_REALTIME); }
  int64_t steady_ns() const override { return read_ns(CLOCK_MONOTONIC); }
};

}  // namespace

const Clock& system_clock() {
  static const MachineClock clock;
  return clock;
}

}  // namespace understudy::base
