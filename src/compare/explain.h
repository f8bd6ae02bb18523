#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "compare/difference.h"
#include "compare/rules.h"
#include "compare/scalar.h"

namespace understudy::compare {

/// What is known about why two values differ.
struct Explained {
  Explanation explanation = Explanation::kNone;
  double distance = 0;
  const char* distance_unit = "";
  std::optional<Rule> rule;  // narrowest that accepts these two; its path is left to the caller
};

/// Explains a pair that no rule accepted. At most one side is missing.
/// `place` is the path or pattern; its last name tells whether numbers may be times.
/// The offered rule is tried on the pair before it is offered. Cost: linear in the two texts;
/// called only for differences that are recorded.
Explained explain(const Scalar& control, const Scalar& candidate, std::string_view place,
                  uint64_t explain_ulps_max);

}  // namespace understudy::compare
