#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>

#include "api/event_stream.h"
#include "base/result.h"
#include "flags/snapshot_holder.h"
#include "state/state_store.h"

namespace understudy::api {

/// Carries a change of the state store to everybody who evaluates flags: the proxy's workers
/// through the SnapshotHolder, other processes through event streams. Whoever changes a flag calls
/// publish() afterwards; the API does, and so must configuration reload and autopilot.
/// Failure: when the store cannot be read, the former snapshot stays and the error is returned.
/// Lifetime: store and holder outlive it; streams may outlive it, they then stay silent.
/// Threads: any. Publications happen one after another, so an older state never replaces a newer.
/// Cost: publish reads all flags (milliseconds) and wakes each stream, which compares versions.
class FlagPublisher {
 public:
  /// Streams open at once.
  static constexpr size_t kStreamsMaxDefault = 1'000;

  FlagPublisher(state::StateStore& store, flags::SnapshotHolder& holder,
                size_t streams_max = kStreamsMaxDefault);
  ~FlagPublisher();
  FlagPublisher(const FlagPublisher&) = delete;
  FlagPublisher& operator=(const FlagPublisher&) = delete;

  base::Status publish();
  std::shared_ptr<const flags::FlagSnapshot> current() const { return holder_.load(); }

  /// A stream in LaunchDarkly's shape: `put` with everything, then `patch` and `delete`.
  /// kUnavailable when streams_max are open.
  base::Result<std::shared_ptr<EventStream>> open_stream();
  size_t streams_open() const;

 private:
  class Subscribers;
  class Stream;

  state::StateStore& store_;
  flags::SnapshotHolder& holder_;
  std::mutex publish_mutex_;
  const std::shared_ptr<Subscribers> subscribers_;
};

}  // namespace understudy::api
