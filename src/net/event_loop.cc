#include "net/event_loop.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "base/check.h"
#include "base/text.h"

namespace understudy::net {

void Resumable::unlink() {
  if (next_ == nullptr) return;
  previous_->next_ = next_;
  next_->previous_ = previous_;
  next_ = nullptr;
  previous_ = nullptr;
}

EventLoop::EventLoop(const base::Clock& clock) : clock_(clock), now_ns_(clock.steady_ns()) {
  compare_clocks();
  epoll_ = epoll_create1(EPOLL_CLOEXEC);
  CHECK(epoll_ >= 0);
  wake_descriptor_ = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  CHECK(wake_descriptor_ >= 0);
  CHECK(watch_level(wake_descriptor_, waker_).ok());
  ready_.next_ = &ready_;
  ready_.previous_ = &ready_;
  later_.next_ = &later_;
  later_.previous_ = &later_;
  last_.next_ = &last_;
  last_.previous_ = &last_;
}

EventLoop::~EventLoop() {
  while (ready_.next_ != &ready_) ready_.next_->unlink();
  while (later_.next_ != &later_) later_.next_->unlink();
  while (last_.next_ != &last_) last_.next_->unlink();
  close(wake_descriptor_);
  close(epoll_);
}

void EventLoop::run() {
  while (!stopped()) turn(kNever);
}

void EventLoop::turn(int64_t wait_ns) {
  ++turns_;
  // Apart from what is deferred while the sockets are looked at, which is for the turn after.
  move_all(later_, last_);
  if (ready_.next_ != &ready_ || last_.next_ != &last_) wait_ns = 0;
  const int64_t next_ns = timers_.next_ns();
  if (next_ns != kNever) {
    const int64_t until_ns = next_ns - clock_.steady_ns();
    wait_ns = std::min(wait_ns, std::max<int64_t>(until_ns, 0));
  }
  constexpr int64_t kMillisecond = 1'000'000;
  constexpr int64_t kWaitMax = 3'600'000;
  // Rounded up, so that the loop does not spin through the last part of a millisecond.
  const int wait_ms =
      wait_ns == kNever
          ? -1
          : static_cast<int>(std::min((wait_ns + kMillisecond - 1) / kMillisecond, kWaitMax));
  const int count = epoll_wait(epoll_, events_.data(), kEventsPerTurnMax, wait_ms);
  now_ns_ = clock_.steady_ns();
  if (now_ns_ - clocks_compared_ns_ >= kWallClockFreshNs) compare_clocks();
  event_count_ = count > 0 ? static_cast<size_t>(count) : 0;
  for (event_index_ = 0; event_index_ < event_count_; ++event_index_) {
    const epoll_event& event = events_[event_index_];
    if (event.data.ptr != nullptr) static_cast<Pollable*>(event.data.ptr)->on_events(event.events);
  }
  event_count_ = 0;
  timers_.fire(now_ns_);
  move_all(last_, ready_);
  resume_ready();
  if (turn_end_) turn_end_();
}

void EventLoop::compare_clocks() {
  clocks_compared_ns_ = now_ns_;
  wall_clock_offset_ns_ = clock_.unix_ns() - clock_.steady_ns();
}

void EventLoop::stop() {
  stopped_.store(true, std::memory_order_release);
  wake();
}

void EventLoop::post(std::function<void()> work) {
  {
    const std::lock_guard lock(posted_mutex_);
    posted_.push_back(std::move(work));
  }
  wake();
}

void EventLoop::wake() {
  const uint64_t one = 1;
  [[maybe_unused]] const auto written = write(wake_descriptor_, &one, sizeof one);
}

void EventLoop::take_posted() {
  uint64_t count = 0;
  [[maybe_unused]] const auto got = read(wake_descriptor_, &count, sizeof count);
  std::vector<std::function<void()>> work;
  {
    const std::lock_guard lock(posted_mutex_);
    work.swap(posted_);
  }
  for (auto& item : work) item();
}

base::Status EventLoop::watch(int descriptor, Pollable& pollable) {
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  event.data.ptr = &pollable;
  if (epoll_ctl(epoll_, EPOLL_CTL_ADD, descriptor, &event) == 0) return {};
  return base::error(base::ErrorKind::kIo, base::cat("epoll_ctl: ", std::strerror(errno)));
}

base::Status EventLoop::watch_level(int descriptor, Pollable& pollable) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.ptr = &pollable;
  if (epoll_ctl(epoll_, EPOLL_CTL_ADD, descriptor, &event) == 0) return {};
  return base::error(base::ErrorKind::kIo, base::cat("epoll_ctl: ", std::strerror(errno)));
}

void EventLoop::unwatch(int descriptor, Pollable& pollable) {
  // Closing would do this too, unless the descriptor was inherited by another process.
  epoll_ctl(epoll_, EPOLL_CTL_DEL, descriptor, nullptr);
  for (size_t i = event_index_ + 1; i < event_count_; ++i) {
    if (events_[i].data.ptr == &pollable) events_[i].data.ptr = nullptr;
  }
}

void EventLoop::schedule(Resumable& resumable, std::coroutine_handle<> handle) {
  link(ready_, resumable, handle);
}

void EventLoop::defer(Resumable& resumable, std::coroutine_handle<> handle) {
  link(later_, resumable, handle);
}

void EventLoop::move_all(Resumable& from, Resumable& to) {
  while (from.next_ != &from) {
    Resumable* first = from.next_;
    first->unlink();
    link(to, *first, first->handle_);
  }
}

void EventLoop::link(Resumable& ring, Resumable& resumable, std::coroutine_handle<> handle) {
  resumable.handle_ = handle;
  if (resumable.next_ != nullptr) return;
  resumable.previous_ = ring.previous_;
  resumable.next_ = &ring;
  ring.previous_->next_ = &resumable;
  ring.previous_ = &resumable;
}

void EventLoop::resume_ready() {
  // What is scheduled meanwhile waits for the next turn if it is more than this, so that two
  // coroutines that wake each other cannot keep the loop from its sockets.
  constexpr int kResumesPerTurnMax = 10'000;
  for (int i = 0; i < kResumesPerTurnMax && ready_.next_ != &ready_; ++i) {
    Resumable* first = ready_.next_;
    first->unlink();
    first->handle_.resume();
  }
}

}  // namespace understudy::net
