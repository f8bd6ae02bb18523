#include "app/event_writer.h"

#include <pthread.h>

#include <utility>

#include "base/log.h"

namespace understudy::app {

EventWriter::EventWriter(store::EventStore& store, const EventWriterOptions& options,
                         const base::Clock& clock)
    : store_(store), options_(options), clock_(clock) {
  thread_ = std::thread([this] { run(); });
}

EventWriter::~EventWriter() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  added_.notify_all();
  thread_.join();
}

bool EventWriter::full() const {
  return filling_.events() >= options_.batch_events_max ||
         filling_.size_bytes() >= options_.batch_bytes_max;
}

void EventWriter::wait_for_room(std::unique_lock<std::mutex>& lock) {
  taken_.wait(lock, [this] { return !full(); });
}

void EventWriter::encode() {
  filling_.add(event_);
  ++added_count_;
  if (filling_.events() == 1 || full()) added_.notify_one();
}

void EventWriter::flush() {
  std::unique_lock lock(mutex_);
  const uint64_t target = added_count_;
  while (settled_count_ < target) {
    flush_wanted_ = true;
    added_.notify_one();
    taken_.wait(lock);
  }
}

void EventWriter::run() {
  pthread_setname_np(pthread_self(), "event-writer");
  std::unique_lock lock(mutex_);
  while (true) {
    added_.wait(lock, [this] { return stopping_ || filling_.events() > 0; });
    if (filling_.events() == 0) return;
    added_.wait_for(lock, options_.batch_wait,
                    [this] { return stopping_ || flush_wanted_ || full(); });
    flush_wanted_ = false;
    event::EncodedBatch batch = filling_.take();
    const uint64_t events = batch.events;
    lock.unlock();
    taken_.notify_all();
    append(std::move(batch));
    lock.lock();
    settled_count_ += events;
    taken_.notify_all();
  }
}

void EventWriter::append(event::EncodedBatch batch) {
  const uint64_t events = batch.events;
  const base::Status appended = store_.append_encoded(std::move(batch));
  if (appended.ok()) {
    events_written_.fetch_add(events, std::memory_order_relaxed);
    return;
  }
  events_dropped_.fetch_add(events, std::memory_order_relaxed);
  dropped_since_log_ += events;
  const int64_t now_ns = clock_.steady_ns();
  if (last_log_ns_ != 0 && now_ns - last_log_ns_ < options_.log_interval.count()) return;
  last_log_ns_ = now_ns;
  base::log_error("events: ", std::exchange(dropped_since_log_, 0),
                  " dropped, traffic goes on: ", appended.error().context);
}

}  // namespace understudy::app
