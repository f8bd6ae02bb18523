#include "compare/would_accept.h"

#include <string_view>
#include <utility>
#include <vector>

#include "base/text.h"
#include "compare/acceptance.h"
#include "compare/place.h"
#include "compare/scalar.h"

namespace understudy::compare {
namespace {

/// Longest UTF-8 character less one: a value that was cut may be shorter by so much.
constexpr size_t kCutSlack = 3;
constexpr uint64_t kStepsMax = 1'000'000;
constexpr std::string_view kRedacted = "[redacted]";

/// Where a rule's pattern ends on the way to a place.
struct Reached {
  bool above = false;  // at the place or one above it
  bool here = false;
};

NodeKind kind_of(ValueType type, std::string_view value) {
  switch (type) {
    case ValueType::kNull:
      return NodeKind::kNull;
    case ValueType::kInteger:
      return NodeKind::kInteger;
    case ValueType::kFloat:
      return NodeKind::kFloat;
    case ValueType::kNan:
      return NodeKind::kNan;
    case ValueType::kBool:
      return value == "true" ? NodeKind::kTrue : NodeKind::kFalse;
    case ValueType::kMissing:
    case ValueType::kString:
    case ValueType::kArray:
    case ValueType::kObject:
    case ValueType::kMixed:
    case ValueType::kBytes:
      return NodeKind::kString;
  }
  return NodeKind::kString;
}

bool is_scalar(ValueType type) {
  switch (type) {
    case ValueType::kMissing:
    case ValueType::kNull:
    case ValueType::kBool:
    case ValueType::kInteger:
    case ValueType::kFloat:
    case ValueType::kNan:
    case ValueType::kString:
      return true;
    case ValueType::kArray:
    case ValueType::kObject:
    case ValueType::kMixed:
    case ValueType::kBytes:
      return false;
  }
  return false;
}

/// A cell whose path has its column's index may have a name, too, and a rule may use either.
void enter(Place& place, const PathPattern::Step& step, std::string_view column) {
  if (step.kind == PathPattern::Kind::kName) {
    place.enter_member({.raw = step.name});
  } else if (step.kind == PathPattern::Kind::kAny) {
    place.enter_item(Place::kNoIndex);  // of a whole column
  } else if (column.empty()) {
    place.enter_item(step.index);
  } else {
    place.enter_cell({.raw = column}, step.index);
  }
}

Reached reach(const Rule& rule, const PathPattern& path, std::string_view column) {
  if (rule.path.root() != path.root()) return {};
  switch (path.root()) {
    case PathPattern::Root::kStatus:
      return {.above = true, .here = true};
    case PathPattern::Root::kHeaders: {
      const bool same = rule.path.steps() == path.steps();
      return {.above = same, .here = same};
    }
    case PathPattern::Root::kRelative:
      return {};
    case PathPattern::Root::kBody:
      break;
  }
  const Rules rules({rule});
  WorkBudget work(kStepsMax);
  Place place;
  place.start(rules, &work);
  Reached reached{.above = !place.matched().empty(), .here = !place.matched().empty()};
  for (size_t i = 0; i < path.steps().size(); ++i) {
    const bool last = i + 1 == path.steps().size();
    enter(place, path.steps()[i], last ? column : std::string_view());
    reached.here = !place.matched().empty();
    reached.above = reached.above || reached.here;
  }
  return reached;
}

/// Whether the rule accepts all that the narrowest one for the difference does. That one was found
/// on the whole values, and on all cells of a column.
bool covers_narrowest(const Rule& rule, const Difference& difference) {
  if (difference.rule.empty()) return false;
  auto narrowest = Rule::parse(std::string_view(difference.rule));
  if (!narrowest.ok()) return false;
  narrowest->path = rule.path;
  return rule.widened(*narrowest) == rule;
}

bool hidden_or_cut(const Difference& difference, size_t value_bytes_max) {
  for (const std::string& value : {difference.control_value, difference.candidate_value}) {
    if (value == kRedacted || value.size() + kCutSlack >= value_bytes_max) return true;
  }
  return false;
}

WouldAccept by_values(const Rule& rule, const Difference& difference, size_t value_bytes_max) {
  if (!is_scalar(difference.control_type) || !is_scalar(difference.candidate_type)) {
    return WouldAccept::kNo;  // no tolerance makes an object equal to anything
  }
  if (hidden_or_cut(difference, value_bytes_max)) return WouldAccept::kUndecided;
  const auto scalar = [](ValueType type, std::string_view value) {
    return Scalar{.type = type, .kind = kind_of(type, value), .raw = value};
  };
  const bool fits = accepts(rule, scalar(difference.control_type, difference.control_value),
                            scalar(difference.candidate_type, difference.candidate_value));
  return fits ? WouldAccept::kYes : WouldAccept::kNo;
}

}  // namespace

WouldAccept would_accept(const Rule& rule, const Difference& difference, size_t value_bytes_max) {
  const auto path = PathPattern::parse(difference.path);
  if (!path.ok()) return WouldAccept::kUndecided;  // it was cut
  const bool named = !base::parse_uint64(difference.column).has_value();
  const Reached reached =
      reach(rule, *path, named ? std::string_view(difference.column) : std::string_view());
  if (!reached.above) return WouldAccept::kNo;
  if (rule.ignore) return WouldAccept::kYes;
  const bool pairs_anew = rule.unordered || !rule.match_by.empty();
  if (!reached.here) return pairs_anew ? WouldAccept::kUndecided : WouldAccept::kNo;
  if (covers_narrowest(rule, difference)) return WouldAccept::kYes;
  switch (difference.dimension) {
    case Dimension::kOrder:
      if (rule.unordered) return WouldAccept::kYes;
      return pairs_anew ? WouldAccept::kUndecided : WouldAccept::kNo;
    case Dimension::kCell:
    case Dimension::kMissing:
    case Dimension::kExtra:
    case Dimension::kType:
    case Dimension::kValue:
    case Dimension::kHeader:
      if (pairs_anew) return WouldAccept::kUndecided;
      return by_values(rule, difference, value_bytes_max);
    case Dimension::kColumnType:
      return WouldAccept::kUndecided;  // goes by the cells, which were not recorded
    case Dimension::kRowCount:
      return pairs_anew ? WouldAccept::kUndecided : WouldAccept::kNo;
    case Dimension::kColumnCount:
    case Dimension::kUnparsed:
    case Dimension::kStatus:
      return WouldAccept::kNo;
  }
  return WouldAccept::kNo;
}

}  // namespace understudy::compare
