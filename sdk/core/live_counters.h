#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "core/accounting.h"
#include "understudy/counters.h"

namespace understudy::sdk {

/// The counters while they count. Threads: any. Cost: one relaxed atomic each.
struct LiveCounters {
  using Count = std::atomic<uint64_t>;

  alignas(64) Count requests{0};
  alignas(64) Count in_flight{0};
  std::array<Count, kAccountingCount> settled{};
  Count differing{0};
  Count shadows_stuck{0};
  Count events_recorded{0};
  Count events_exported{0};
  Count events_rejected{0};
  Count events_dropped{0};
  Count export_retries{0};
  Count flag_updates{0};
  Count flag_reconnects{0};
  Count flag_bad_updates{0};

  /// Moves one run from in flight to its place.
  void settle(Accounting place) {
    settled[static_cast<size_t>(place)].fetch_add(1, std::memory_order_relaxed);
    in_flight.fetch_sub(1, std::memory_order_release);
  }

  Counters read() const {
    const auto of = [this](Accounting place) { return settled[static_cast<size_t>(place)].load(); };
    Counters out;
    out.in_flight = in_flight.load(std::memory_order_acquire);
    out.requests = requests.load();
    out.not_sampled = of(Accounting::kNotSampled);
    out.compared = of(Accounting::kCompared);
    out.shed = of(Accounting::kShed);
    out.too_large = of(Accounting::kTooLarge);
    out.timed_out = of(Accounting::kTimedOut);
    out.failed = of(Accounting::kFailed);
    out.client_aborted = of(Accounting::kClientAborted);
    out.not_comparable = of(Accounting::kNotComparable);
    out.differing = differing.load();
    out.shadows_stuck = shadows_stuck.load();
    out.events_recorded = events_recorded.load();
    out.events_exported = events_exported.load();
    out.events_rejected = events_rejected.load();
    out.events_dropped = events_dropped.load();
    out.export_retries = export_retries.load();
    out.flag_updates = flag_updates.load();
    out.flag_reconnects = flag_reconnects.load();
    out.flag_bad_updates = flag_bad_updates.load();
    return out;
  }
};

}  // namespace understudy::sdk
