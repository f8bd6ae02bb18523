#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace understudy::compare {

/// A pattern of places: `$.rows[*].revenue`. A subset of JSONPath (RFC 9535):
///   $            the body          .name  ['any name']   a member
///   [3]          an item           .*  [*]               every child
///   ..name ..*   at any depth      @                     the enclosing rule's place (nested rules)
/// and, outside the body, `status` and `headers.name` (any letter case).
/// A cell of a table answers to its column's name and to its index.
/// A value type; immutable once parsed. Bounded: kPathBytesMax, kPathStepsMax.
class PathPattern {
 public:
  enum class Root : uint8_t { kBody, kStatus, kHeaders, kRelative };
  enum class Kind : uint8_t { kName, kIndex, kAny };
  struct Step {
    Kind kind = Kind::kAny;
    bool at_any_depth = false;  // written with `..`
    uint32_t index = 0;
    std::string name;

    bool operator==(const Step&) const = default;
  };

  static constexpr size_t kPathBytesMax = 4096;
  static constexpr size_t kPathStepsMax = 64;

  /// Errors point at the character: "$.rows[x]: expected an index, '*' or a quoted name at
  /// character 8".
  static base::Result<PathPattern> parse(std::string_view text);

  Root root() const { return root_; }
  const std::vector<Step>& steps() const { return steps_; }
  /// Canonical text; parses back to an equal pattern.
  std::string text() const;
  /// This pattern read below `parent`; unchanged when it is not relative.
  base::Result<PathPattern> below(const PathPattern& parent) const;

  bool operator==(const PathPattern&) const = default;

 private:
  Root root_ = Root::kBody;
  std::vector<Step> steps_;
};

/// Appends one member step in its shortest form: ".revenue" or "['two words']".
void append_member(std::string& path, std::string_view member);

}  // namespace understudy::compare
