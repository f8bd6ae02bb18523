#include "flags/context.h"

#include <algorithm>

#include "base/text.h"

namespace understudy::flags {
namespace {

using base::cat;
using base::Result;

bool valid_kind(std::string_view kind) {
  if (kind.empty() || kind == "kind" || kind == "multi") return false;
  return std::all_of(kind.begin(), kind.end(), [](char letter) {
    return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
           (letter >= '0' && letter <= '9') || letter == '-' || letter == '_' || letter == '.';
  });
}

base::Status set_attribute(Context::Part& part, const std::string& name, const Value& value) {
  if (value.is_null()) return base::ok_status();
  if (name == "key") {
    if (!value.is_string()) return base::invalid("context key is not a string");
    part.key = value.as_string();
  } else if (name == "name") {
    if (!value.is_string()) return base::invalid("context name is not a string");
    part.name = value.as_string();
  } else if (name == "anonymous") {
    if (!value.is_bool()) return base::invalid("context anonymous is not true or false");
    part.anonymous = value.as_bool();
  } else if (name != "_meta" && name != "kind") {
    if (part.attributes.size() >= kContextAttributesMax) {
      return base::error(base::ErrorKind::kLimit,
                         cat("a context has more than ", kContextAttributesMax, " attributes"));
    }
    part.attributes.emplace_back(name, value);
  }
  return base::ok_status();
}

Result<Context::Part> parse_part(std::string_view kind, const Value& json) {
  if (!json.is_object()) return base::invalid(cat("context ", kind, " is not an object"));
  Context::Part part;
  part.kind = kind;
  for (const Value::Member& member : json.as_object()) {
    TRY(set_attribute(part, member.name, member.value));
  }
  return part;
}

/// The old user form: known attributes at the top, all others under "custom".
Result<Context::Part> parse_old_user(const Value& json) {
  Context::Part part;
  part.kind = "user";
  for (const Value::Member& member : json.as_object()) {
    if (member.name == "custom") {
      if (!member.value.is_object() && !member.value.is_null()) {
        return base::invalid("context custom is not an object");
      }
      for (const Value::Member& custom : member.value.as_object()) {
        if (custom.name == "key" || custom.name == "name" || custom.name == "anonymous") continue;
        TRY(set_attribute(part, custom.name, custom.value));
      }
    } else if (member.name != "privateAttributeNames") {
      TRY(set_attribute(part, member.name, member.value));
    }
  }
  return part;
}

}  // namespace

Value Context::Part::top_level(std::string_view attribute) const {
  if (attribute == "key") return key;
  if (attribute == "kind") return kind;
  if (attribute == "name") return name.empty() ? Value() : Value(name);
  if (attribute == "anonymous") return anonymous;
  for (const auto& [attribute_name, value] : attributes) {
    if (attribute_name == attribute) return value;
  }
  return {};
}

Context Context::user(std::string_view key) {
  Part part;
  part.kind = "user";
  part.key = key;
  return of(std::move(part));
}

Context Context::of(Part part) {
  Context context;
  context.parts_.push_back(std::move(part));
  context.check();
  return context;
}

Context Context::multi(std::vector<Part> parts) {
  Context context;
  context.parts_ = std::move(parts);
  context.check();
  return context;
}

Result<Context> Context::from_json(const Value& json) {
  if (!json.is_object()) return base::invalid("a context is an object");
  const Value* kind = json.find("kind");
  if (kind == nullptr || kind->is_null()) {
    TRY_ASSIGN(Part part, parse_old_user(json));
    return of(std::move(part));
  }
  if (!kind->is_string()) return base::invalid("context kind is not a string");
  if (kind->as_string() != "multi") {
    TRY_ASSIGN(Part part, parse_part(kind->as_string(), json));
    return of(std::move(part));
  }
  if (json.as_object().size() - 1 > kContextKindsMax) {
    return base::error(base::ErrorKind::kLimit,
                       cat("a context has more than ", kContextKindsMax, " kinds"));
  }
  std::vector<Part> parts;
  for (const Value::Member& member : json.as_object()) {
    if (member.name == "kind") continue;
    TRY_ASSIGN(Part part, parse_part(member.name, member.value));
    parts.push_back(std::move(part));
  }
  return multi(std::move(parts));
}

Result<Context> Context::parse(std::string_view json) {
  TRY_ASSIGN(const Value value, parse_json(json));
  return from_json(value);
}

Context& Context::with(std::string_view attribute, Value value) {
  if (parts_.empty()) return *this;
  parts_.front().attributes.emplace_back(attribute, std::move(value));
  return *this;
}

const Context::Part* Context::find(std::string_view kind) const {
  for (const Part& part : parts_) {
    if (part.kind == kind) return &part;
  }
  return nullptr;
}

void Context::check() {
  valid_ = !parts_.empty() && parts_.size() <= kContextKindsMax;
  for (size_t i = 0; i < parts_.size() && valid_; ++i) {
    valid_ = !parts_[i].key.empty() && valid_kind(parts_[i].kind);
    for (size_t j = 0; j < i && valid_; ++j) valid_ = parts_[i].kind != parts_[j].kind;
  }
}

}  // namespace understudy::flags
