#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "flags/value.h"

namespace understudy::flags {

/// Who or what a flag is evaluated for: one or several kinds, each with a key and attributes.
/// Kinds are [A-Za-z0-9._-]+ and not "kind" or "multi"; keys are not empty. A context built
/// outside these rules is kept but not valid, and every evaluation with it is an error
/// USER_NOT_SPECIFIED, as in the official SDKs.
/// Ownership: owns its data. Threads: const methods from any thread.
class Context {
 public:
  struct Part {
    std::string kind;
    std::string key;
    bool anonymous = false;
    std::string name;  // the built-in attribute; empty means absent
    std::vector<std::pair<std::string, Value>> attributes;

    /// A top-level attribute: "key", "kind", "name", "anonymous" or one of `attributes`.
    /// Absent attributes are null, `anonymous` is false when it was not given.
    Value top_level(std::string_view attribute) const;
  };

  /// One context of kind user.
  static Context user(std::string_view key);
  static Context of(Part part);
  /// Several kinds at once; invalid when two parts share a kind or there are none.
  static Context multi(std::vector<Part> parts);
  /// LaunchDarkly's context JSON: {"kind":"user","key":..., attributes}, {"kind":"multi",
  /// "org":{"key":...}}, or the old user form without kind ({"key":..., "custom":{...}}).
  /// Limits: kContextKindsMax kinds, kContextAttributesMax attributes each.
  static base::Result<Context> from_json(const Value& json);
  static base::Result<Context> parse(std::string_view json);

  /// Sets an attribute of the first part; builds up contexts in code and tests.
  Context& with(std::string_view attribute, Value value);

  bool valid() const { return valid_; }
  const std::vector<Part>& parts() const { return parts_; }
  /// The part of one kind, or null.
  const Part* find(std::string_view kind) const;

 private:
  void check();

  std::vector<Part> parts_;
  bool valid_ = false;
};

inline constexpr size_t kContextKindsMax = 32;
inline constexpr size_t kContextAttributesMax = 1000;

}  // namespace understudy::flags
