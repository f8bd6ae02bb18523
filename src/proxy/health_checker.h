#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/task.h"
#include "net/event_loop.h"
#include "net/resolver.h"
#include "net/signal.h"
#include "net/task_scope.h"
#include "net/timer.h"
#include "proxy/pool.h"
#include "proxy/side_health.h"

namespace understudy::proxy {

/// Asks one service how it is, again and again, over a new connection each time, and tells its
/// SideHealth. The first check is made at once. A check passes when the whole answer is there
/// within the timeout, with a status from 200 to 399. Lifetime: the loop, buffers and resolver
/// outlive it; the destructor breaks off the check under way. Threads: the loop's. Cost: one
/// connection for as long as a check takes.
class HealthChecker {
 public:
  HealthChecker(net::EventLoop& loop, net::BufferPool& buffers, net::Resolver& resolver,
                const SideOptions& side, std::shared_ptr<SideHealth> health);

  /// How to call the service from the next check on; the one under way ends as it began.
  void follow(const SideOptions& side);

 private:
  /// Wakes the checks when the next is due.
  struct Alarm final : net::Timer {
    explicit Alarm(net::EventLoop& loop) : net::Timer(loop.timers()), due(loop) {}
    void on_deadline() override { due.notify(); }
    net::Signal due;
  };

  base::Task<void> run();
  /// Why the service did not pass; empty when it did.
  base::Task<std::string> check();

  net::EventLoop& loop_;
  net::BufferPool& buffers_;
  net::Resolver& resolver_;
  const std::shared_ptr<SideHealth> health_;
  std::optional<Pool> pool_;
  std::optional<SideOptions> next_side_;  // what to follow, if that is something else
  Alarm alarm_;
  net::TaskScope scope_;
};

}  // namespace understudy::proxy
