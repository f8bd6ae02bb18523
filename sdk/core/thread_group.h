#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <thread>
#include <vector>

namespace understudy::sdk {

/// Threads that are stopped together, with a bound on how long that may take. A thread that does
/// not end in time (a callable of the user's that hangs) is let go: it owns what it touches, so it
/// ends on its own later, or with the process.
/// Threads: one owner.
class ThreadGroup {
 public:
  /// The body must return soon after stop is requested, and own all it uses.
  void start(std::function<void(std::stop_token)> body) {
    auto member = std::make_shared<Member>();
    member->thread = std::thread([ends = ends_, ended = &member->ended, member,
                                  body = std::move(body), stop = stop_.get_token()]() mutable {
      body(stop);
      body = nullptr;  // lets go of what the body owns before it counts as ended
      const std::lock_guard lock(ends->mutex);
      *ended = true;
      ends->changed.notify_all();
    });
    members_.push_back(std::move(member));
  }

  void request_stop() { stop_.request_stop(); }

  /// Joins the threads that end within `timeout` and lets the others go; how many those were.
  size_t join_within(std::chrono::nanoseconds timeout) {
    const auto until = std::chrono::steady_clock::now() + timeout;
    size_t abandoned = 0;
    for (const auto& member : members_) {
      std::unique_lock lock(ends_->mutex);
      const bool ended = ends_->changed.wait_until(lock, until, [&] { return member->ended; });
      lock.unlock();
      if (ended) {
        member->thread.join();
      } else {
        member->thread.detach();
        ++abandoned;
      }
    }
    members_.clear();
    return abandoned;
  }

 private:
  struct Ends {
    std::mutex mutex;
    std::condition_variable changed;
  };
  struct Member {
    bool ended = false;  // guarded by Ends::mutex
    std::thread thread;
  };

  std::stop_source stop_;
  std::shared_ptr<Ends> ends_ = std::make_shared<Ends>();
  std::vector<std::shared_ptr<Member>> members_;
};

}  // namespace understudy::sdk
