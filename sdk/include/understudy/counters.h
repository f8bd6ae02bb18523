#pragma once

#include <cstdint>

namespace understudy {

/// What became of every run since the client was made. A run is in exactly one of the eight places
/// of the accounting, or still in flight:
/// `requests = not_sampled + compared + shed + too_large + timed_out + failed + client_aborted +
/// not_comparable + in_flight`. A plain copy, read at one moment.
struct Counters {
  uint64_t requests = 0;
  uint64_t in_flight = 0;  // begun, and not settled yet

  uint64_t not_sampled = 0;     // no comparison was asked, and nothing went wrong on the shadow
  uint64_t compared = 0;        // both answers were compared, whatever the outcome
  uint64_t shed = 0;            // the shadow or its comparison met a bound or the client's end
  uint64_t too_large = 0;       // an answer was above `body_bytes_max`
  uint64_t timed_out = 0;       // the shadow passed its deadline, its result was dropped
  uint64_t failed = 0;          // a side threw, or answered with a failure
  uint64_t client_aborted = 0;  // always 0 in process: a caller cannot leave run() early
  uint64_t not_comparable = 0;  // an answer could not be lifted, copied or parsed

  uint64_t differing = 0;      // of `compared`: the answers disagreed after the rules
  uint64_t shadows_stuck = 0;  // now: shadow callables past their deadline and still running

  uint64_t events_recorded = 0;  // evaluation, difference and error events made
  uint64_t events_exported = 0;  // accepted by the server
  uint64_t events_rejected = 0;  // refused by the server, for good
  uint64_t events_dropped = 0;   // lost at a bound: queue, buffer or shutdown
  uint64_t export_retries = 0;   // batches that had to be sent again

  uint64_t flag_updates = 0;      // snapshots applied
  uint64_t flag_reconnects = 0;   // streams that ended or failed
  uint64_t flag_bad_updates = 0;  // stream events that could not be read

  /// The sum of the eight places.
  uint64_t settled() const {
    return not_sampled + compared + shed + too_large + timed_out + failed + client_aborted +
           not_comparable;
  }
  /// The identity above. Exact whenever no run begins or settles while the counters are read.
  bool adds_up() const { return requests == settled() + in_flight; }
};

}  // namespace understudy
