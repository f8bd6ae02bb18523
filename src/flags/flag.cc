#include "flags/flag.h"

#include <array>
#include <utility>

namespace understudy::flags {
namespace {

constexpr std::array<std::pair<std::string_view, Operator>, 15> kOperators = {{
    {"in", Operator::kIn},
    {"startsWith", Operator::kStartsWith},
    {"endsWith", Operator::kEndsWith},
    {"contains", Operator::kContains},
    {"matches", Operator::kMatches},
    {"lessThan", Operator::kLessThan},
    {"lessThanOrEqual", Operator::kLessThanOrEqual},
    {"greaterThan", Operator::kGreaterThan},
    {"greaterThanOrEqual", Operator::kGreaterThanOrEqual},
    {"before", Operator::kBefore},
    {"after", Operator::kAfter},
    {"semVerEqual", Operator::kSemVerEqual},
    {"semVerLessThan", Operator::kSemVerLessThan},
    {"semVerGreaterThan", Operator::kSemVerGreaterThan},
    {"segmentMatch", Operator::kSegmentMatch},
}};

}  // namespace

Operator operator_from_name(std::string_view name) {
  for (const auto& [known, op] : kOperators) {
    if (known == name) return op;
  }
  return Operator::kUnknown;
}

std::string_view name(Operator op) {
  for (const auto& [known, known_op] : kOperators) {
    if (known_op == op) return known;
  }
  return {};
}

const Value* value_for_all(const Flag& flag) {
  const std::optional<int> index = flag.on ? flag.fallthrough.variation : flag.off_variation;
  if (!index || *index < 0 || static_cast<size_t>(*index) >= flag.variations.size()) return nullptr;
  return &flag.variations[static_cast<size_t>(*index)];
}

}  // namespace understudy::flags
