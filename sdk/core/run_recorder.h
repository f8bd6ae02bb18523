#pragma once

#include <functional>
#include <string_view>

#include "base/clock.h"
#include "compare/comparator.h"
#include "core/accounting.h"
#include "core/event_exporter.h"
#include "core/finished_run.h"
#include "core/live_counters.h"
#include "flags/snapshot_holder.h"

namespace understudy::sdk {

/// Turns a finished run into its place in the accounting and its events: compares the two answers
/// with the rules of the flag `<migration>.compare`, and writes one evaluation event, up to
/// `differences_max` difference events and one error event for each side that failed.
/// A `compare` flag that cannot be read is reported, and the last good rules stay.
/// Failure: never throws; what a customisation throws makes the run not comparable.
/// Threads: one. Cost: one comparison; without one, a few hundred nanoseconds.
class RunRecorder {
 public:
  RunRecorder(EventExporter& exporter, LiveCounters& counters, const base::Clock& clock,
              const flags::SnapshotHolder& flags, std::function<void(std::string_view)> log);

  void record(FinishedRun& finished) noexcept;
  /// The place of a run whose comparison and events were lost at a bound.
  static Accounting place_without_comparison(const FinishedRun& finished);

 private:
  struct Compared;

  Compared compare(FinishedRun& finished);
  const compare::Comparator& current_comparator(const detail::ExperimentCore& experiment);
  void record_unguarded(FinishedRun& finished);

  EventExporter& exporter_;
  LiveCounters& counters_;
  const base::Clock& clock_;
  const flags::SnapshotHolder& flags_;
  const std::function<void(std::string_view)> log_;
};

}  // namespace understudy::sdk
