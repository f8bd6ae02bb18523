#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "understudy/counters.h"

namespace understudy {

namespace detail {
class ClientCore;
}

/// Whether event batches are compressed on the wire.
enum class Compression { kNone, kGzip };

/// Where the server is, and every bound of a client. Out-of-range values are raised to their
/// smallest sensible one.
struct ClientOptions {
  std::string url = "http://127.0.0.1:8081";  // of the server's admin listener
  std::string key = {};                       // sent as `Authorization`; empty: no such header
  std::string service = "understudy-sdk";     // `service.name` of the events

  size_t threads_max = 4;     // shadow callables that run at once
  size_t queue_len_max = 64;  // shadow callables that wait for a thread; beyond: shed
  size_t runs_len_max =
      8192;  // finished runs that wait to be compared and recorded; beyond: counted

  size_t events_len_max = 16'384;  // events that wait for the server; beyond: dropped and counted
  size_t batch_len_max = 512;      // events in one request
  std::chrono::milliseconds flush_interval{1000};  // longest wait of an event for its batch
  Compression compression = Compression::kNone;

  std::string flags_cache_file = {};  // last flags survive a restart here; empty: memory only
  std::chrono::milliseconds shutdown_max{2000};    // longest time the destructor takes
  std::function<void(std::string_view)> log = {};  // one line per problem; empty: silent
};

/// The connection to an Understudy server, shared by all experiments of a process.
/// Flags arrive over one stream; a change is seen by the next run. While the server is away the
/// last known flags hold; when none were ever received every run is control_only. Events leave in
/// batches; while the server is away they are kept up to `events_len_max`, then dropped and
/// counted. Delivery is at least once: a batch whose answer was lost is sent again. Failure: the
/// constructor does not need the server, and nothing here throws but std::bad_alloc and
/// std::system_error (no threads) from the constructor. Ownership: owns `threads_max` + 3 threads.
/// Experiments may outlive the client; their runs then serve the last known mode's main side, and
/// nothing else. Shutdown: the destructor sends what it can and returns within `shutdown_max`. A
/// shadow callable that still runs then cannot be killed and is left to finish on its own: what it
/// refers to has to live as long (docs/sdk.md). Threads: any, for every method.
class Client {
 public:
  explicit Client(ClientOptions options);
  /// For tests inside the project: a client over other clocks and transports.
  explicit Client(std::shared_ptr<detail::ClientCore> core);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// Waits until the first flags are here; false after `timeout`. Optional: runs before that are
  /// control_only, or as the cache file says.
  bool wait_for_flags(std::chrono::milliseconds timeout) const;
  /// Waits until every run has settled and every event has left; false after `timeout`.
  bool flush(std::chrono::milliseconds timeout);
  Counters counters() const;

  const std::shared_ptr<detail::ClientCore>& core() const { return core_; }

 private:
  std::shared_ptr<detail::ClientCore> core_;
};

}  // namespace understudy
