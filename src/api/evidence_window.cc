#include "api/evidence_window.h"

#include <algorithm>

#include "base/text.h"
#include "flags/mode.h"

namespace understudy::api {
namespace {

using base::cat;
using base::Result;

/// When the mode of a migration was last changed, if that is known.
Result<std::optional<int64_t>> mode_changed_ns(const Dependencies& dependencies,
                                               const std::string& migration) {
  TRY_ASSIGN(const auto history, dependencies.state.history({.kind = state::ItemKind::kFlag,
                                                             .key = flags::mode_flag_key(migration),
                                                             .limit = 1}));
  if (history.empty()) return std::optional<int64_t>();
  return std::optional<int64_t>(history.front().time_ns);
}

/// Where control_only evaluations are to come from instead of the window: since that moment, or for
/// that long, until the window ends. Only when somebody asks: without, the verdict says what it
/// lacks rather than fall back on what was measured at another time.
Result<std::optional<judge::TimeSpan>> wanted_baseline(const Call& call,
                                                       const judge::TimeSpan& window,
                                                       int64_t now_ns) {
  const auto text = call.query("baseline");
  if (!text) return std::optional<judge::TimeSpan>();
  judge::TimeSpan baseline{.start_ns = 0, .end_ns = window.end_ns};
  if (const auto duration_ns = parse_duration_ns(*text); duration_ns.ok()) {
    baseline.start_ns = std::max<int64_t>(0, now_ns - *duration_ns);
  } else {
    TRY_ASSIGN(const auto moment, call.query_time("baseline"));
    baseline.start_ns = *moment;
  }
  if (baseline.start_ns > now_ns) {
    return base::error(base::ErrorKind::kProtocol, "parameter 'baseline' lies in the future");
  }
  return std::optional<judge::TimeSpan>(baseline);
}

/// The span and the reason, without a baseline.
Result<EvidenceWindow> window_of(const Dependencies& dependencies, const MigrationNow& migration,
                                 const Call& call) {
  EvidenceWindow window;
  const int64_t now_ns = dependencies.clock.unix_ns();
  window.span.end_ns = now_ns + 1;  // the end does not belong to it
  const auto last = call.query("last");
  TRY_ASSIGN(const auto since, call.query_time("since"));
  if (last && since) {
    return base::error(base::ErrorKind::kProtocol, "give either 'last' or 'since', not both");
  }
  if (last) {
    TRY_ASSIGN(const int64_t duration_ns, parse_duration_ns(*last));
    window.span.start_ns = std::max<int64_t>(0, now_ns - duration_ns);
    window.reason = cat("the last ", *last, ", as asked");
    return window;
  }
  if (since) {
    if (*since > now_ns) {
      return base::error(base::ErrorKind::kProtocol, "parameter 'since' lies in the future");
    }
    window.span.start_ns = *since;
    window.reason = "since the moment asked for";
    return window;
  }
  const int64_t agreed_ns = std::min(migration.evidence_since_ns, now_ns);
  TRY_ASSIGN(const auto changed_ns, mode_changed_ns(dependencies, migration.facts.name));
  const int64_t mode_ns = std::min(changed_ns.value_or(agreed_ns), now_ns);
  window.span.start_ns = std::max(agreed_ns, mode_ns);
  window.reason = mode_ns > agreed_ns ? "since the mode was changed"
                                      : "since the criteria and rules were agreed";
  return window;
}

}  // namespace

Result<EvidenceWindow> evidence_window(const Dependencies& dependencies,
                                       const MigrationNow& migration, const Call& call) {
  TRY_ASSIGN(EvidenceWindow window, window_of(dependencies, migration, call));
  TRY_ASSIGN(window.baseline, wanted_baseline(call, window.span, dependencies.clock.unix_ns()));
  return window;
}

}  // namespace understudy::api
