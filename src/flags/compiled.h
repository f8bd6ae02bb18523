#pragma once

// Inside of FlagSnapshot: flags and segments with everything parsed that evaluation needs. Only
// snapshot.cc and evaluate.cc include this.

#include <re2/re2.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "flags/attribute_ref.h"
#include "flags/flag.h"
#include "flags/mode.h"
#include "flags/semver.h"
#include "flags/snapshot.h"

namespace understudy::flags {

/// A regular expression longer than this, or that needs more memory to run, never matches.
inline constexpr size_t kRegexBytesMax = 8192;
inline constexpr int64_t kRegexMemoryBytesMax = 4 << 20;

// The keys are views into the flag or segment, which lives beside the index in one object.
using KeySet = std::unordered_set<std::string_view>;

struct CompiledClause {
  explicit CompiledClause(const Clause& clause);

  const Clause* clause;
  std::string_view context_kind;
  AttributeRef attribute;
  KeySet strings;                                      // kIn: the values that are strings
  std::vector<std::optional<double>> moments_ms;       // kBefore, kAfter: beside clause->values
  std::vector<std::optional<SemVer>> versions;         // kSemVer*: beside clause->values
  std::vector<std::unique_ptr<re2::RE2>> expressions;  // kMatches: those that are valid
};

struct CompiledRollout {
  CompiledRollout() = default;
  CompiledRollout(const Rollout& source, std::string_view key, std::string_view salt);

  const Rollout* rollout = nullptr;
  std::string_view context_kind;
  AttributeRef bucket_by;
  std::string prefix;          // of the hashed text, with its dot
  std::vector<double> bounds;  // the running sum after each variation

  /// The index into rollout->variations for a bucket. Only when there is at least one.
  size_t pick(double bucket) const;
};

struct CompiledRule {
  std::vector<CompiledClause> clauses;
  CompiledRollout rollout;
};

/// Targets of one kind that stand together in the order of evaluation; the first list that names a
/// key wins.
struct TargetStep {
  std::string_view context_kind;
  std::unordered_map<std::string_view, int> variations;
};

struct CompiledFlag {
  explicit CompiledFlag(Flag source);
  CompiledFlag(const CompiledFlag&) = delete;
  CompiledFlag& operator=(const CompiledFlag&) = delete;

  const Flag flag;
  std::vector<TargetStep> targets;
  std::vector<CompiledRule> rules;
  CompiledRollout fallthrough;

  // For evaluate_mode.
  std::vector<std::optional<Mode>> modes;  // beside flag.variations
  bool split_by_user_key = false;          // nothing but on/off and a fallthrough by user key
};

struct CompiledSegmentTarget {
  std::string_view context_kind;
  KeySet keys;
};

struct CompiledSegmentRule {
  std::vector<CompiledClause> clauses;
  std::string_view context_kind;
  AttributeRef bucket_by;
};

struct CompiledSegment {
  explicit CompiledSegment(Segment source);
  CompiledSegment(const CompiledSegment&) = delete;
  CompiledSegment& operator=(const CompiledSegment&) = delete;

  const Segment segment;
  KeySet included;
  KeySet excluded;
  std::vector<CompiledSegmentTarget> included_contexts;
  std::vector<CompiledSegmentTarget> excluded_contexts;
  std::vector<CompiledSegmentRule> rules;
  std::string prefix;
};

struct FlagSnapshot::Index {
  // The keys are views into the values.
  std::unordered_map<std::string_view, std::shared_ptr<const CompiledFlag>> flags;
  std::unordered_map<std::string_view, std::shared_ptr<const CompiledSegment>> segments;
};

/// The way from the public handles to what is behind them.
struct SnapshotInside {
  static const CompiledFlag* flag(FlagHandle handle) { return handle.compiled_; }
  static FlagHandle handle(const CompiledFlag* compiled) { return FlagHandle(compiled); }
  static const CompiledFlag* flag(const FlagSnapshot& snapshot, std::string_view key);
  static const CompiledSegment* segment(const FlagSnapshot& snapshot, std::string_view key);
};

}  // namespace understudy::flags
