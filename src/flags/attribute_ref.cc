#include "flags/attribute_ref.h"

#include <optional>

#include "base/text.h"

namespace understudy::flags {
namespace {

/// Undoes ~0 and ~1; nullopt for any other use of "~".
std::optional<std::string> unescape(std::string_view part) {
  std::string out;
  for (size_t i = 0; i < part.size(); ++i) {
    if (part[i] != '~') {
      out += part[i];
      continue;
    }
    ++i;
    if (i >= part.size() || (part[i] != '0' && part[i] != '1')) return std::nullopt;
    out += part[i] == '0' ? '~' : '/';
  }
  return out;
}

}  // namespace

AttributeRef AttributeRef::literal(std::string_view name) {
  AttributeRef ref;
  if (!name.empty()) ref.path_.emplace_back(name);
  return ref;
}

AttributeRef AttributeRef::reference(std::string_view text) {
  AttributeRef ref;
  if (!text.starts_with('/')) {
    ref = literal(text);
  } else {
    for (const std::string_view part : base::split(text.substr(1), '/')) {
      std::optional<std::string> name = unescape(part);
      if (!name || name->empty()) return {};
      ref.path_.push_back(*std::move(name));
    }
  }
  if (ref.valid() && ref.path_.front() == "_meta") return {};
  return ref;
}

Value AttributeRef::read(const Context::Part& part) const {
  if (path_.empty()) return {};
  if (path_.size() == 1) return part.top_level(path_[0]);
  // A path goes into custom attributes only: the built-in ones have no members.
  for (const auto& [name, value] : part.attributes) {
    if (name != path_[0]) continue;
    const Value* inside = &value;
    for (size_t i = 1; i < path_.size(); ++i) {
      inside = inside->find(path_[i]);
      if (inside == nullptr) return {};
    }
    return *inside;
  }
  return {};
}

}  // namespace understudy::flags
