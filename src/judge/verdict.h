#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "judge/criteria.h"

namespace understudy::judge {

/// What the evidence says.
enum class Ruling {
  kPass,               // it holds, at the agreed confidence
  kFail,               // it does not hold, at the agreed confidence
  kNotEnoughEvidence,  // neither can be said yet; no data at all is always this
};

/// "pass", "fail", "not_enough_evidence".
const char* name(Ruling ruling);

/// Which evaluations answered the question.
enum class Population {
  kPaired,   // both sides saw the same requests (a shadow mode)
  kCutover,  // requests that the candidate served against a control_only share
};
const char* name(Population population);

/// A number with bounds that hold at every look. A bound that cannot be given is infinite.
struct Interval {
  double value = 0;
  double low = 0;
  double high = 0;
};

/// One side of a criterion.
struct SideEvidence {
  int64_t evaluations = 0;
  std::optional<Interval> measured{};  // absent without evaluations
};

/// What stands between "not enough evidence" and an answer.
struct Missing {
  std::optional<int64_t> evaluations{};  // about how many more; absent when more would not help
  std::optional<int64_t> duration_ms{};  // about how long at the rate of the window
  // "at least about 3,400 more evaluations (roughly 6 minutes at the present rate)"
  std::string text{};
};

/// The ruling on one criterion with everything needed to check it by hand.
struct CriterionVerdict {
  Criterion criterion{};
  Ruling ruling = Ruling::kNotEnoughEvidence;
  Population population = Population::kPaired;
  std::string unit{};  // of measured and tested: "fraction", "ms", "ratio", "count"
  SideEvidence control{};
  SideEvidence candidate{};
  std::optional<Interval> tested{};  // what is held against the margin: difference, ratio, rate
  std::optional<double> margin{};    // the agreed limit, in the unit of `tested`
  std::string tested_unit{};
  std::string explanation{};         // one sentence for a person
  std::optional<Missing> missing{};  // set exactly when not enough evidence
};

/// Evaluations that are not part of the comparison, by name, so that nothing vanishes.
struct Excluded {
  std::string reason{};  // "shed", "client_aborted", "not_safe_to_repeat", ...
  int64_t evaluations = 0;
  std::string meaning{};
};

/// The moments [start, end) in Unix nanoseconds.
struct TimeSpan {
  int64_t start_ns = 0;
  int64_t end_ns = 0;
};

/// The answer to "can the new service take over". Immutable; owns all its data.
struct Verdict {
  std::string migration{};
  Ruling overall = Ruling::kNotEnoughEvidence;
  std::string headline{};  // one sentence: what decided
  std::vector<CriterionVerdict> criteria{};
  Population population = Population::kPaired;
  int64_t judged = 0;                    // evaluations that count for the population
  std::vector<Excluded> excluded{};      // the others: judged + all of these = evaluations
  std::vector<Excluded> not_compared{};  // pairs that count, but not for differences
  std::string criteria_text{};
  std::string criteria_hash{};
  double alpha = Criteria::kAlphaDefault;
  TimeSpan window{};
  std::optional<TimeSpan>
      baseline{};           // where control_only evaluations were taken from, if elsewhere
  int64_t evaluations = 0;  // in the window, all modes
  /// Set when the window begins before the oldest evidence the store still has: only from this
  /// moment on is all of it there.
  std::optional<int64_t> complete_since_ns{};
  int64_t judged_at_ns = 0;
};

/// fail if any fails; else not enough evidence if any lacks it; else pass. An empty list is not
/// enough evidence: nothing was agreed.
Ruling overall_ruling(const std::vector<CriterionVerdict>& criteria);

}  // namespace understudy::judge
