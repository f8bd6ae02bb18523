#include "app/event_writer.h"

#include <pthread.h>

#include <span>
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

void EventWriter::wait_for_room(std::unique_lock<std::mutex>& lock) {
  taken_.wait(lock, [this] { return filling_.used < options_.batch_events_max; });
}

event::Event& EventWriter::next_event() {
  if (filling_.used == filling_.events.size()) filling_.events.emplace_back();
  event::Event& event = filling_.events[filling_.used++];
  ++added_count_;
  if (filling_.used == 1 || filling_.used == options_.batch_events_max) added_.notify_one();
  return event;
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
  Batch batch;
  std::unique_lock lock(mutex_);
  while (true) {
    added_.wait(lock, [this] { return stopping_ || filling_.used > 0; });
    if (filling_.used == 0) return;
    added_.wait_for(lock, options_.batch_wait, [this] {
      return stopping_ || flush_wanted_ || filling_.used >= options_.batch_events_max;
    });
    flush_wanted_ = false;
    std::swap(batch, filling_);
    filling_.used = 0;
    lock.unlock();
    taken_.notify_all();
    append(batch);
    lock.lock();
    settled_count_ += batch.used;
    taken_.notify_all();
  }
}

void EventWriter::append(Batch& batch) {
  const std::span<const event::Event> events(batch.events.data(), batch.used);
  const base::Status appended = store_.append(events);
  if (appended.ok()) {
    events_written_.fetch_add(batch.used, std::memory_order_relaxed);
    return;
  }
  events_dropped_.fetch_add(batch.used, std::memory_order_relaxed);
  dropped_since_log_ += batch.used;
  const int64_t now_ns = clock_.steady_ns();
  if (last_log_ns_ != 0 && now_ns - last_log_ns_ < options_.log_interval.count()) return;
  last_log_ns_ = now_ns;
  base::log_error("events: ", std::exchange(dropped_since_log_, 0),
                  " dropped, traffic goes on: ", appended.error().context);
}

}  // namespace understudy::app
