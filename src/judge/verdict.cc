#include "judge/verdict.h"

#include <algorithm>

namespace understudy::judge {

const char* name(Ruling ruling) {
  switch (ruling) {
    case Ruling::kPass:
      return "pass";
    case Ruling::kFail:
      return "fail";
    case Ruling::kNotEnoughEvidence:
      return "not_enough_evidence";
  }
  return "not_enough_evidence";
}

const char* name(Population population) {
  switch (population) {
    case Population::kPaired:
      return "paired";
    case Population::kCutover:
      return "cutover";
  }
  return "paired";
}

Ruling overall_ruling(const std::vector<CriterionVerdict>& criteria) {
  const auto any = [&](Ruling ruling) {
    return std::any_of(criteria.begin(), criteria.end(), [&](const CriterionVerdict& criterion) {
      return criterion.ruling == ruling;
    });
  };
  if (any(Ruling::kFail)) return Ruling::kFail;
  if (criteria.empty() || any(Ruling::kNotEnoughEvidence)) return Ruling::kNotEnoughEvidence;
  return Ruling::kPass;
}

}  // namespace understudy::judge
