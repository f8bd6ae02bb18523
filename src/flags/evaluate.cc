#include "flags/evaluate.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "flags/bucket.h"
#include "flags/compiled.h"
#include "flags/rfc3339.h"

namespace understudy::flags {
namespace {

constexpr std::string_view kUserKind = "user";

/// A yes or no that may also be "the flag is malformed".
enum class Match { kNo, kYes, kMalformed };

Match match(bool yes) { return yes ? Match::kYes : Match::kNo; }

/// The flags or segments being evaluated, innermost first; lives on the stack.
struct Trail {
  const void* item;
  const Trail* outer;

  bool has(const void* wanted) const {
    for (const Trail* at = this; at != nullptr; at = at->outer) {
      if (at->item == wanted) return true;
    }
    return false;
  }
  int depth() const {
    int depth = 0;
    for (const Trail* at = this; at != nullptr; at = at->outer) ++depth;
    return depth;
  }
};

Decision failed(ErrorReason error, int64_t flag_version) {
  Decision decision;
  decision.reason.kind = ReasonKind::kError;
  decision.reason.error = error;
  decision.flag_version = flag_version;
  return decision;
}

Decision malformed(const Flag& flag) { return failed(ErrorReason::kMalformedFlag, flag.version); }

Decision serve(const Flag& flag, int variation, Reason reason) {
  if (variation < 0 || static_cast<size_t>(variation) >= flag.variations.size()) {
    return malformed(flag);
  }
  Decision decision;
  decision.variation = variation;
  decision.value = &flag.variations[static_cast<size_t>(variation)];
  decision.reason = reason;
  decision.flag_version = flag.version;
  return decision;
}

Decision serve_off(const Flag& flag, Reason reason) {
  if (flag.off_variation) return serve(flag, *flag.off_variation, reason);
  Decision decision;
  decision.reason = reason;
  decision.flag_version = flag.version;
  return decision;
}

/// The text a value is bucketed by; nullopt when it cannot be.
std::optional<std::string> bucket_text(const Value& value) {
  if (value.is_string()) return value.as_string();
  if (value.is_integer()) return base::cat(value.as_integer());
  if (value.is_number()) {
    const double number = value.as_number();
    if (std::trunc(number) == number && std::abs(number) < 0x1p63) {
      return base::cat(value.as_integer());
    }
  }
  return std::nullopt;
}

double bucket_for(const Context::Part& part, const AttributeRef& bucket_by,
                  std::string_view prefix) {
  if (bucket_by.is_key()) return bucket_of(prefix, part.key);
  const std::optional<std::string> text = bucket_text(bucket_by.read(part));
  return text ? bucket_of(prefix, *text) : 0.0;
}

bool order_holds(Operator op, double a, double b) {
  switch (op) {
    case Operator::kLessThan:
    case Operator::kBefore:
      return a < b;
    case Operator::kLessThanOrEqual:
      return a <= b;
    case Operator::kGreaterThan:
    case Operator::kAfter:
      return a > b;
    case Operator::kGreaterThanOrEqual:
      return a >= b;
    default:
      return false;
  }
}

bool any_number(const Clause& clause, double number) {
  return std::any_of(clause.values.begin(), clause.values.end(), [&](const Value& value) {
    return value.is_number() && order_holds(clause.op, number, value.as_number());
  });
}

bool any_moment(const CompiledClause& compiled, const Value& value) {
  std::optional<double> moment_ms;
  if (value.is_number()) moment_ms = value.as_number();
  if (value.is_string()) moment_ms = parse_rfc3339_ms(value.as_string());
  if (!moment_ms) return false;
  return std::any_of(compiled.moments_ms.begin(), compiled.moments_ms.end(),
                     [&](const std::optional<double>& wanted) {
                       return wanted && order_holds(compiled.clause->op, *moment_ms, *wanted);
                     });
}

bool any_version(const CompiledClause& compiled, const Value& value) {
  const std::optional<SemVer> version =
      value.is_string() ? SemVer::parse(value.as_string()) : std::nullopt;
  if (!version) return false;
  const Operator op = compiled.clause->op;
  return std::any_of(compiled.versions.begin(), compiled.versions.end(),
                     [&](const std::optional<SemVer>& wanted) {
                       if (!wanted) return false;
                       const auto order = *version <=> *wanted;
                       if (op == Operator::kSemVerLessThan) return order < 0;
                       if (op == Operator::kSemVerGreaterThan) return order > 0;
                       return order == 0;
                     });
}

template <class Holds>
bool any_string(const Clause& clause, const Value& value, Holds holds) {
  if (!value.is_string()) return false;
  return std::any_of(clause.values.begin(), clause.values.end(), [&](const Value& wanted) {
    return wanted.is_string() && holds(value.as_string(), wanted.as_string());
  });
}

/// Whether one value, which is no list, satisfies the clause before negation.
bool holds_for(const CompiledClause& compiled, const Value& value) {
  const Clause& clause = *compiled.clause;
  switch (clause.op) {
    case Operator::kIn:
      if (value.is_string()) return compiled.strings.contains(value.as_string());
      if (value.is_list() || value.is_object()) return false;
      return std::find(clause.values.begin(), clause.values.end(), value) != clause.values.end();
    case Operator::kStartsWith:
      return any_string(clause, value, [](const std::string& text, const std::string& wanted) {
        return text.starts_with(wanted);
      });
    case Operator::kEndsWith:
      return any_string(clause, value, [](const std::string& text, const std::string& wanted) {
        return text.ends_with(wanted);
      });
    case Operator::kContains:
      return any_string(clause, value, [](const std::string& text, const std::string& wanted) {
        return text.find(wanted) != std::string::npos;
      });
    case Operator::kMatches:
      return value.is_string() &&
             std::any_of(compiled.expressions.begin(), compiled.expressions.end(),
                         [&](const auto& expression) {
                           return re2::RE2::PartialMatch(value.as_string(), *expression);
                         });
    case Operator::kLessThan:
    case Operator::kLessThanOrEqual:
    case Operator::kGreaterThan:
    case Operator::kGreaterThanOrEqual:
      return value.is_number() && any_number(clause, value.as_number());
    case Operator::kBefore:
    case Operator::kAfter:
      return any_moment(compiled, value);
    case Operator::kSemVerEqual:
    case Operator::kSemVerLessThan:
    case Operator::kSemVerGreaterThan:
      return any_version(compiled, value);
    case Operator::kSegmentMatch:
    case Operator::kUnknown:
      return false;
  }
  return false;
}

/// One evaluation: the flag asked for and all it depends on.
class Evaluation {
 public:
  Evaluation(const FlagSnapshot& snapshot, const Context& context,
             std::vector<PrerequisiteDecision>* prerequisites)
      : snapshot_(snapshot), context_(context), prerequisites_(prerequisites) {}

  Decision run(const CompiledFlag& compiled) {
    Decision decision = evaluate_flag(compiled, nullptr);
    decision.reason.big_segments_not_configured = big_segments_not_configured_;
    return decision;
  }

 private:
  Decision evaluate_flag(const CompiledFlag& compiled, const Trail* outer) {
    const Flag& flag = compiled.flag;
    if (!flag.on) return serve_off(flag, {.kind = ReasonKind::kOff});
    const Trail trail{&compiled, outer};
    if (std::optional<Decision> stop = check_prerequisites(flag, trail)) return *stop;
    if (std::optional<int> variation = find_target(compiled)) {
      return serve(flag, *variation, {.kind = ReasonKind::kTargetMatch});
    }
    for (size_t i = 0; i < compiled.rules.size(); ++i) {
      const CompiledRule& rule = compiled.rules[i];
      switch (all_hold(rule.clauses, nullptr)) {
        case Match::kNo:
          break;
        case Match::kMalformed:
          return malformed(flag);
        case Match::kYes:
          return serve_share(flag, flag.rules[i].serve, rule.rollout,
                             {.kind = ReasonKind::kRuleMatch,
                              .rule_index = static_cast<int>(i),
                              .rule_id = flag.rules[i].id});
      }
    }
    return serve_share(flag, flag.fallthrough, compiled.fallthrough,
                       {.kind = ReasonKind::kFallthrough});
  }

  /// The decision that a failed prerequisite forces, if one does.
  std::optional<Decision> check_prerequisites(const Flag& flag, const Trail& trail) {
    for (const Prerequisite& wanted : flag.prerequisites) {
      const Reason failure{.kind = ReasonKind::kPrerequisiteFailed, .prerequisite_key = wanted.key};
      const CompiledFlag* other = SnapshotInside::flag(snapshot_, wanted.key);
      if (other == nullptr) return serve_off(flag, failure);
      if (trail.has(other) || trail.depth() > kPrerequisiteDepthMax || ++visits_ > kVisitsMax) {
        return malformed(flag);
      }
      const Decision decision = evaluate_flag(*other, &trail);
      if (prerequisites_ != nullptr) {
        prerequisites_->push_back({other->flag.key, flag.key, decision});
      }
      if (decision.reason.kind == ReasonKind::kError)
        return failed(decision.reason.error, flag.version);
      if (!other->flag.on || decision.variation != wanted.variation)
        return serve_off(flag, failure);
    }
    return std::nullopt;
  }

  std::optional<int> find_target(const CompiledFlag& compiled) const {
    for (const TargetStep& step : compiled.targets) {
      const Context::Part* part = context_.find(step.context_kind);
      if (part == nullptr) continue;
      const auto found = step.variations.find(part->key);
      if (found != step.variations.end()) return found->second;
    }
    return std::nullopt;
  }

  Decision serve_share(const Flag& flag, const VariationOrRollout& what,
                       const CompiledRollout& split, Reason reason) const {
    if (what.variation) return serve(flag, *what.variation, reason);
    if (split.rollout == nullptr || split.bounds.empty() || !split.bucket_by.valid()) {
      return malformed(flag);
    }
    const Context::Part* part = context_.find(split.context_kind);
    const double bucket = part == nullptr ? 0.0 : bucket_for(*part, split.bucket_by, split.prefix);
    const WeightedVariation& share = split.rollout->variations[split.pick(bucket)];
    reason.in_experiment =
        split.rollout->kind == Rollout::Kind::kExperiment && part != nullptr && !share.untracked;
    return serve(flag, share.variation, reason);
  }

  Match all_hold(const std::vector<CompiledClause>& clauses, const Trail* segments) {
    for (const CompiledClause& clause : clauses) {
      const Match outcome = clause.clause->op == Operator::kSegmentMatch
                                ? in_any_segment(clause, segments)
                                : holds(clause);
      if (outcome != Match::kYes) return outcome;
    }
    return Match::kYes;
  }

  Match holds(const CompiledClause& compiled) const {
    const bool negate = compiled.clause->negate;
    if (!compiled.attribute.valid()) return Match::kMalformed;
    if (compiled.attribute.is_kind()) {
      const bool any = std::any_of(
          context_.parts().begin(), context_.parts().end(),
          [&](const Context::Part& part) { return holds_for(compiled, Value(part.kind)); });
      return match(any != negate);
    }
    const Context::Part* part = context_.find(compiled.context_kind);
    if (part == nullptr) return Match::kNo;
    const Value value = compiled.attribute.read(*part);
    if (value.is_null()) return Match::kNo;
    if (!value.is_list()) return match(holds_for(compiled, value) != negate);
    const bool any = std::any_of(value.as_list().begin(), value.as_list().end(),
                                 [&](const Value& item) { return holds_for(compiled, item); });
    return match(any != negate);
  }

  Match in_any_segment(const CompiledClause& compiled, const Trail* outer) {
    bool any = false;
    for (const Value& key : compiled.clause->values) {
      if (!key.is_string()) continue;
      const CompiledSegment* segment = SnapshotInside::segment(snapshot_, key.as_string());
      if (segment == nullptr) continue;
      if (outer != nullptr && (outer->has(segment) || outer->depth() >= kSegmentDepthMax)) {
        return Match::kMalformed;
      }
      if (++visits_ > kVisitsMax) return Match::kMalformed;
      const Trail trail{segment, outer};
      const Match outcome = in_segment(*segment, trail);
      if (outcome == Match::kMalformed) return outcome;
      if (outcome == Match::kYes) {
        any = true;
        break;
      }
    }
    return match(any != compiled.clause->negate);
  }

  Match in_segment(const CompiledSegment& compiled, const Trail& trail) {
    if (compiled.segment.unbounded) {
      // The members are in a store that Understudy does not have; only the rules can say.
      if (context_.find(compiled.segment.unbounded_context_kind) == nullptr) return Match::kNo;
      big_segments_not_configured_ = true;
      if (!compiled.segment.generation) return Match::kNo;
    } else {
      if (is_listed(compiled.included_contexts, compiled.included)) return Match::kYes;
      if (is_listed(compiled.excluded_contexts, compiled.excluded)) return Match::kNo;
    }
    for (size_t i = 0; i < compiled.rules.size(); ++i) {
      const Match outcome = matches_rule(compiled, i, trail);
      if (outcome != Match::kNo) return outcome;
    }
    return Match::kNo;
  }

  bool is_listed(const std::vector<CompiledSegmentTarget>& by_kind, const KeySet& users) const {
    for (const CompiledSegmentTarget& target : by_kind) {
      const Context::Part* part = context_.find(target.context_kind);
      if (part != nullptr && target.keys.contains(part->key)) return true;
    }
    const Context::Part* user = context_.find(kUserKind);
    return user != nullptr && users.contains(user->key);
  }

  Match matches_rule(const CompiledSegment& compiled, size_t index, const Trail& trail) {
    const CompiledSegmentRule& rule = compiled.rules[index];
    const Match outcome = all_hold(rule.clauses, &trail);
    const std::optional<int> weight = compiled.segment.rules[index].weight;
    if (outcome != Match::kYes || !weight) return outcome;
    if (!rule.bucket_by.valid()) return Match::kMalformed;
    const Context::Part* part = context_.find(rule.context_kind);
    if (part == nullptr) return Match::kNo;
    return match(bucket_for(*part, rule.bucket_by, compiled.prefix) <
                 *weight / static_cast<double>(kWeightTotal));
  }

  const FlagSnapshot& snapshot_;
  const Context& context_;
  std::vector<PrerequisiteDecision>* prerequisites_;
  int visits_ = 0;
  bool big_segments_not_configured_ = false;
};

ModeDecision with_mode(const CompiledFlag& compiled, Decision decision) {
  ModeDecision result;
  if (decision.variation) {
    const std::optional<Mode> mode = compiled.modes[static_cast<size_t>(*decision.variation)];
    if (mode) {
      result.mode = *mode;
    } else {
      decision = failed(ErrorReason::kWrongType, decision.flag_version);
    }
  }
  result.decision = decision;
  return result;
}

}  // namespace

std::string_view name(ReasonKind kind) {
  switch (kind) {
    case ReasonKind::kOff:
      return "OFF";
    case ReasonKind::kTargetMatch:
      return "TARGET_MATCH";
    case ReasonKind::kRuleMatch:
      return "RULE_MATCH";
    case ReasonKind::kFallthrough:
      return "FALLTHROUGH";
    case ReasonKind::kPrerequisiteFailed:
      return "PREREQUISITE_FAILED";
    case ReasonKind::kError:
      return "ERROR";
  }
  return {};
}

std::string_view name(ErrorReason reason) {
  switch (reason) {
    case ErrorReason::kNone:
      return "";
    case ErrorReason::kFlagNotFound:
      return "FLAG_NOT_FOUND";
    case ErrorReason::kMalformedFlag:
      return "MALFORMED_FLAG";
    case ErrorReason::kUserNotSpecified:
      return "USER_NOT_SPECIFIED";
    case ErrorReason::kWrongType:
      return "WRONG_TYPE";
  }
  return {};
}

Decision evaluate(const FlagSnapshot& snapshot, FlagHandle flag, const Context& context,
                  std::vector<PrerequisiteDecision>* prerequisites) {
  const CompiledFlag* compiled = SnapshotInside::flag(flag);
  if (compiled == nullptr) return failed(ErrorReason::kFlagNotFound, 0);
  if (!context.valid()) return failed(ErrorReason::kUserNotSpecified, compiled->flag.version);
  return Evaluation(snapshot, context, prerequisites).run(*compiled);
}

Decision evaluate(const FlagSnapshot& snapshot, std::string_view flag_key, const Context& context,
                  std::vector<PrerequisiteDecision>* prerequisites) {
  return evaluate(snapshot, snapshot.find(flag_key), context, prerequisites);
}

ModeDecision evaluate_mode(const FlagSnapshot& snapshot, FlagHandle handle,
                           std::string_view bucket_key) {
  const CompiledFlag* compiled = SnapshotInside::flag(handle);
  if (compiled == nullptr) return {.decision = failed(ErrorReason::kFlagNotFound, 0)};
  const Flag& flag = compiled->flag;
  if (bucket_key.empty()) {
    return {.decision = failed(ErrorReason::kUserNotSpecified, flag.version)};
  }
  if (flag.on && !compiled->split_by_user_key) {
    return with_mode(*compiled, evaluate(snapshot, handle, Context::user(bucket_key)));
  }
  if (!flag.on) return with_mode(*compiled, serve_off(flag, {.kind = ReasonKind::kOff}));
  const Reason reason{.kind = ReasonKind::kFallthrough};
  if (flag.fallthrough.variation) {
    return with_mode(*compiled, serve(flag, *flag.fallthrough.variation, reason));
  }
  const CompiledRollout& split = compiled->fallthrough;
  if (split.rollout == nullptr || split.bounds.empty()) {
    return with_mode(*compiled, malformed(flag));
  }
  const size_t share = split.pick(bucket_of(split.prefix, bucket_key));
  return with_mode(*compiled, serve(flag, split.rollout->variations[share].variation, reason));
}

ModeDecision evaluate_mode(const FlagSnapshot& snapshot, std::string_view flag_key,
                           std::string_view bucket_key) {
  return evaluate_mode(snapshot, snapshot.find(flag_key), bucket_key);
}

}  // namespace understudy::flags
