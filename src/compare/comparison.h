#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "compare/difference.h"

namespace understudy::compare {

enum class Outcome {
  kMatch,         // equal in everything that is compared
  kIgnored,       // they differ, and rules accept every difference
  kMismatch,      // at least one difference no rule accepts
  kIncomparable,  // nothing known to differ, but a body could not be compared; `reason` says why
};

const char* name(Outcome outcome);

/// The result of one comparison; filled by the Comparator, then only read.
/// A known mismatch outranks an incomparable body: the outcome is then kMismatch and `reason` is
/// set as well.
struct Comparison {
  Outcome outcome = Outcome::kMatch;
  std::string reason;                   // set when a body was not compared: "control: gzip ..."
  std::vector<Difference> differences;  // at most differences_max, in document order
  uint64_t dropped = 0;                 // differences beyond differences_max, counted exactly
  uint64_t ignored = 0;                 // differences accepted by rules
  std::vector<uint64_t> rule_hits;      // per rule, in the order of Rules; empty: no hit at all

  uint64_t difference_count() const { return differences.size() + dropped; }
};

}  // namespace understudy::compare
