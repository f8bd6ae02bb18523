// The writing half of flag_json.h.
#include <utility>

#include "flags/flag_json.h"

namespace understudy::flags {
namespace {

Value list_of(const std::vector<std::string>& texts) {
  return Value::List(texts.begin(), texts.end());
}

template <class T, class Write>
Value list_of(const std::vector<T>& items, Write write) {
  Value::List list;
  list.reserve(items.size());
  for (const T& item : items) list.push_back(write(item));
  return list;
}

/// Fills one object; optional values that are absent are left out.
class ObjectWriter {
 public:
  ObjectWriter& add(std::string_view name, Value value) {
    members_.push_back({std::string(name), std::move(value)});
    return *this;
  }
  template <class T>
  ObjectWriter& add_optional(std::string_view name, const std::optional<T>& value) {
    if (value) add(name, *value);
    return *this;
  }
  ObjectWriter& add_unless_empty(std::string_view name, const std::string& text) {
    if (!text.empty()) add(name, text);
    return *this;
  }
  ObjectWriter& add_if(std::string_view name, bool value) {
    if (value) add(name, true);
    return *this;
  }
  ObjectWriter& add_unless_null(std::string_view name, const Value& value) {
    if (!value.is_null()) add(name, value);
    return *this;
  }
  Value take() { return std::move(members_); }

 private:
  Value::Object members_;
};

Value write_rollout(const Rollout& rollout) {
  ObjectWriter json;
  json.add("kind", rollout.kind == Rollout::Kind::kExperiment ? "experiment" : "rollout");
  json.add_optional("contextKind", rollout.context_kind);
  json.add_unless_empty("bucketBy", rollout.bucket_by);
  json.add_optional("seed", rollout.seed);
  json.add("variations", list_of(rollout.variations, [](const WeightedVariation& share) {
             ObjectWriter weighted;
             weighted.add("variation", share.variation).add("weight", share.weight);
             return weighted.add_if("untracked", share.untracked).take();
           }));
  return json.take();
}

void add_serve(ObjectWriter& json, const VariationOrRollout& serve) {
  json.add_optional("variation", serve.variation);
  if (serve.rollout) json.add("rollout", write_rollout(*serve.rollout));
}

Value write_clause(const Clause& clause) {
  ObjectWriter json;
  json.add_optional("contextKind", clause.context_kind);
  json.add("attribute", clause.attribute);
  json.add("op", clause.op == Operator::kUnknown ? clause.op_name : std::string(name(clause.op)));
  json.add("values", clause.values);
  json.add("negate", clause.negate);
  return json.take();
}

Value write_target(const Target& target) {
  ObjectWriter json;
  json.add("contextKind", target.context_kind);
  return json.add("values", list_of(target.values)).add("variation", target.variation).take();
}

Value write_rule(const Rule& rule) {
  ObjectWriter json;
  json.add("id", rule.id);
  add_serve(json, rule.serve);
  json.add("clauses", list_of(rule.clauses, write_clause));
  return json.add("trackEvents", rule.track_events).take();
}

Value write_segment_target(const SegmentTarget& target) {
  ObjectWriter json;
  return json.add("contextKind", target.context_kind).add("values", list_of(target.values)).take();
}

Value write_segment_rule(const SegmentRule& rule) {
  ObjectWriter json;
  json.add("id", rule.id);
  json.add("clauses", list_of(rule.clauses, write_clause));
  json.add_optional("weight", rule.weight);
  json.add_unless_empty("bucketBy", rule.bucket_by);
  return json.add_optional("rolloutContextKind", rule.rollout_context_kind).take();
}

}  // namespace

Value to_value(const Flag& flag) {
  ObjectWriter json;
  json.add("key", flag.key).add("version", flag.version).add("on", flag.on);
  json.add("prerequisites", list_of(flag.prerequisites, [](const Prerequisite& prerequisite) {
             ObjectWriter item;
             item.add("key", prerequisite.key).add("variation", prerequisite.variation);
             return item.take();
           }));
  json.add("targets", list_of(flag.targets, write_target));
  json.add("contextTargets", list_of(flag.context_targets, write_target));
  json.add("rules", list_of(flag.rules, write_rule));
  ObjectWriter fallthrough;
  add_serve(fallthrough, flag.fallthrough);
  json.add("fallthrough", fallthrough.take());
  json.add_optional("offVariation", flag.off_variation);
  json.add("variations", flag.variations);
  json.add("salt", flag.salt);
  json.add("trackEvents", flag.track_events);
  json.add("trackEventsFallthrough", flag.track_events_fallthrough);
  json.add_optional("debugEventsUntilDate", flag.debug_events_until_ms);
  json.add("clientSide", flag.client_side);
  json.add_unless_null("clientSideAvailability", flag.client_side_availability);
  json.add_unless_null("migration", flag.migration);
  json.add_optional("samplingRatio", flag.sampling_ratio);
  json.add_if("excludeFromSummaries", flag.exclude_from_summaries);
  return json.add("deleted", flag.deleted).take();
}

Value to_value(const Segment& segment) {
  ObjectWriter json;
  json.add("key", segment.key).add("version", segment.version);
  json.add("included", list_of(segment.included)).add("excluded", list_of(segment.excluded));
  json.add("includedContexts", list_of(segment.included_contexts, write_segment_target));
  json.add("excludedContexts", list_of(segment.excluded_contexts, write_segment_target));
  json.add("rules", list_of(segment.rules, write_segment_rule));
  json.add("salt", segment.salt);
  json.add_if("unbounded", segment.unbounded);
  if (segment.unbounded || segment.unbounded_context_kind != "user") {
    json.add("unboundedContextKind", segment.unbounded_context_kind);
  }
  json.add_optional("generation", segment.generation);
  return json.add("deleted", segment.deleted).take();
}

std::string to_json(const Flag& flag) { return to_json(to_value(flag)); }
std::string to_json(const Segment& segment) { return to_json(to_value(segment)); }

std::string to_json(const FlagSnapshot& snapshot) {
  std::string out = "{";
  const auto append = [&out](std::string_view name, const auto& all) {
    append_json_string(out, name);
    out += ":{";
    bool first = true;
    for (const auto* item : all) {
      if (item->deleted) continue;
      if (!first) out += ',';
      first = false;
      append_json_string(out, item->key);
      out += ':';
      append_json(out, to_value(*item));
    }
    out += '}';
  };
  append("flags", snapshot.flags());
  out += ',';
  append("segments", snapshot.segments());
  out += '}';
  return out;
}

}  // namespace understudy::flags
