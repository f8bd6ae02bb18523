// Two hostile answers and hostile rules: the comparison must end, within its bounds, without a
// crash, and must not contradict itself.
#include "compare/comparator.h"

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "compare/grouping.h"
#include "http/fields.h"

namespace {

using namespace understudy;

void require(bool condition) {
  if (!condition) std::abort();
}

/// Input: one byte of choices, then rules, control and candidate, separated by 0xFE bytes, which
/// are in no valid text.
struct Input {
  uint8_t choices = 0;
  std::string_view rules;
  std::string_view control;
  std::string_view candidate;
};

Input split(std::string_view data) {
  Input input;
  if (data.empty()) return input;
  input.choices = static_cast<uint8_t>(data[0]);
  data.remove_prefix(1);
  const auto take = [&data] {
    const size_t end = std::min(data.find('\xFE'), data.size());
    const std::string_view part = data.substr(0, end);
    data.remove_prefix(std::min(end + 1, data.size()));
    return part;
  };
  input.rules = take();
  input.control = take();
  input.candidate = data;
  return input;
}

/// A rule offered for a difference, added to the others, leaves no such difference.
void require_offer_accepts(const compare::Difference& offered, std::vector<compare::Rule> rules,
                           const compare::ComparatorOptions& options, const compare::Answer& a,
                           const compare::Answer& b, compare::BodyKind kind) {
  auto rule = compare::Rule::parse(offered.rule);
  require(rule.ok());
  if (rules.size() == compare::Rules::kRulesMax) return;
  rules.push_back(*std::move(rule));
  const compare::Comparator comparator(compare::Rules(std::move(rules)), options);
  const compare::Comparison found = comparator.compare(a, b, kind);
  if (!found.reason.empty()) return;
  for (const compare::Difference& left : found.differences) {
    // Of values that were cut, two may look alike.
    if (left.control_value.size() > 20 || left.candidate_value.size() > 20) continue;
    require(left.dimension != offered.dimension || left.path != offered.path ||
            left.control_value != offered.control_value ||
            left.candidate_value != offered.candidate_value);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const Input input = split({reinterpret_cast<const char*>(data), size});
  constexpr std::string_view kTypes[] = {"application/json",
                                         "application/x-ndjson",
                                         "text/csv",
                                         "text/plain",
                                         "application/x-www-form-urlencoded",
                                         "",
                                         "text/plain; charset=utf-16le",
                                         "text/tab-separated-values"};
  constexpr compare::BodyKind kKinds[] = {compare::BodyKind::kAuto, compare::BodyKind::kTable,
                                          compare::BodyKind::kJson, compare::BodyKind::kAuto};
  const compare::BodyKind kind = kKinds[(input.choices >> 3) & 3];
  http::Fields headers;
  headers.add("Content-Type", kTypes[input.choices & 7]);
  if ((input.choices & 0x20) != 0) headers.add("Content-Encoding", "gzip");

  auto rules = compare::Rules::parse_text(input.rules);
  compare::ComparatorOptions options;
  options.differences_max = 5;
  options.value_bytes_max = 32;
  options.work_max = 2'000'000;
  options.pairing_trials_max = 200;
  options.decoded_bytes_max = 1 << 20;
  const compare::Comparator comparator(rules.ok() ? *rules : compare::Rules(), options);

  const compare::Answer a{200, &headers, input.control, true};
  const compare::Answer b{200, &headers, input.candidate, true};
  const compare::Comparison found = comparator.compare(a, b, kind);
  require(found.differences.size() <= options.differences_max);
  require((found.outcome == compare::Outcome::kMismatch) == (found.difference_count() != 0));
  require(found.outcome != compare::Outcome::kMatch || found.reason.empty());
  compare::DifferenceGroups groups;
  for (const compare::Difference& difference : found.differences) {
    require(difference.control_value.size() <= options.value_bytes_max + 64);
    groups.add("route", difference);
    if (difference.rule.empty()) continue;
    // What is offered can be read back and accepts what it was offered for.
    const auto rule = compare::Rule::parse(difference.rule);
    require(rule.ok() && rule->text() == difference.rule);
  }
  // Where the cap lies does not change what is counted.
  if (found.reason.empty()) {
    compare::ComparatorOptions wide = options;
    wide.differences_max = 1000;
    const compare::Comparator uncapped(rules.ok() ? *rules : compare::Rules(), wide);
    const compare::Comparison whole = uncapped.compare(a, b, kind);
    require(!whole.reason.empty() || (whole.outcome == found.outcome &&
                                      whole.difference_count() == found.difference_count()));
  }
  for (const compare::Difference& difference : found.differences) {
    const bool value = difference.dimension == compare::Dimension::kValue ||
                       difference.dimension == compare::Dimension::kCell ||
                       difference.dimension == compare::Dimension::kType;
    if (!value || difference.rule.empty() || !found.reason.empty()) continue;
    std::vector<compare::Rule> all;
    if (rules.ok()) all.assign(rules->list().begin(), rules->list().end());
    require_offer_accepts(difference, std::move(all), options, a, b, kind);
    break;
  }
  // Asking again gives the same answer, and turning the sides around the same outcome, unless
  // units of time or the bound on work tell the sides apart.
  const compare::Comparison again = comparator.compare(a, b, kind);
  require(again.outcome == found.outcome && again.difference_count() == found.difference_count());
  if (!rules.ok() && found.reason.empty()) {
    const compare::Comparison swapped = comparator.compare(b, a, kind);
    require(!swapped.reason.empty() || swapped.outcome == found.outcome);
    require(comparator.compare(a, a, kind).outcome == compare::Outcome::kMatch);
  }
  return 0;
}
