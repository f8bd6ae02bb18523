#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "core/backoff.h"
#include "core/live_counters.h"
#include "core/sse_parser.h"
#include "core/transport.h"
#include "flags/snapshot_holder.h"

namespace understudy::sdk {

/// Keeps the flags of a SnapshotHolder current from the server's LaunchDarkly-shaped stream:
/// `put` replaces everything, `patch` and `delete` count when their version is
/// newer. While the server is away the holder keeps what it has, and the stream is tried again
/// with backoff and jitter, for ever: a key that is refused now may be valid later.
/// A stream event that cannot be read is counted, and the stream dropped and taken up again, since
/// what it meant to change is unknown.
/// Bounded: one stream event holds at most `kEventBytesMax` bytes.
/// Threads: one runs `loop`; `wait_for_flags`, `has_flags` and `wake` from any.
class FlagReceiver final : public StreamSink {
 public:
  struct Options {
    std::string url;  // of the stream
    std::string key;
    std::string cache_file;  // empty: none
    uint64_t seed = 0;
    std::function<void(std::string_view)> log;
  };

  FlagReceiver(Options options, Transport& transport, const base::Clock& clock,
               flags::SnapshotHolder& holder, LiveCounters& counters);

  /// Takes the flags of the cache file, if there are any.
  void load_cache();
  /// Streams until stopped.
  void loop(std::stop_token stop);
  /// One connection, from connect to its end.
  base::Status receive(std::stop_token stop);
  /// Ends a wait between connections now.
  void wake();

  bool has_flags() const { return has_flags_.load(std::memory_order_acquire); }
  bool wait_for_flags(std::chrono::milliseconds timeout) const;

  bool on_status(int status) override;
  bool on_bytes(std::string_view bytes) override;

  static constexpr size_t kEventBytesMax = size_t{16} << 20;
  static constexpr int64_t kReconnectFirstNs = 1'000'000'000;
  static constexpr int64_t kReconnectLongestNs = 30'000'000'000;
  /// A connection that lived this long was healthy: the next backoff starts from the beginning.
  static constexpr int64_t kHealthyNs = 60'000'000'000;

 private:
  base::Status apply(const ServerEvent& event);
  base::Status apply_put(std::string_view data);
  base::Status apply_patch(std::string_view data);
  base::Status apply_delete(std::string_view data);
  void publish(std::shared_ptr<const flags::FlagSnapshot> snapshot);
  void save_cache(const flags::FlagSnapshot& snapshot);
  void say(std::string_view what, std::string_view why) const;

  const Options options_;
  Transport& transport_;
  const base::Clock& clock_;
  flags::SnapshotHolder& holder_;
  LiveCounters& counters_;
  Backoff backoff_;

  SseParser parser_;
  base::Status stream_status_;  // why the sink ended the stream
  bool initialised_ = false;    // this connection had its `put`

  std::atomic<bool> has_flags_{false};
  mutable std::mutex mutex_;
  mutable std::condition_variable_any changed_;
  bool woken_ = false;
};

}  // namespace understudy::sdk
