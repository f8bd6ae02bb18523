#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/config_node.h"
#include "base/result.h"
#include "compare/path.h"

namespace understudy::compare {

/// A way of writing a moment: a number of units since 1970, or ISO 8601 text.
enum class TimeUnit : uint8_t { kSeconds, kMillis, kMicros, kNanos, kIso, kAny };

/// `time_unit: "ms:us"`: control writes milliseconds, candidate microseconds.
struct TimeUnits {
  TimeUnit control = TimeUnit::kAny;
  TimeUnit candidate = TimeUnit::kAny;

  bool operator==(const TimeUnits&) const = default;
};

/// Which types may stand for each other; a set.
struct Coerce {
  bool number = false;   // "12", 12 and 12.0
  bool boolean = false;  // "true", true and 1
  bool null = false;     // null and a missing member
  bool nan = false;      // NaN, Infinity and null

  bool any() const { return number || boolean || null || nan; }
  bool operator==(const Coerce&) const = default;
};

enum class Trim : uint8_t { kNone, kEnds, kAll };  // kAll: every run of white space counts as one

/// What is accepted at one pattern of places. Several may be set; how they combine is written in
/// docs/comparison.md: values are made alike first (trim, case, coerce, time_unit), then any one
/// of absolute, relative and ulps is enough.
struct Rule {
  PathPattern path;
  bool ignore = false;     // the place and all below it
  bool unordered = false;  // an array's items count as a multiset
  bool redact = false;     // values of the place and all below it never leave the comparator
  bool ignore_case = false;
  bool canonical = false;  // texts that differ only in how they compose their accents are equal
  Trim trim = Trim::kNone;
  Coerce coerce;
  std::optional<TimeUnits> time_unit;
  std::string absolute;  // decimal text, exact; empty: not set
  std::optional<double> relative;
  std::optional<uint64_t> ulps;
  std::vector<std::string> match_by;  // members (or column indices) that identify an item

  bool operator==(const Rule&) const = default;

  /// One JSON object, also valid YAML: {"path": "$.rows[*].revenue", "ulps": 4}.
  /// Parses back to an equal rule.
  std::string text() const;
  /// The narrowest rule that accepts what either accepts; only for rules of one path.
  Rule widened(const Rule& other) const;
  static base::Result<Rule> parse(const base::ConfigNode& node);
  static base::Result<Rule> parse(std::string_view text);
};

/// An ordered list of rules; a rule's place in it is its number in Comparison::rule_hits.
/// Immutable once parsed; copies are cheap enough for a reload, not for a request.
class Rules {
 public:
  static constexpr size_t kRulesMax = 512;
  static constexpr size_t kNestingMax = 8;

  Rules() = default;
  /// Beyond kRulesMax rules the rest is dropped; parse() refuses such lists.
  explicit Rules(std::vector<Rule> rules);

  /// A list of rules; nested `rules` come after the rule that holds them.
  static base::Result<Rules> parse(const base::ConfigNode& list);
  /// The same from JSON or YAML text; accepts the list or a section with a `rules` key.
  static base::Result<Rules> parse_text(std::string_view text);

  size_t size() const { return rules_.size(); }
  bool empty() const { return rules_.empty(); }
  const Rule& operator[](size_t index) const { return rules_[index]; }
  std::span<const Rule> list() const { return rules_; }
  /// Whether a redaction hides the place in a body that these members lead to, or one above it.
  bool redacts(std::initializer_list<std::string_view> members) const;

 private:
  std::vector<Rule> rules_;
};

const char* name(TimeUnit unit);

}  // namespace understudy::compare
