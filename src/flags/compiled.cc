#include "flags/compiled.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "flags/rfc3339.h"

namespace understudy::flags {
namespace {

constexpr std::string_view kUserKind = "user";

AttributeRef attribute_ref(const std::optional<std::string>& context_kind, std::string_view text) {
  return context_kind ? AttributeRef::reference(text) : AttributeRef::literal(text);
}

/// The reference a split reads; the key when none is given.
AttributeRef bucket_ref(const std::optional<std::string>& context_kind, std::string_view text) {
  return text.empty() ? AttributeRef::literal("key") : attribute_ref(context_kind, text);
}

std::optional<double> moment_of(const Value& value) {
  if (value.is_number()) return value.as_number();
  if (value.is_string()) return parse_rfc3339_ms(value.as_string());
  return std::nullopt;
}

std::optional<SemVer> version_of(const Value& value) {
  return value.is_string() ? SemVer::parse(value.as_string()) : std::nullopt;
}

std::unique_ptr<re2::RE2> expression_of(const Value& value) {
  if (!value.is_string() || value.as_string().size() > kRegexBytesMax) return nullptr;
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(kRegexMemoryBytesMax);
  auto expression = std::make_unique<re2::RE2>(value.as_string(), options);
  return expression->ok() ? std::move(expression) : nullptr;
}

std::vector<CompiledClause> compile(const std::vector<Clause>& clauses) {
  std::vector<CompiledClause> compiled;
  compiled.reserve(clauses.size());
  for (const Clause& clause : clauses) compiled.emplace_back(clause);
  return compiled;
}

KeySet key_set(const std::vector<std::string>& keys) { return KeySet(keys.begin(), keys.end()); }

std::vector<CompiledSegmentTarget> compile(const std::vector<SegmentTarget>& targets) {
  std::vector<CompiledSegmentTarget> compiled;
  compiled.reserve(targets.size());
  for (const SegmentTarget& target : targets) {
    compiled.push_back({target.context_kind, key_set(target.values)});
  }
  return compiled;
}

/// Puts the target lists in their order of evaluation and joins neighbours of one kind.
class TargetCompiler {
 public:
  std::vector<TargetStep> compile(const Flag& flag) {
    if (flag.context_targets.empty()) {
      for (const Target& target : flag.targets) add(kUserKind, target);
      return std::move(steps_);
    }
    for (const Target& target : flag.context_targets) {
      if (target.context_kind != kUserKind || !target.values.empty()) {
        add(target.context_kind, target);
        continue;
      }
      const auto named =
          std::find_if(flag.targets.begin(), flag.targets.end(),
                       [&](const Target& user) { return user.variation == target.variation; });
      if (named != flag.targets.end()) add(kUserKind, *named);
    }
    return std::move(steps_);
  }

 private:
  void add(std::string_view kind, const Target& target) {
    if (steps_.empty() || steps_.back().context_kind != kind) steps_.push_back({kind, {}});
    for (const std::string& key : target.values) {
      steps_.back().variations.try_emplace(key, target.variation);
    }
  }

  std::vector<TargetStep> steps_;
};

bool is_split_by_user_key(const CompiledFlag& compiled) {
  const Flag& flag = compiled.flag;
  if (!flag.prerequisites.empty() || !compiled.targets.empty() || !compiled.rules.empty()) {
    return false;
  }
  const CompiledRollout& split = compiled.fallthrough;
  return split.rollout == nullptr || (split.rollout->kind == Rollout::Kind::kRollout &&
                                      split.context_kind == kUserKind && split.bucket_by.is_key());
}

}  // namespace

CompiledClause::CompiledClause(const Clause& source)
    : clause(&source),
      context_kind(source.context_kind ? std::string_view(*source.context_kind) : kUserKind),
      attribute(attribute_ref(source.context_kind, source.attribute)) {
  switch (source.op) {
    case Operator::kIn:
      for (const Value& value : source.values) {
        if (value.is_string()) strings.insert(value.as_string());
      }
      break;
    case Operator::kMatches:
      for (const Value& value : source.values) {
        if (auto expression = expression_of(value)) expressions.push_back(std::move(expression));
      }
      break;
    case Operator::kBefore:
    case Operator::kAfter:
      for (const Value& value : source.values) moments_ms.push_back(moment_of(value));
      break;
    case Operator::kSemVerEqual:
    case Operator::kSemVerLessThan:
    case Operator::kSemVerGreaterThan:
      for (const Value& value : source.values) versions.push_back(version_of(value));
      break;
    case Operator::kStartsWith:
    case Operator::kEndsWith:
    case Operator::kContains:
    case Operator::kLessThan:
    case Operator::kLessThanOrEqual:
    case Operator::kGreaterThan:
    case Operator::kGreaterThanOrEqual:
    case Operator::kSegmentMatch:
    case Operator::kUnknown:
      break;
  }
}

CompiledRollout::CompiledRollout(const Rollout& source, std::string_view key, std::string_view salt)
    : rollout(&source),
      context_kind(source.context_kind ? std::string_view(*source.context_kind) : kUserKind),
      bucket_by(source.kind == Rollout::Kind::kExperiment
                    ? AttributeRef::literal("key")
                    : bucket_ref(source.context_kind, source.bucket_by)),
      prefix(source.seed ? base::cat(*source.seed, ".") : base::cat(key, ".", salt, ".")) {
  double sum = 0;
  for (const WeightedVariation& share : source.variations) {
    sum += share.weight / static_cast<double>(kWeightTotal);
    bounds.push_back(sum);
  }
}

size_t CompiledRollout::pick(double bucket) const {
  for (size_t i = 0; i < bounds.size(); ++i) {
    if (bucket < bounds[i]) return i;
  }
  return bounds.size() - 1;
}

CompiledFlag::CompiledFlag(Flag source) : flag(std::move(source)) {
  targets = TargetCompiler().compile(flag);
  for (const Rule& rule : flag.rules) {
    CompiledRule compiled;
    compiled.clauses = compile(rule.clauses);
    if (rule.serve.rollout) {
      compiled.rollout = CompiledRollout(*rule.serve.rollout, flag.key, flag.salt);
    }
    rules.push_back(std::move(compiled));
  }
  if (flag.fallthrough.rollout) {
    fallthrough = CompiledRollout(*flag.fallthrough.rollout, flag.key, flag.salt);
  }
  for (const Value& value : flag.variations) {
    modes.push_back(value.is_string() ? mode_from_name(value.as_string()) : std::nullopt);
  }
  split_by_user_key = is_split_by_user_key(*this);
}

CompiledSegment::CompiledSegment(Segment source)
    : segment(std::move(source)),
      included(key_set(segment.included)),
      excluded(key_set(segment.excluded)),
      included_contexts(compile(segment.included_contexts)),
      excluded_contexts(compile(segment.excluded_contexts)),
      prefix(base::cat(segment.key, ".", segment.salt, ".")) {
  for (const SegmentRule& rule : segment.rules) {
    CompiledSegmentRule compiled;
    compiled.clauses = compile(rule.clauses);
    compiled.context_kind =
        rule.rollout_context_kind ? std::string_view(*rule.rollout_context_kind) : kUserKind;
    compiled.bucket_by = bucket_ref(rule.rollout_context_kind, rule.bucket_by);
    rules.push_back(std::move(compiled));
  }
}

}  // namespace understudy::flags
