#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "compare/grouping.h"
#include "compare/noise.h"
#include "judge/criteria.h"
#include "judge/verdict.h"

namespace understudy::api {

struct NamedCount {
  std::string name;
  uint64_t count = 0;
};

/// A route as the configuration has it, in words.
struct RouteFacts {
  std::string name;
  std::string match;    // "POST /query"
  std::string compare;  // "table", "json", ...; empty: by content type
  bool safe_to_repeat = false;
};

/// What the configuration says about a migration.
struct MigrationFacts {
  std::string name;
  std::string listen;  // the address that is bound, "127.0.0.1:8080"
  std::string control_url;
  std::string candidate_url;
  std::string bucket_by;  // in words: "header x-account-id"
  std::vector<RouteFacts> routes;
};

/// Which request went where, since the start. `accounts` holds every account of the sum
/// requests = not_sampled + compared + ..., also those at 0, in that order.
struct AccountingNumbers {
  /// False: the requests pass through a client library, not through here. All numbers are 0 then,
  /// and what is known of them is in the events.
  bool counted_here = true;
  uint64_t requests = 0;
  std::vector<NamedCount> accounts;
  uint64_t records_dropped = 0;  // evaluations without an event: the recorder was full
  /// Evaluations chosen for a second call to control, and what became of those calls: taken, shed
  /// and failed, also those at 0.
  uint64_t noise_sampled = 0;
  std::vector<NamedCount> noise;
};

/// What the active health checks of one service say.
struct HealthNumbers {
  std::string state;          // "unknown", "healthy", "unhealthy"
  int64_t since_unix_ns = 0;  // of the last change of state; 0 before the first
  uint64_t passed = 0;        // checks
  uint64_t failed = 0;
  std::string last_failure;  // empty: none yet
};

/// What else the data plane counts of a migration that passes through here.
struct TrafficNumbers {
  uint64_t connections = 0;                     // of clients, open now
  uint64_t connections_max = 0;                 // the most that may be open at once
  uint64_t connections_refused = 0;             // beyond it, since the start
  uint64_t circuits_opened = 0;                 // shadow calls were suspended, since the start
  std::optional<HealthNumbers> control_health;  // absent: it is not asked
  std::optional<HealthNumbers> candidate_health;
};

struct RuleHits {
  std::string rule;              // as its author wrote it, or an equal text
  std::optional<uint64_t> hits;  // absent: applied where nobody reports them, in a client library
};

/// Differences since the start or the last change of the rules.
struct DifferenceNumbers {
  std::vector<compare::DifferenceGroup> groups;  // largest first
  uint64_t total = 0;
  uint64_t ungrouped = 0;  // of kinds beyond the bound of the grouping
  std::vector<RuleHits> rules;
};

/// Where control differs from itself, since the start or the last change of the rules.
struct NoiseNumbers {
  double share = 0;          // of the evaluations that compare; 0: not sampled
  uint64_t samples = 0;      // pairs of its answers that were compared
  uint64_t samples_cut = 0;  // of them, those with more differences than are recorded
  std::vector<compare::NoisyField> fields;  // most often first
};

/// Everything about one migration that is not in the state or the event store.
struct MigrationNow {
  MigrationFacts facts;
  judge::Criteria criteria;
  /// Evidence before this moment does not count: the criteria or rules were agreed then. Unix ns.
  int64_t evidence_since_ns = 0;
  AccountingNumbers accounting;
  DifferenceNumbers differences;
  NoiseNumbers noise;
  std::optional<TrafficNumbers> traffic;  // see MigrationDirectory::traffic
};

/// What the API knows about running migrations. Implemented where they are wired together.
/// Threads: any. Cost: a copy of counters and groups; no I/O.
class MigrationDirectory {
 public:
  virtual ~MigrationDirectory() = default;

  /// In the order of the configuration.
  virtual std::vector<std::string> names() = 0;
  /// nullopt when there is no such migration.
  virtual std::optional<MigrationNow> find(std::string_view name) = 0;
  /// Only the accounting, for lists and /metrics: cheaper than find.
  virtual std::optional<AccountingNumbers> accounting(std::string_view name) = 0;
  /// nullopt when no traffic of this migration passes through here.
  virtual std::optional<TrafficNumbers> traffic(std::string_view name) = 0;
  /// When the candidate was first called at or after `since_ns` (Unix ns) in a way that counts for
  /// the population; nullopt when that is not known here.
  virtual std::optional<int64_t> candidate_first_called(std::string_view name,
                                                        judge::Population population,
                                                        int64_t since_ns) = 0;
  /// Counters of the recorder: "exchanges", "exchanges_refused", ... [a-z0-9_]+ each.
  virtual std::vector<NamedCount> recorder_counters() = 0;
};

}  // namespace understudy::api
