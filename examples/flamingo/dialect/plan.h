#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "dialect/outcome.h"
#include "dialect/result_set.h"
#include "dialect/value.h"

namespace flamingo {

/// A parameter that is worked out from the answer of an earlier step: a round bin width for the
/// extent (smallest, largest) that the step's only row holds.
struct DerivedStep {
  std::string parameter;
  std::string from;      // the name of an earlier step
  int64_t maxbins = 10;  // at least 1
};

/// One query of a plan, in Flamingo's dialect.
struct PlanStep {
  std::string name;
  std::string query;
  Parameters parameters;
  std::vector<DerivedStep> derived;
};

/// What an engine executes: queries in order, the answer of the last one is the answer.
struct Plan {
  std::vector<PlanStep> steps;
};

inline constexpr size_t kPlanStepsMax = 8;
inline constexpr size_t kParametersMax = 1000;
inline constexpr int64_t kMaxbinsMax = 1000;

/// A plan of one query.
Plan single_query(std::string query, Parameters parameters = {});

/// Runs a plan with `run` for each query. The answer carries the derived parameters.
/// A plan that is empty, too long or refers to a step that is not before it is a fault of type
/// "InvalidPlan"; a fault of a step is passed on.
Outcome<ResultSet> execute_plan(
    const Plan& plan,
    const std::function<Outcome<ResultSet>(std::string_view query, const Parameters&)>& run);

/// The width of at most `maxbins` bins that cover [least, most]: 1, 2 or 5 times a power of ten.
/// Source: vega-statistics, bin.js, with its default base and divisors.
double nice_step(double least, double most, int64_t maxbins);

/// {"steps":[{"name":..,"query":..,"parameters":{..},
///            "derived":[{"parameter":..,"from":..,"maxbins":..}]}]}
std::string to_json(const Plan& plan);

/// Reads what to_json writes, or {"query":.., "parameters":{..}} for a plan of one step.
Outcome<Plan> plan_from_json(std::string_view text);

}  // namespace flamingo
