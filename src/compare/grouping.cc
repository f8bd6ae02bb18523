#include "compare/grouping.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "base/text.h"
#include "compare/rules.h"

namespace understudy::compare {

namespace {

/// The rule that accepts what either text accepts; empty when there is none.
std::string widened(const std::string& a, const std::string& b) {
  if (a == b || b.empty()) return a;
  if (a.empty()) return b;
  const auto x = Rule::parse(a);
  const auto y = Rule::parse(b);
  if (!x.ok() || !y.ok() || !(x->path == y->path)) return a;
  return x->widened(*y).text();
}

/// "1,204".
std::string with_commas(uint64_t number) {
  std::string out = base::cat(number);
  for (size_t at = out.size(); at > 3;) {
    at -= 3;
    out.insert(at, ",");
  }
  return out;
}

std::string percent(double share) {
  std::array<char, 32> buffer;
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), share * 100,
                                 std::chars_format::fixed, 1);
  return std::string(buffer.data(), end.ptr) + "%";
}

std::string words(const DifferenceGroup& group) {
  switch (group.explanation) {
    case Explanation::kNone:
      return base::cat(name(group.dimension), " unexplained");
    case Explanation::kFloatUlp:
      return base::cat("float within ", group.distance_max, " ULP");
    case Explanation::kFloatRounding:
      return "float rounded to fewer digits";
    case Explanation::kFloatSingle:
      return "float through single precision";
    case Explanation::kIntegerAsDouble:
      return "integer beyond 2^53 through a double";
    case Explanation::kNumberRepresentation:
      return "integer against float of equal value";
    case Explanation::kNegativeZero:
      return "-0 against 0";
    case Explanation::kNanNull:
      return "NaN against null";
    case Explanation::kTimeUnit:
      return base::cat("time in units a factor ", group.distance_max, " apart");
    case Explanation::kIsoEpoch:
      return "ISO 8601 against epoch number";
    case Explanation::kTimePrecision:
      return "time with fewer digits";
    case Explanation::kTimeZone:
      return "time in another zone";
    case Explanation::kNumberAsString:
      return "number against text";
    case Explanation::kBoolAsString:
      return "bool against text";
    case Explanation::kBoolAsNumber:
      return "bool against number";
    case Explanation::kNullMissing:
      return "null against missing";
    case Explanation::kRowOrder:
      return "another order";
    case Explanation::kWhiteSpace:
      return "white space";
    case Explanation::kCase:
      return "letter case";
    case Explanation::kUnicodeForm:
      return "Unicode composed differently";
    case Explanation::kTruncation:
      return "text cut off";
  }
  return "";
}

}  // namespace

std::string DifferenceGroup::describe() const {
  return base::cat(percent(share), " ", words(*this), " at ", path_pattern, " (",
                   with_commas(count), ")");
}

DifferenceGroup* DifferenceGroups::find_or_make(Key key) {
  const auto found = groups_.find(key);
  if (found != groups_.end()) return &found->second;
  if (groups_.size() >= options_.groups_max) return nullptr;
  DifferenceGroup& group = groups_[key];
  std::tie(group.route, group.path_pattern, group.dimension, group.explanation) = std::move(key);
  return &group;
}

void DifferenceGroups::add(std::string_view route, const Difference& difference, uint64_t count) {
  total_ += count;
  DifferenceGroup* group = find_or_make(
      Key{route, difference.path_pattern, difference.dimension, difference.explanation});
  if (group == nullptr) {
    ungrouped_ += count;
    return;
  }
  if (group->count == 0) {
    group->distance_unit = difference.distance_unit;
    group->rule = difference.rule;
  } else if (group->rule != difference.rule) {
    group->rule = widened(group->rule, difference.rule);
  }
  group->count += count;
  group->distance_max = std::max(group->distance_max, difference.distance);
  if (group->examples.size() < options_.examples_max) group->examples.push_back(difference);
}

void DifferenceGroups::merge(const DifferenceGroups& other) {
  total_ += other.total_;
  ungrouped_ += other.ungrouped_;
  for (const auto& [key, theirs] : other.groups_) {
    DifferenceGroup* group = find_or_make(key);
    if (group == nullptr) {
      ungrouped_ += theirs.count;
      continue;
    }
    if (group->count == 0) group->distance_unit = theirs.distance_unit;
    group->rule = widened(group->rule, theirs.rule);
    group->count += theirs.count;
    group->distance_max = std::max(group->distance_max, theirs.distance_max);
    for (const Difference& example : theirs.examples) {
      if (group->examples.size() < options_.examples_max) group->examples.push_back(example);
    }
  }
}

std::vector<DifferenceGroup> DifferenceGroups::groups() const {
  std::vector<DifferenceGroup> out;
  out.reserve(groups_.size());
  for (const auto& [key, group] : groups_) {
    out.push_back(group);
    out.back().share = static_cast<double>(group.count) / static_cast<double>(total_);
  }
  std::stable_sort(out.begin(), out.end(), [](const DifferenceGroup& a, const DifferenceGroup& b) {
    return a.count > b.count;
  });
  return out;
}

}  // namespace understudy::compare
