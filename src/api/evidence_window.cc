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

/// Whether some requests still get control_only, so that there is a fresh baseline.
bool has_control_share(const Dependencies& dependencies, const std::string& migration) {
  const auto snapshot = dependencies.flags.current();
  const flags::Flag* flag = snapshot->find_flag(flags::mode_flag_key(migration));
  if (flag == nullptr) return true;
  const auto mix = flags::mix_of(*flag);
  return !mix.ok() || mix->weight(flags::Mode::kControlOnly) > 0;
}

}  // namespace

Result<EvidenceWindow> evidence_window(const Dependencies& dependencies,
                                       const MigrationNow& migration, const Call& call) {
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
  if (mode_ns > agreed_ns && !has_control_share(dependencies, migration.facts.name)) {
    window.baseline = judge::TimeSpan{agreed_ns, window.span.end_ns};
  }
  return window;
}

}  // namespace understudy::api
