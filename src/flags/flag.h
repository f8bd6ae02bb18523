#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "flags/value.h"

/// The one internal flag model, which is LaunchDarkly's server-side model: what arrives from
/// another product is translated into it, what is served to an official SDK is written from it.
namespace understudy::flags {

/// One share of a rollout. Weights are thousandths of a per cent: 100000 is everything.
struct WeightedVariation {
  int variation = 0;
  int weight = 0;
  bool untracked = false;  // in an experiment: served, but not counted as part of it
  friend bool operator==(const WeightedVariation&, const WeightedVariation&) = default;
};

inline constexpr int kWeightTotal = 100'000;

/// Splits contexts by a hash of one attribute.
struct Rollout {
  enum class Kind {
    kRollout,     // by `bucket_by`
    kExperiment,  // always by key, and the reason says whether the context takes part
  };
  Kind kind = Kind::kRollout;
  // Absent means kind user and a literal attribute name in `bucket_by`, as in Clause.
  std::optional<std::string> context_kind;
  std::string bucket_by;  // empty means the key
  std::vector<WeightedVariation> variations;
  std::optional<int64_t> seed;  // replaces flag key and salt as the hash's prefix; 0 is a seed
  friend bool operator==(const Rollout&, const Rollout&) = default;
};

/// What a rule or the fallthrough serves: exactly one of the two, or the flag is malformed.
struct VariationOrRollout {
  std::optional<int> variation;
  std::optional<Rollout> rollout;
  friend bool operator==(const VariationOrRollout&, const VariationOrRollout&) = default;
};

struct Prerequisite {
  std::string key;
  int variation = 0;
  friend bool operator==(const Prerequisite&, const Prerequisite&) = default;
};

/// Context keys that get one variation whatever the rules say.
struct Target {
  std::string context_kind = "user";
  std::vector<std::string> values;
  int variation = 0;
  friend bool operator==(const Target&, const Target&) = default;
};

enum class Operator {
  kIn,          // equal to one of the values, same type
  kStartsWith,  // strings
  kEndsWith,    // strings
  kContains,    // strings
  kMatches,     // RE2 regular expression, anywhere in the string
  kLessThan,    // numbers
  kLessThanOrEqual,
  kGreaterThan,
  kGreaterThanOrEqual,
  kBefore,  // RFC 3339 text or milliseconds since 1970
  kAfter,
  kSemVerEqual,  // semver 2.0, minor and patch may be missing
  kSemVerLessThan,
  kSemVerGreaterThan,
  kSegmentMatch,  // the context is in one of the named segments
  kUnknown,       // an operator we do not know: never true before negation
};

/// One condition. `context_kind` absent means kind user and a literal attribute name; present,
/// even as "user", makes `attribute` a reference that may be a path ("/address/city").
struct Clause {
  std::optional<std::string> context_kind;
  std::string attribute;
  Operator op = Operator::kUnknown;
  std::string op_name;  // of kUnknown, as written, so that it survives a round trip
  std::vector<Value> values;
  bool negate = false;
  friend bool operator==(const Clause&, const Clause&) = default;
};

/// All clauses hold -> `serve`.
struct Rule {
  std::string id;
  std::vector<Clause> clauses;
  VariationOrRollout serve;
  bool track_events = false;
  friend bool operator==(const Rule&, const Rule&) = default;
};

/// One feature flag. A plain value: copy, change, publish as part of a new FlagSnapshot.
struct Flag {
  std::string key;
  int64_t version = 1;
  bool on = false;
  std::vector<Prerequisite> prerequisites;
  std::vector<Target> targets;          // kind user
  std::vector<Target> context_targets;  // any kind; an empty user entry stands for `targets`
  std::vector<Rule> rules;
  VariationOrRollout fallthrough;
  std::optional<int> off_variation;
  std::vector<Value> variations;
  std::string salt;
  bool deleted = false;  // a tombstone: evaluates as not found

  // Carried for SDKs, without effect on what is served.
  bool track_events = false;
  bool track_events_fallthrough = false;
  std::optional<int64_t> debug_events_until_ms;
  bool client_side = false;
  Value client_side_availability;
  Value migration;
  std::optional<int64_t> sampling_ratio;
  bool exclude_from_summaries = false;

  friend bool operator==(const Flag&, const Flag&) = default;
};

/// What a flag serves when nobody is targeted and nothing is split: the value for all traffic. Null
/// when it has none.
const Value* value_for_all(const Flag& flag);

/// One way into a segment: all clauses hold and, where `weight` is given, the context's bucket is
/// below it.
struct SegmentRule {
  std::string id;
  std::vector<Clause> clauses;
  std::optional<int> weight;  // of kWeightTotal
  std::string bucket_by;
  std::optional<std::string> rollout_context_kind;  // as Rollout::context_kind
  friend bool operator==(const SegmentRule&, const SegmentRule&) = default;
};

struct SegmentTarget {
  std::string context_kind = "user";
  std::vector<std::string> values;
  friend bool operator==(const SegmentTarget&, const SegmentTarget&) = default;
};

/// A named set of contexts, used by clauses with segmentMatch.
struct Segment {
  std::string key;
  int64_t version = 1;
  std::vector<std::string> included;  // kind user
  std::vector<std::string> excluded;  // kind user
  std::vector<SegmentTarget> included_contexts;
  std::vector<SegmentTarget> excluded_contexts;
  std::vector<SegmentRule> rules;
  std::string salt;
  bool unbounded = false;  // members are in an external store, which Understudy does not have
  std::string unbounded_context_kind = "user";
  std::optional<int64_t> generation;
  bool deleted = false;
  friend bool operator==(const Segment&, const Segment&) = default;
};

/// "startsWith" to kStartsWith; kUnknown for a name we do not know.
Operator operator_from_name(std::string_view name);
/// "startsWith"; "" for kUnknown.
std::string_view name(Operator op);

}  // namespace understudy::flags
