#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "flags/context.h"

namespace understudy::flags {

/// Which attribute of a context a clause or rollout reads, parsed once.
/// A literal is one top-level name, whatever it contains. A reference that starts with "/" is a
/// path ("/address/city", "~1" is "/", "~0" is "~"); any other reference is a plain name. Empty
/// text, empty path parts, other uses of "~" in a path, and "_meta" are not valid.
class AttributeRef {
 public:
  static AttributeRef literal(std::string_view name);
  static AttributeRef reference(std::string_view text);

  bool valid() const { return !path_.empty(); }
  bool is_key() const { return path_.size() == 1 && path_[0] == "key"; }
  bool is_kind() const { return path_.size() == 1 && path_[0] == "kind"; }

  /// The attribute of `part`, null when there is none. Lists are not entered.
  Value read(const Context::Part& part) const;

 private:
  std::vector<std::string> path_;
};

}  // namespace understudy::flags
