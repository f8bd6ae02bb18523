#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "core/backoff.h"
#include "core/live_counters.h"
#include "core/transport.h"
#include "event/event.h"

namespace understudy::sdk {

/// Sends events to the server in batches, by OTLP's rules: 429, 502, 503, 504 and a lost connection
/// are tried again with backoff (or after Retry-After), any other refusal drops the batch.
/// A batch leaves when it is full, when its first event is `flush_interval` old, or on `hurry`.
/// Bounded: `events_len_max` events wait, further ones are dropped; all drops are counted.
/// Threads: any for `offer`, `hurry`, `idle`; one runs `step` or `loop`.
class EventExporter {
 public:
  struct Options {
    std::string url;  // of the logs endpoint
    std::string key;
    std::string service;
    size_t events_len_max = 16'384;
    size_t batch_len_max = 512;
    int64_t flush_interval_ns = 1'000'000'000;
    bool gzip = false;
    uint64_t seed = 0;
    std::function<void(std::string_view)> log;
  };

  EventExporter(Options options, Transport& transport, const base::Clock& clock,
                LiveCounters& counters);

  /// Takes an event, or drops and counts it.
  void offer(event::Event event);
  /// Sends what there is now; a backoff in progress is cut short.
  void hurry();
  /// Nothing waits and nothing is under way.
  bool idle() const;
  /// How many attempts failed; lets a shutdown stop waiting for a server that is away.
  uint64_t attempts_failed() const;

  /// Sends a batch if one is due. When to look again (steady ns), INT64_MAX for not before the next
  /// event.
  int64_t step(std::stop_token stop);
  /// Steps until stopped; then drops and counts what is left. `progress` is called after each step.
  void loop(std::stop_token stop, const std::function<void()>& progress);
  /// Looks at the clock again; for a clock that jumps.
  void wake();

  static constexpr int64_t kRetryFirstNs = 1'000'000'000;
  static constexpr int64_t kRetryLongestNs = 30'000'000'000;
  static constexpr int64_t kRetryAfterMaxNs = 300'000'000'000;

 private:
  bool due(int64_t now_ns) const;
  void send(std::stop_token stop);
  void retry_later(std::string_view why, int64_t asked_ns);
  void drop_batch(std::string_view why);
  void say(std::string_view what, std::string_view why);

  const Options options_;
  Transport& transport_;
  const base::Clock& clock_;
  LiveCounters& counters_;

  mutable std::mutex mutex_;  // guards the next group
  std::condition_variable_any changed_;
  std::deque<event::Event> waiting_;
  int64_t oldest_ns_ = 0;  // when the first of `waiting_` came
  bool hurry_ = false;
  bool woken_ = false;
  bool busy_ = false;  // `batch_` is not empty
  uint64_t attempts_failed_ = 0;

  // Stepping thread only.
  std::vector<event::Event> batch_;
  std::string body_;
  int64_t not_before_ns_ = 0;
  Backoff backoff_;
};

}  // namespace understudy::sdk
