#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"
#include "judge/criteria.h"
#include "judge/verdict.h"

namespace understudy::store {
class EventStore;
}

namespace understudy::judge {

/// What to judge.
struct JudgeRequest {
  std::string migration{};
  Criteria criteria{};
  TimeSpan window{};                   // since the criteria were agreed or the mode was changed
  std::optional<TimeSpan> baseline{};  // control_only evaluations; absent: those within `window`
  std::optional<Population> population{};  // absent: the one with more candidate calls in `window`
  /// When the candidate was first called in the window, as far as it is known otherwise than from
  /// events, of which a store may have lost the oldest.
  std::optional<int64_t> first_paired_ns{};
  std::optional<int64_t> first_cutover_ns{};
  int64_t now_ns = 0;  // only stamped on the verdict
};

/// Holds the evidence in `store` against the agreed criteria. Reads only; acts on nothing.
/// docs/judging.md says which evaluations count for what and which statistics are used.
///
/// Failure: an error of the store, or a window that ends before it starts, is an Error; missing
/// data is a verdict (not enough evidence), never an error and never a pass. Threads: as `store`.
/// Cost: three to five queries over the window per criterion, up to five per side of a latency.
base::Result<Verdict> judge(store::EventStore& store, const JudgeRequest& request);

}  // namespace understudy::judge
