#pragma once

#include <optional>

#include "base/result.h"
#include "judge/criteria.h"
#include "judge/evidence.h"
#include "judge/statistics/estimate.h"
#include "judge/verdict.h"

namespace understudy::judge {

/// What every ruling needs to know besides its criterion.
struct RulingContext {
  const Evidence& evidence;
  Population population = Population::kPaired;
  std::optional<Population> also{};  // has candidate calls too: can fail a criterion, not pass it
  double alpha_pass = 0.05;          // budget of a wrong pass, per criterion
  double alpha_fail = 0.05;          // budget of a wrong fail, per criterion
  int64_t evaluations_min = 0;       // from the evidence criterion, for what needs a minimum
  std::optional<int64_t> first_paired_ns{};  // see JudgeRequest
  std::optional<int64_t> first_cutover_ns{};
};

/// Without an agreed minimum, "this error did not appear" needs at least so many calls.
inline constexpr int64_t kErrorClassEvaluationsMin = 100;

/// Rules on one criterion: asks the evidence, computes the interval, compares, and says what is
/// missing. Errors are the store's. Pure otherwise.
base::Result<CriterionVerdict> rule(const RulingContext& context, const Criterion& criterion);

}  // namespace understudy::judge
