// The reading half of flag_json.h.
#include <limits>
#include <utility>

#include "base/text.h"
#include "flags/flag_json.h"

namespace understudy::flags {
namespace {

using base::cat;
using base::Error;
using base::Result;
using base::Status;

/// Reads the members of one object into fields and remembers the first thing that is wrong, so
/// that the readers below are plain lists of fields. Missing and null members leave the field.
class ObjectReader {
 public:
  ObjectReader(const Value& json, std::string path) : json_(json), path_(std::move(path)) {
    if (!json.is_object()) fail("", "is not an object");
  }

  void read(std::string_view name, std::string& out) {
    const Value* value = member(name);
    if (value == nullptr) return;
    if (!value->is_string()) return fail(name, "is not a string");
    out = value->as_string();
  }
  void read(std::string_view name, std::optional<std::string>& out) {
    if (member(name) == nullptr) return;
    read(name, out.emplace());
  }
  void read(std::string_view name, bool& out) {
    const Value* value = member(name);
    if (value == nullptr) return;
    if (!value->is_bool()) return fail(name, "is not true or false");
    out = value->as_bool();
  }
  void read(std::string_view name, int64_t& out) {
    const Value* value = member(name);
    if (value == nullptr) return;
    if (!value->is_number() || !(Value(value->as_integer()) == *value)) {
      return fail(name, "is not a whole number");
    }
    out = value->as_integer();
  }
  void read(std::string_view name, int& out) {
    int64_t wide = out;
    read(name, wide);
    if (wide < std::numeric_limits<int>::min() || wide > std::numeric_limits<int>::max()) {
      return fail(name, "is out of range");
    }
    out = static_cast<int>(wide);
  }
  template <class Number>
  void read(std::string_view name, std::optional<Number>& out) {
    if (member(name) == nullptr) return;
    Number number = 0;
    read(name, number);
    out = number;
  }
  void read(std::string_view name, Value& out) {
    if (const Value* value = member(name)) out = *value;
  }
  void read(std::string_view name, std::vector<std::string>& out) {
    each(name, [&](const Value& item, const std::string& path) -> Status {
      if (!item.is_string()) return base::invalid(cat(path, " is not a string"));
      out.push_back(item.as_string());
      return base::ok_status();
    });
  }
  void read(std::string_view name, std::vector<Value>& out) {
    each(name, [&](const Value& item, const std::string&) {
      out.push_back(item);
      return base::ok_status();
    });
  }

  /// A list of objects, each read by `read_item(ObjectReader&) -> T`.
  template <class T, class ReadItem>
  void read_list(std::string_view name, std::vector<T>& out, ReadItem read_item) {
    each(name, [&](const Value& item, const std::string& path) -> Status {
      ObjectReader reader(item, path);
      T read = read_item(reader);
      TRY(reader.status());
      out.push_back(std::move(read));
      return base::ok_status();
    });
  }

  /// One object in a member, read by `read_item(ObjectReader&) -> T`.
  template <class T, class ReadItem>
  void read_object(std::string_view name, T& out, ReadItem read_item) {
    const Value* value = member(name);
    if (value == nullptr) return;
    ObjectReader reader(*value, path_of(name));
    out = read_item(reader);
    adopt(reader.status());
  }

  void fail(std::string_view name, std::string_view why) {
    if (!failure_) failure_ = base::invalid(cat(path_of(name), " ", why));
  }
  Status status() const {
    if (failure_) return *failure_;
    return base::ok_status();
  }

 private:
  const Value* member(std::string_view name) const {
    const Value* value = json_.find(name);
    return value == nullptr || value->is_null() ? nullptr : value;
  }
  std::string path_of(std::string_view name) const {
    if (name.empty()) return path_.empty() ? "the text" : path_;
    return cat(path_, "/", name);
  }
  void adopt(Status status) {
    if (!status.ok() && !failure_) failure_ = std::move(status).error();
  }

  template <class OnItem>
  void each(std::string_view name, OnItem on_item) {
    const Value* value = member(name);
    if (value == nullptr) return;
    if (!value->is_list()) return fail(name, "is not a list");
    const std::vector<Value>& items = value->as_list();
    for (size_t i = 0; i < items.size() && !failure_; ++i) {
      adopt(on_item(items[i], cat(path_of(name), "/", i)));
    }
  }

  const Value& json_;
  std::string path_;
  std::optional<Error> failure_;
};

Rollout read_rollout(ObjectReader& json) {
  Rollout rollout;
  std::string kind;
  json.read("kind", kind);
  rollout.kind = kind == "experiment" ? Rollout::Kind::kExperiment : Rollout::Kind::kRollout;
  json.read("contextKind", rollout.context_kind);
  json.read("bucketBy", rollout.bucket_by);
  json.read("seed", rollout.seed);
  json.read_list("variations", rollout.variations, [](ObjectReader& share) {
    WeightedVariation weighted;
    share.read("variation", weighted.variation);
    share.read("weight", weighted.weight);
    share.read("untracked", weighted.untracked);
    return weighted;
  });
  return rollout;
}

VariationOrRollout read_serve(ObjectReader& json) {
  VariationOrRollout serve;
  json.read("variation", serve.variation);
  json.read_object("rollout", serve.rollout, [](ObjectReader& rollout) {
    return std::optional<Rollout>(read_rollout(rollout));
  });
  return serve;
}

Clause read_clause(ObjectReader& json) {
  Clause clause;
  json.read("contextKind", clause.context_kind);
  json.read("attribute", clause.attribute);
  std::string op;
  json.read("op", op);
  clause.op = operator_from_name(op);
  if (clause.op == Operator::kUnknown) clause.op_name = op;
  json.read("values", clause.values);
  json.read("negate", clause.negate);
  return clause;
}

Target read_target(ObjectReader& json) {
  Target target;
  json.read("contextKind", target.context_kind);
  json.read("values", target.values);
  json.read("variation", target.variation);
  return target;
}

Rule read_rule(ObjectReader& json) {
  Rule rule;
  json.read("id", rule.id);
  json.read_list("clauses", rule.clauses, read_clause);
  rule.serve = read_serve(json);
  json.read("trackEvents", rule.track_events);
  return rule;
}

SegmentTarget read_segment_target(ObjectReader& json) {
  SegmentTarget target;
  json.read("contextKind", target.context_kind);
  json.read("values", target.values);
  return target;
}

SegmentRule read_segment_rule(ObjectReader& json) {
  SegmentRule rule;
  json.read("id", rule.id);
  json.read_list("clauses", rule.clauses, read_clause);
  json.read("weight", rule.weight);
  json.read("bucketBy", rule.bucket_by);
  json.read("rolloutContextKind", rule.rollout_context_kind);
  return rule;
}

template <class T, class FromJson>
Result<std::vector<T>> read_keyed(const Value& json, std::string_view name, FromJson from_json) {
  std::vector<T> all;
  const Value* entries = json.find(name);
  if (entries == nullptr || entries->is_null()) return all;
  if (!entries->is_object()) return base::invalid(cat("/", name, " is not an object"));
  for (const Value::Member& entry : entries->as_object()) {
    Result<T> read = from_json(entry.value);
    if (!read.ok()) {
      return base::invalid(
          cat("/", name, "/", base::printable(entry.name), ": ", read.error().context));
    }
    if (read->key != entry.name) {
      return base::invalid(cat("/", name, "/", base::printable(entry.name), " has the key '",
                               base::printable(read->key), "'"));
    }
    all.push_back(*std::move(read));
  }
  return all;
}

bool is_null_word(std::string_view text) {
  return text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL";
}

}  // namespace

Result<Flag> flag_from_json(const Value& value) {
  ObjectReader json(value, "");
  Flag flag;
  json.read("key", flag.key);
  json.read("version", flag.version);
  json.read("on", flag.on);
  json.read_list("prerequisites", flag.prerequisites, [](ObjectReader& item) {
    Prerequisite prerequisite;
    item.read("key", prerequisite.key);
    item.read("variation", prerequisite.variation);
    return prerequisite;
  });
  json.read_list("targets", flag.targets, read_target);
  json.read_list("contextTargets", flag.context_targets, read_target);
  json.read_list("rules", flag.rules, read_rule);
  json.read_object("fallthrough", flag.fallthrough, read_serve);
  json.read("offVariation", flag.off_variation);
  json.read("variations", flag.variations);
  json.read("salt", flag.salt);
  json.read("deleted", flag.deleted);
  json.read("trackEvents", flag.track_events);
  json.read("trackEventsFallthrough", flag.track_events_fallthrough);
  json.read("debugEventsUntilDate", flag.debug_events_until_ms);
  json.read("clientSide", flag.client_side);
  json.read("clientSideAvailability", flag.client_side_availability);
  json.read("migration", flag.migration);
  json.read("samplingRatio", flag.sampling_ratio);
  json.read("excludeFromSummaries", flag.exclude_from_summaries);
  TRY(json.status());
  if (flag.key.empty()) return base::invalid("/key is missing");
  return flag;
}

Result<Segment> segment_from_json(const Value& value) {
  ObjectReader json(value, "");
  Segment segment;
  json.read("key", segment.key);
  json.read("version", segment.version);
  json.read("included", segment.included);
  json.read("excluded", segment.excluded);
  json.read_list("includedContexts", segment.included_contexts, read_segment_target);
  json.read_list("excludedContexts", segment.excluded_contexts, read_segment_target);
  json.read_list("rules", segment.rules, read_segment_rule);
  json.read("salt", segment.salt);
  json.read("unbounded", segment.unbounded);
  json.read("unboundedContextKind", segment.unbounded_context_kind);
  json.read("generation", segment.generation);
  json.read("deleted", segment.deleted);
  TRY(json.status());
  if (segment.key.empty()) return base::invalid("/key is missing");
  return segment;
}

Result<Flag> parse_flag(std::string_view json) {
  TRY_ASSIGN(const Value value, parse_json(json, kFlagJsonBytesMax));
  return flag_from_json(value);
}

Result<Segment> parse_segment(std::string_view json) {
  TRY_ASSIGN(const Value value, parse_json(json, kFlagJsonBytesMax));
  return segment_from_json(value);
}

Result<std::shared_ptr<const FlagSnapshot>> parse_snapshot(std::string_view json,
                                                           uint64_t version) {
  TRY_ASSIGN(const Value value, parse_json(json));
  if (!value.is_object()) return base::invalid("the text is not an object");
  TRY_ASSIGN(std::vector<Flag> flags, read_keyed<Flag>(value, "flags", flag_from_json));
  TRY_ASSIGN(std::vector<Segment> segments,
             read_keyed<Segment>(value, "segments", segment_from_json));
  return FlagSnapshot::make(std::move(flags), std::move(segments), version);
}

Value value_of(const base::ConfigNode& node) {
  switch (node.kind()) {
    case base::ConfigNode::Kind::kNull:
      return {};
    case base::ConfigNode::Kind::kList: {
      Value::List items;
      for (const base::ConfigNode& item : node.items()) items.push_back(value_of(item));
      return items;
    }
    case base::ConfigNode::Kind::kMap: {
      Value::Object members;
      for (const auto& [name, child] : node.entries()) members.push_back({name, value_of(child)});
      return members;
    }
    case base::ConfigNode::Kind::kScalar:
      break;
  }
  const std::string& text = node.text();
  if (node.quoted()) return text;
  if (text == "true") return true;
  if (text == "false") return false;
  if (is_null_word(text)) return {};
  if (const auto integer = base::parse_int64(text)) return *integer;
  if (const auto number = base::parse_double(text)) return *number;
  return text;
}

}  // namespace understudy::flags
