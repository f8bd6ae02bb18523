#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "app/candidate_calls.h"
#include "app/event_writer.h"
#include "app/exchange_events.h"
#include "base/bounded_queue.h"
#include "base/config_node.h"
#include "base/result.h"
#include "compare/comparator.h"
#include "compare/grouping.h"
#include "compare/noise.h"
#include "proxy/exchange.h"

namespace understudy::app {

struct RecorderOptions {
  /// Exchanges waiting to be compared and written. At the limit the next is refused, and the proxy
  /// counts it as dropped.
  size_t queue_len_max = 16'384;
  /// Bytes of all captured bodies and heads among them; the same at the limit.
  uint64_t queue_bytes_max = 128ull << 20;
  /// Threads that compare.
  int threads = 1;
  /// Whether events are written at all. Without, answers are still compared and accounted for.
  bool write_events = true;
  EventWriterOptions writer;

  /// Reads the `recorder` section: threads, queue_len_max, queue_bytes_max.
  static base::Result<RecorderOptions> parse(const base::ConfigNode& node);
};

/// What is compared how: one comparator per migration. Immutable; replaced as a whole.
using Comparators = std::map<std::string, std::shared_ptr<const compare::Comparator>, std::less<>>;

/// Counters since the start.
struct RecorderStats {
  uint64_t exchanges = 0;          // taken
  uint64_t exchanges_refused = 0;  // at a bound of the queue
  uint64_t waiting = 0;            // taken, not settled yet
  uint64_t waiting_bytes = 0;
  uint64_t events_written = 0;
  uint64_t events_dropped = 0;  // refused by the store: disk full and such
};

/// The differences of one migration since the start or the last change of its rules.
struct MigrationDifferences {
  compare::DifferenceGroups groups;
  /// Per rule of the comparator, in its order: how many differences it accepted.
  std::vector<uint64_t> rule_hits;
  /// Where control differs from itself, as far as it was asked twice.
  compare::NoiseFields noise;
};

/// Turns finished exchanges into events: compares the answers when that was asked for, settles the
/// account, and writes one evaluation event, a difference event for each recorded difference and
/// an error event for each side that failed.
/// Accounting: the proxy has counted every account but kCompared; for those the comparison decides
/// here between kCompared and kNotComparable, and likewise for the second calls to control between
/// taken and failed. An exchange that is refused is the proxy's to count.
/// Failure: nothing here reaches the data path; what the store refuses is dropped and counted.
/// Lifetime: the store must outlive it. The destructor settles what was taken.
/// Threads: all methods from any; emit never waits.
class ExchangeRecorder final : public proxy::ExchangeSink {
 public:
  ExchangeRecorder(store::EventStore& store, const RecorderOptions& options);
  /// Called by a recorder thread before it compares what it took from the queue: the moment to
  /// call set_comparators. Set before the first emit.
  void set_before_comparing(std::function<void()> hook) { before_comparing_ = std::move(hook); }
  ~ExchangeRecorder() override;

  bool emit(std::unique_ptr<proxy::Exchange>& exchange) override;

  /// Replaces the comparators for exchanges that are compared from now on. The difference groups
  /// of a migration whose comparator changed start anew.
  void set_comparators(Comparators comparators);
  std::shared_ptr<const Comparators> comparators() const;

  /// Empty for a migration nothing was compared for.
  MigrationDifferences differences(std::string_view migration) const;
  RecorderStats stats() const;
  const CandidateCalls& candidate_calls() const { return candidate_calls_; }
  /// Waits until nothing is waiting and every event was appended or dropped. For when nothing
  /// emits any more: the end of a drain, and tests.
  void flush();

 private:
  void run(int number);
  void settle(const proxy::Exchange& exchange, const Comparators& comparators);
  /// Adds to the groups; fills in which of the differences are at noisy places.
  void keep_groups(const proxy::Exchange& exchange, const compare::Comparator& comparator,
                   SettledExchange& settled);
  void keep_noise(const proxy::Exchange& exchange, const compare::Comparator& comparator,
                  const compare::Comparison& comparison);

  const RecorderOptions options_;
  std::function<void()> before_comparing_;
  EventWriter writer_;
  CandidateCalls candidate_calls_;
  base::BoundedQueue<std::unique_ptr<proxy::Exchange>> queue_;
  std::atomic<uint64_t> waiting_{0};
  std::atomic<uint64_t> waiting_bytes_{0};
  std::atomic<uint64_t> taken_{0};
  std::atomic<uint64_t> refused_{0};

  mutable std::mutex comparators_mutex_;
  std::shared_ptr<const Comparators> comparators_;

  struct Kept {
    std::shared_ptr<const compare::Comparator> comparator;  // whose rules the hits belong to
    MigrationDifferences differences;
  };
  mutable std::mutex groups_mutex_;
  std::map<std::string, Kept, std::less<>> groups_;

  std::mutex settled_mutex_;
  std::condition_variable settled_;
  std::vector<std::thread> threads_;
};

/// The bytes an exchange holds, for the bound of the queue.
uint64_t held_bytes(const proxy::Exchange& exchange);

}  // namespace understudy::app
