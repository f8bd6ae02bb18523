#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>

namespace understudy::api {

/// An answer that does not end: Server-Sent Events, pulled by whoever holds the connection.
///
///     stream->on_ready(wake);                      // any thread may call wake
///     for (;;) { send(stream->take()); wait for wake or kHeartbeatEvery;
///                on the latter send(kHeartbeat); }
///
/// Nothing is queued between two calls of take(): what changed in between is merged, so a reader
/// that is slow or stopped costs no memory and gets the newest state when it reads again.
/// Ownership: shared with nobody but the connection; dropping it closes it and frees its place.
/// Threads: take and on_ready from one thread at a time; wake comes from any.
class EventStream {
 public:
  /// So often something is sent, so that both ends notice a dead connection.
  static constexpr std::chrono::seconds kHeartbeatEvery{15};
  static constexpr std::string_view kHeartbeat = ":\n\n";

  virtual ~EventStream() = default;

  /// Whole events to send now, in their wire form; empty when there is nothing new. The first call
  /// gives the whole state.
  virtual std::string take() = 0;

  /// `wake` is called, perhaps more often than needed, when take() may have something. It must not
  /// block, and must not call back into the stream. After `on_ready({})` returns, no call is under
  /// way and none will come.
  virtual void on_ready(std::function<void()> wake) = 0;
};

}  // namespace understudy::api
