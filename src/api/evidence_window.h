#pragma once

#include <optional>
#include <string>

#include "api/api.h"
#include "api/call.h"
#include "base/result.h"
#include "judge/verdict.h"

namespace understudy::api {

/// Which evaluations count now for a migration, and why from that moment on.
struct EvidenceWindow {
  judge::TimeSpan span;
  /// Where control_only evaluations come from instead of `span`, when somebody asked for it.
  std::optional<judge::TimeSpan> baseline;
  std::string reason;
};

/// From the later of two moments until now: when criteria and rules were agreed, and when the mode
/// was last changed (what was seen under another mix says little about this one). The query
/// parameters `last` (a duration) or `since` (a moment) replace it; `baseline` (either) says from
/// when on control_only evaluations count.
base::Result<EvidenceWindow> evidence_window(const Dependencies& dependencies,
                                             const MigrationNow& migration, const Call& call);

}  // namespace understudy::api
