#pragma once

#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <vector>

#include "app/exchange_recorder.h"
#include "flags/snapshot_holder.h"

namespace understudy::app {

/// Keeps a recorder's comparators as the flags say, so that a rule accepted in the API counts from
/// the next comparison on.
/// Failure: a flag whose value is no comparison keeps the former rules, with one log line per
/// change; a migration that never had good ones compares without rules.
/// Threads: any. Cost: one atomic load while no flag has changed.
class CompareRules {
 public:
  CompareRules(const flags::SnapshotHolder& flags, ExchangeRecorder& recorder)
      : flags_(flags), recorder_(recorder) {}

  /// The migrations to compare for, and what their flags say now. Those that went away since are
  /// compared for still, the last kFormerMax of them: their requests may be under way, or wait for
  /// their comparison, long after a reload.
  void set_migrations(std::vector<std::string> names);
  /// Looks whether a flag has changed since the last call.
  void follow();

 private:
  static constexpr size_t kFormerMax = 64;

  struct Known {
    std::string value;  // of the flag, as JSON
    std::shared_ptr<const compare::Comparator> comparator;
  };

  void refresh();

  const flags::SnapshotHolder& flags_;
  ExchangeRecorder& recorder_;
  std::atomic<uint64_t> seen_{0};
  std::mutex mutex_;
  std::vector<std::string> names_;
  std::deque<std::string> former_;  // the longest gone first
  std::map<std::string, Known> known_;
};

}  // namespace understudy::app
