#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>

#include "base/clock.h"
#include "core/event_exporter.h"
#include "core/flag_receiver.h"
#include "core/live_counters.h"
#include "core/run_recorder.h"
#include "core/settler.h"
#include "core/shadow_executor.h"
#include "core/thread_group.h"
#include "core/transport.h"
#include "flags/evaluate.h"
#include "flags/snapshot_holder.h"
#include "understudy/client.h"
#include "understudy/detail/run.h"

namespace understudy::detail {

/// What a client is made of, wired. Shared with its experiments and its threads.
/// Start and stop: `start` makes it and its threads, `shutdown` ends them within the bound; both
/// once. Threads: any for the rest.
class ClientCore : public std::enable_shared_from_this<ClientCore> {
 public:
  /// What tests replace.
  struct Seams {
    std::unique_ptr<sdk::Transport> transport;  // null: libcurl
    const base::Clock* clock = nullptr;         // null: the machine's; outlives the core
    uint64_t seed = 0;                          // 0: from the operating system
  };

  static std::shared_ptr<ClientCore> start(ClientOptions options, Seams seams);
  ~ClientCore();
  void shutdown() noexcept;

  bool wait_for_flags(std::chrono::milliseconds timeout) const {
    return receiver_.wait_for_flags(timeout);
  }
  bool flush(std::chrono::milliseconds timeout);
  Counters counters() const { return counters_.read(); }
  /// Makes every thread look at the clock again; for a clock that jumps.
  void wake();

  const base::Clock& clock() const { return clock_; }
  sdk::LiveCounters& live() { return counters_; }
  flags::SnapshotHolder& flags() { return flags_; }

  bool submit(const std::shared_ptr<Pair>& pair);
  void settle(sdk::FinishedRun run) noexcept;
  bool closed() const { return closed_.load(std::memory_order_acquire); }

 private:
  ClientCore(ClientOptions options, Seams seams);
  void start_threads();
  bool quiet() const;

  const ClientOptions options_;
  const std::unique_ptr<sdk::Transport> transport_;
  const base::Clock& clock_;
  sdk::LiveCounters counters_;
  flags::SnapshotHolder flags_;
  sdk::EventExporter exporter_;
  sdk::RunRecorder recorder_;
  sdk::Settler settler_;
  sdk::ShadowExecutor executor_;
  sdk::FlagReceiver receiver_;
  std::atomic<bool> closed_{false};

  std::mutex progress_mutex_;
  std::condition_variable progress_;
  void note_progress();

  sdk::ThreadGroup shadows_;
  sdk::ThreadGroup settling_;
  sdk::ThreadGroup exporting_;
  sdk::ThreadGroup receiving_;
};

}  // namespace understudy::detail
