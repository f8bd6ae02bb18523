#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "base/clock.h"
#include "event/batch.h"
#include "event/event.h"
#include "store/event_store.h"

namespace understudy::app {

struct EventWriterOptions {
  /// So many events, or so many bytes of them, are handed to the store at once.
  size_t batch_events_max = 4096;
  size_t batch_bytes_max = 4u << 20;
  /// An event waits for company no longer than this, so that it can be queried soon.
  std::chrono::nanoseconds batch_wait = std::chrono::milliseconds(200);
  /// One log line about failing appends in this time; the ones between are counted.
  std::chrono::nanoseconds log_interval = std::chrono::seconds(10);
};

/// Gathers events and appends them to the store in batches, on a thread of its own.
/// Failure: a batch the store refuses is dropped whole, counted and logged (not more often than
/// `log_interval`); the next one is tried again, so that a disk that has room again is used again.
/// A producer waits while a full batch cannot be handed over because the store is still busy with
/// the one before: that is the bound on memory, and why no data thread may call add().
/// Lifetime: the store must outlive it; the destructor appends what is left.
/// Threads: add and flush from any.
/// Cost: an event is encoded while it is in the cache, so that a full batch is as small as it can
/// be: no memory of a size of its own for each event, written here and read elsewhere.
class EventWriter {
 public:
  EventWriter(store::EventStore& store, const EventWriterOptions& options,
              const base::Clock& clock = base::system_clock());
  ~EventWriter();
  EventWriter(const EventWriter&) = delete;
  EventWriter& operator=(const EventWriter&) = delete;

  /// `fill` writes one event into the one it is given, which is empty.
  template <class Fill>
  void add(const Fill& fill) {
    std::unique_lock lock(mutex_);
    wait_for_room(lock);
    fill(event_);
    encode();
  }

  /// Waits until everything added before was appended or dropped.
  void flush();

  uint64_t events_written() const { return events_written_.load(std::memory_order_relaxed); }
  /// Events of batches the store refused.
  uint64_t events_dropped() const { return events_dropped_.load(std::memory_order_relaxed); }

 private:
  bool full() const;
  void wait_for_room(std::unique_lock<std::mutex>& lock);
  void encode();
  void run();
  void append(event::EncodedBatch batch);

  store::EventStore& store_;
  const EventWriterOptions options_;
  const base::Clock& clock_;

  std::mutex mutex_;
  std::condition_variable added_;
  std::condition_variable taken_;
  event::Event event_;  // the one being added; its memory is used again
  event::BatchEncoder filling_;
  uint64_t added_count_ = 0;    // events ever added
  uint64_t settled_count_ = 0;  // ... and appended or dropped since
  bool flush_wanted_ = false;
  bool stopping_ = false;

  std::atomic<uint64_t> events_written_{0};
  std::atomic<uint64_t> events_dropped_{0};
  int64_t last_log_ns_ = 0;
  uint64_t dropped_since_log_ = 0;
  std::thread thread_;
};

}  // namespace understudy::app
