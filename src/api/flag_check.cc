#include "api/flag_check.h"

#include <string>

#include "base/text.h"

namespace understudy::api {
namespace {

using base::cat;

base::Status check_variation(const flags::Flag& flag, const std::string& where, int variation) {
  if (variation >= 0 && static_cast<size_t>(variation) < flag.variations.size()) {
    return base::ok_status();
  }
  return base::invalid(
      cat(where, ": there is no variation ", variation, "; the flag has ", flag.variations.size()));
}

base::Status check_serve(const flags::Flag& flag, const std::string& where,
                         const flags::VariationOrRollout& serve) {
  if (serve.variation.has_value() == serve.rollout.has_value()) {
    return base::invalid(cat(where, " serves neither one variation nor one rollout"));
  }
  if (serve.variation) return check_variation(flag, where, *serve.variation);
  int64_t total = 0;
  for (const flags::WeightedVariation& share : serve.rollout->variations) {
    TRY(check_variation(flag, where, share.variation));
    if (share.weight < 0 || share.weight > flags::kWeightTotal) {
      return base::invalid(
          cat(where, ": weight ", share.weight, " is not from 0 to ", flags::kWeightTotal));
    }
    total += share.weight;
  }
  if (total == flags::kWeightTotal) return base::ok_status();
  return base::invalid(
      cat(where, ": the weights add up to ", total, ", not ", flags::kWeightTotal));
}

}  // namespace

base::Status check_flag(const flags::Flag& flag) {
  if (flag.off_variation) TRY(check_variation(flag, "offVariation", *flag.off_variation));
  TRY(check_serve(flag, "fallthrough", flag.fallthrough));
  for (size_t i = 0; i < flag.rules.size(); ++i) {
    TRY(check_serve(flag, cat("rules[", i, "]"), flag.rules[i].serve));
  }
  for (size_t i = 0; i < flag.targets.size(); ++i) {
    TRY(check_variation(flag, cat("targets[", i, "]"), flag.targets[i].variation));
  }
  for (size_t i = 0; i < flag.context_targets.size(); ++i) {
    TRY(check_variation(flag, cat("contextTargets[", i, "]"), flag.context_targets[i].variation));
  }
  return base::ok_status();
}

}  // namespace understudy::api
