#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "flags/context.h"
#include "flags/mode.h"
#include "flags/snapshot.h"

namespace understudy::flags {

enum class ReasonKind {
  kOff,                 // the flag is off
  kTargetMatch,         // the key is in a target list
  kRuleMatch,           // a rule matched; index and id say which
  kFallthrough,         // nothing matched
  kPrerequisiteFailed,  // another flag did not yield what this one needs
  kError,               // see ErrorReason
};

enum class ErrorReason {
  kNone,
  kFlagNotFound,      // no such flag, or deleted
  kMalformedFlag,     // it refers to what does not exist, to itself, or too deep
  kUserNotSpecified,  // the context is not valid
  kWrongType,         // the value is not what the caller needs: a mode flag without a mode
};

/// "OFF", "TARGET_MATCH", ...
std::string_view name(ReasonKind kind);
/// "FLAG_NOT_FOUND", ...; "" for kNone.
std::string_view name(ErrorReason reason);

/// Why a flag has its value. The views point into the snapshot.
struct Reason {
  ReasonKind kind = ReasonKind::kError;
  ErrorReason error = ErrorReason::kNone;
  int rule_index = -1;                       // kRuleMatch
  std::string_view rule_id;                  // kRuleMatch
  std::string_view prerequisite_key;         // kPrerequisiteFailed
  bool in_experiment = false;                // kRuleMatch and kFallthrough
  bool big_segments_not_configured = false;  // an unbounded segment was asked for
};

/// The outcome of one evaluation.
/// Lifetime: `value` and the views of `reason` live as long as the snapshot; copy to keep.
struct Decision {
  std::optional<int> variation;  // absent on an error and when off without an off variation
  const Value* value = nullptr;  // null when there is no variation: the caller uses its default
  Reason reason;
  int64_t flag_version = 0;  // 0 when the flag was not found
};

/// One prerequisite that was evaluated on the way, for the feature events that LaunchDarkly SDKs
/// send.
struct PrerequisiteDecision {
  std::string_view flag_key;
  std::string_view prerequisite_of;
  Decision decision;
};

/// How deep prerequisites and segments may nest, and how many of them one evaluation may visit in
/// all (a lattice of prerequisites is exponential otherwise). Beyond: MALFORMED_FLAG.
inline constexpr int kPrerequisiteDepthMax = 32;
inline constexpr int kSegmentDepthMax = 32;
inline constexpr int kVisitsMax = 1000;

/// Evaluates a flag as LaunchDarkly's server SDKs do. Pure: no clock, no I/O, no state.
/// Where those SDKs differ: buckets are doubles (JavaScript), a seed of 0 is a seed (Go), a
/// percentage of a segment holds nobody without a context of its kind (Go).
/// Failure: an ERROR reason, never an exception. Cost: linear in rules, clauses and prerequisites;
/// target lists of any length cost one hash.
Decision evaluate(const FlagSnapshot& snapshot, std::string_view flag_key, const Context& context,
                  std::vector<PrerequisiteDecision>* prerequisites = nullptr);
Decision evaluate(const FlagSnapshot& snapshot, FlagHandle flag, const Context& context,
                  std::vector<PrerequisiteDecision>* prerequisites = nullptr);

/// What a mode flag says for one request.
struct ModeDecision {
  Mode mode = Mode::kControlOnly;  // control_only on every error: the safe answer
  Decision decision;
};

/// Evaluates a mode flag for the context {"kind":"user","key":bucket_key}: exactly what `evaluate`
/// decides, but without building a context when the flag is only on or off and a split by key.
/// A request that carries no bucket key gets a random one from the caller, so that the shares of
/// the mix still hold; an empty key is an error (USER_NOT_SPECIFIED) and control_only.
/// Cost: one SHA-1 block for a flag key and bucket key of up to 40 bytes together.
ModeDecision evaluate_mode(const FlagSnapshot& snapshot, std::string_view flag_key,
                           std::string_view bucket_key);
ModeDecision evaluate_mode(const FlagSnapshot& snapshot, FlagHandle flag,
                           std::string_view bucket_key);

}  // namespace understudy::flags
