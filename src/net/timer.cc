#include "net/timer.h"

namespace understudy::net {

Timer::~Timer() {
  if (index_ != kNotQueued) heap_.remove(this);
}

void Timer::set_deadline(int64_t deadline_ns) {
  deadline_ns_ = deadline_ns;
  if (deadline_ns >= queued_ns_) return;  // looked at in time anyway, or kNever
  if (index_ != kNotQueued) heap_.remove(this);
  queued_ns_ = deadline_ns;
  heap_.insert(this);
}

void TimerHeap::fire(int64_t now_ns) {
  while (!heap_.empty() && heap_.front()->queued_ns_ <= now_ns) {
    Timer* timer = heap_.front();
    remove(timer);
    timer->queued_ns_ = kNever;
    const int64_t deadline_ns = timer->deadline_ns_;
    if (deadline_ns > now_ns) {
      timer->set_deadline(deadline_ns);
      continue;
    }
    timer->deadline_ns_ = kNever;
    timer->on_deadline();
  }
}

void TimerHeap::insert(Timer* timer) {
  heap_.push_back(timer);
  place(heap_.size() - 1, timer);
  sift_up(heap_.size() - 1);
}

void TimerHeap::remove(Timer* timer) {
  const size_t index = timer->index_;
  timer->index_ = Timer::kNotQueued;
  Timer* last = heap_.back();
  heap_.pop_back();
  if (last == timer) return;
  place(index, last);
  sift_up(index);
  sift_down(last->index_);
}

void TimerHeap::place(size_t index, Timer* timer) {
  heap_[index] = timer;
  timer->index_ = index;
}

void TimerHeap::sift_up(size_t index) {
  Timer* moving = heap_[index];
  while (index > 0) {
    const size_t parent = (index - 1) / 2;
    if (heap_[parent]->queued_ns_ <= moving->queued_ns_) break;
    place(index, heap_[parent]);
    index = parent;
  }
  place(index, moving);
}

void TimerHeap::sift_down(size_t index) {
  Timer* moving = heap_[index];
  while (true) {
    size_t child = 2 * index + 1;
    if (child >= heap_.size()) break;
    if (child + 1 < heap_.size() && heap_[child + 1]->queued_ns_ < heap_[child]->queued_ns_) {
      ++child;
    }
    if (moving->queued_ns_ <= heap_[child]->queued_ns_) break;
    place(index, heap_[child]);
    index = child;
  }
  place(index, moving);
}

}  // namespace understudy::net
