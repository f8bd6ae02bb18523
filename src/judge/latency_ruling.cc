#include "judge/latency_ruling.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include "base/text.h"
#include "judge/missing_evidence.h"
#include "judge/statistics/design_effect.h"
#include "judge/statistics/quantile_ranks.h"
#include "judge/statistics/ratio.h"
#include "judge/wording.h"

namespace understudy::judge {
namespace {

using base::cat;
using base::Result;
using statistics::Alphas;
using statistics::Estimate;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// From here on, calls that go together are worth a word.
constexpr double kEffectToldMin = 2;

struct SideQuantile {
  LatencySample sample{};
  Estimate estimate{.value = 0, .low = 0, .high = kInfinity};
  double effect = 1;     // how many calls say as much as one independent one
  int64_t blocks = 0;    // stretches of time with calls
  int64_t width_ns = 0;  // of such a stretch
  double at_least = 0;   // what the quantile is at least, when its value lies among cut-off calls
};

// Each bound of a quantile has its own budget, so the ranks are taken from two sequences.
statistics::QuantileRanks ranks_for(double quantile, int64_t count, Alphas alphas, double effect) {
  return {.low = statistics::quantile_ranks(quantile, count, alphas.low, effect).low,
          .high = statistics::quantile_ranks(quantile, count, alphas.high, effect).high};
}

bool enough_blocks(const SideQuantile& side) { return side.blocks >= statistics::kBlocksMin; }

// The sample quantile, and how much its calls go together.
Result<SideQuantile> look_at(const RulingContext& context, JudgedSide side,
                             const std::string& route, double quantile, double alpha_low) {
  SideQuantile seen;
  const Evidence& evidence = context.evidence;
  TRY_ASSIGN(seen.sample, evidence.latency_sample(context.population, side, route));
  const int64_t count = seen.sample.total;
  if (count == 0) return seen;
  std::vector<int64_t> ranks;
  for (const double level : statistics::levels_from(quantile)) {
    ranks.push_back(statistics::sample_quantile_rank(level, count));
  }
  TRY_ASSIGN(const std::vector<double> latencies,
             evidence.latencies_at(context.population, side, route, seen.sample, ranks,
                                   Unknown::kInfinite));
  seen.estimate.value = latencies[0];
  TRY_ASSIGN(const LatencyBlocks in_time,
             evidence.latency_blocks(context.population, side, route, seen.sample, latencies));
  seen.blocks = in_time.count;
  seen.width_ns = in_time.width_ns;
  std::vector<double> effects;
  for (const auto& blocks : in_time.beyond) effects.push_back(statistics::design_effect(blocks));
  seen.effect = statistics::effect_down_to_bound(quantile, count, alpha_low, effects);
  return seen;
}

base::Status bound(const RulingContext& context, JudgedSide side, const std::string& route,
                   double quantile, Alphas alphas, SideQuantile& seen) {
  const int64_t count = seen.sample.total;
  if (count == 0) return {};
  // Of a few moments nobody can say how calls go together, so they bound nothing.
  const statistics::QuantileRanks ranks = enough_blocks(seen)
                                              ? ranks_for(quantile, count, alphas, seen.effect)
                                              : statistics::QuantileRanks{};
  // Rank count + 1 stands for "no bound": it is always among the infinite ones.
  const std::array<int64_t, 3> asked = {statistics::sample_quantile_rank(quantile, count),
                                        ranks.low.value_or(count + 1),
                                        ranks.high.value_or(count + 1)};
  const auto at = [&](Unknown unknown) {
    return context.evidence.latencies_at(context.population, side, route, seen.sample, asked,
                                         unknown);
  };
  TRY_ASSIGN(const std::vector<double> from_below, at(Unknown::kAtLeast));
  seen.at_least = from_below[0];
  seen.estimate.low = ranks.low ? from_below[1] : 0;
  seen.estimate.high = from_below[2];
  if (seen.sample.at_least > 0) {
    TRY_ASSIGN(const std::vector<double> from_above, at(Unknown::kInfinite));
    seen.estimate.high = from_above[2];
  }
  return {};
}

// The bounds this side would have with `factor` times as many calls, assuming that latencies are
// evenly spread between the quantile and today's bound.
Estimate projected(const SideQuantile& now, double quantile, Alphas alphas, double factor) {
  const auto count_now = static_cast<double>(now.sample.total);
  const double count_then = count_now * factor;
  const auto then = ranks_for(quantile, static_cast<int64_t>(count_then), alphas, now.effect);
  const auto today = ranks_for(quantile, now.sample.total, alphas, now.effect);
  const Estimate& estimate = now.estimate;
  if (!std::isfinite(estimate.value)) return estimate;
  const auto shrink = [&](const std::optional<int64_t>& rank_then,
                          const std::optional<int64_t>& rank_now, double bound, double none) {
    if (!rank_then) return none;
    if (!rank_now || !std::isfinite(bound)) return estimate.value;
    const double distance_then = std::abs(static_cast<double>(*rank_then) / count_then - quantile);
    const double distance_now = std::abs(static_cast<double>(*rank_now) / count_now - quantile);
    return estimate.value +
           (bound - estimate.value) * distance_then / std::max(distance_now, 1e-12);
  };
  return {.value = estimate.value,
          .low = shrink(then.low, today.low, estimate.low, 0),
          .high = shrink(then.high, today.high, estimate.high, kInfinity)};
}

Ruling against_limit(const Estimate& tested, double limit) {
  if (tested.high <= limit) return Ruling::kPass;
  return tested.low > limit ? Ruling::kFail : Ruling::kNotEnoughEvidence;
}

SideEvidence side_evidence(const SideQuantile& side) {
  SideEvidence evidence{.evaluations = side.sample.total};
  if (side.sample.total > 0) {
    evidence.measured = Interval{side.estimate.value, side.estimate.low, side.estimate.high};
  }
  return evidence;
}

std::string in_words(const SideQuantile& side) {
  if (std::isfinite(side.estimate.value)) return milliseconds(side.estimate.value);
  return std::isfinite(side.at_least) ? cat("at least ", milliseconds(side.at_least))
                                      : "beyond every answer";
}

int64_t independent_calls(const SideQuantile& side) {
  return static_cast<int64_t>(static_cast<double>(side.sample.total) / side.effect);
}

std::string sentence(const CriterionVerdict& verdict, const LatencyCriterion& latency,
                     const SideQuantile& candidate, const SideQuantile& control,
                     const Tally& tally) {
  const std::string name = quantile_name(latency.quantile);
  std::string text = cat("The candidate's ", name, " is ", in_words(candidate));
  if (verdict.control.measured) text += cat(", control's ", in_words(control));
  text += verdict.population == Population::kPaired
              ? cat(", over the same ", with_thousands(candidate.sample.total), " requests")
              : cat(", over ", tally.served_in_words(), " against ",
                    with_thousands(verdict.control.evaluations), " control_only requests");
  if (verdict.tested) {
    const std::string unit = verdict.tested_unit;
    switch (verdict.ruling) {
      case Ruling::kPass:
        text += cat("; at most ", in_unit(verdict.tested->high, unit));
        break;
      case Ruling::kFail:
        text += std::isfinite(verdict.tested->low)
                    ? cat("; at least ", in_unit(verdict.tested->low, unit))
                    : "; certainly slower than any whole answer";
        break;
      case Ruling::kNotEnoughEvidence:
        text += cat("; the true ", unit == "ratio" ? "ratio" : "value", " may be ",
                    !std::isfinite(verdict.tested->low) ||
                            (verdict.tested->low <= 0 && !std::isfinite(verdict.tested->high))
                        ? std::string("anything")
                    : std::isfinite(verdict.tested->high)
                        ? cat("from ", in_unit(verdict.tested->low, unit), " to ",
                              in_unit(verdict.tested->high, unit))
                        : cat(in_unit(verdict.tested->low, unit), " or any more"));
        break;
    }
  }
  const LatencySample& sample = candidate.sample;
  if (sample.at_least > 0) {
    text += cat("; ", with_thousands(sample.at_least),
                " calls that a limit of ours cut off count as at least as slow as that");
  }
  const int64_t unanswered = sample.total - sample.exact - sample.at_least;
  if (unanswered > 0) {
    text += cat("; ", with_thousands(unanswered),
                " calls without a whole answer count as slower than any other");
  }
  if (candidate.effect >= kEffectToldMin || control.effect >= kEffectToldMin) {
    text += cat("; slow calls come in bursts, so the candidate's count as ",
                with_thousands(independent_calls(candidate)), " independent ones");
    if (verdict.control.measured) {
      text += cat(", control's as ", with_thousands(independent_calls(control)));
    }
  }
  return text + ".";
}

/// What is missing while a side was called in too few moments.
Missing more_moments(const SideQuantile& side) {
  const int64_t width_ms = side.width_ns / 1'000'000;
  Missing missing{.text = cat("calls in at least ", statistics::kBlocksMin, " stretches of ",
                              duration_words(width_ms),
                              ", to tell a slow service from a slow moment; so far ", side.blocks,
                              side.blocks == 1 ? " has any" : " have any")};
  missing.duration_ms = (statistics::kBlocksMin - side.blocks) * width_ms;
  return missing;
}

}  // namespace

Result<CriterionVerdict> rule_latency(const RulingContext& context, const Criterion& criterion,
                                      const LatencyCriterion& latency) {
  CriterionVerdict verdict{.criterion = criterion, .population = context.population};
  verdict.unit = "ms";
  const bool relative = latency.ratio_max.has_value();
  verdict.tested_unit = relative ? "ratio" : "ms";
  const double limit = relative ? *latency.ratio_max : latency.absolute_max_ms.value_or(0);
  verdict.margin = limit;

  // The high end decides a pass, the low end a fail; control's ends are the opposite ones.
  const Alphas whole{.low = context.alpha_fail, .high = context.alpha_pass};
  const Alphas of_candidate = relative ? whole.halved() : whole;
  const Alphas of_control{.low = of_candidate.high, .high = of_candidate.low};
  TRY_ASSIGN(SideQuantile candidate, look_at(context, JudgedSide::kCandidate, criterion.route,
                                             latency.quantile, of_candidate.low));
  TRY_ASSIGN(SideQuantile control, look_at(context, JudgedSide::kControl, criterion.route,
                                           latency.quantile, of_control.low));
  // A side that has not stalled yet may just have been lucky: in the comparison, calls of both go
  // together as much as those of the side where they do more.
  if (relative) candidate.effect = control.effect = std::max(candidate.effect, control.effect);
  TRY(bound(context, JudgedSide::kCandidate, criterion.route, latency.quantile, of_candidate,
            candidate));
  TRY(bound(context, JudgedSide::kControl, criterion.route, latency.quantile, of_control, control));
  verdict.candidate = side_evidence(candidate);
  verdict.control = side_evidence(control);

  if (candidate.sample.total == 0) {
    verdict.explanation = "The candidate was not called yet.";
    verdict.missing = Missing{.text = "evaluations that call the candidate"};
    return verdict;
  }
  if (relative && control.sample.total == 0) {
    verdict.explanation =
        "There is no control_only evaluation to compare with: keep a share of traffic on "
        "control_only, or name a baseline.";
    verdict.missing = Missing{.text = "control_only evaluations in the window or the baseline"};
    return verdict;
  }

  const Estimate tested =
      relative ? statistics::ratio_of(candidate.estimate, control.estimate) : candidate.estimate;
  verdict.tested = Interval{tested.value, tested.low, tested.high};
  verdict.ruling = against_limit(tested, limit);
  TRY_ASSIGN(const Tally* tally, context.evidence.tally(criterion.route));
  verdict.explanation = sentence(verdict, latency, candidate, control, *tally);
  if (verdict.ruling == Ruling::kNotEnoughEvidence) {
    if (!std::isfinite(candidate.estimate.value) && std::isfinite(candidate.at_least)) {
      verdict.missing = Missing{
          .text =
              "a longer candidate.timeout: this quantile lies among the calls that were cut "
              "off, so more of them would not decide it"};
      return verdict;
    }
    const SideQuantile& fewer = relative && control.blocks < candidate.blocks ? control : candidate;
    if (!enough_blocks(fewer)) {
      verdict.missing = more_moments(fewer);
      return verdict;
    }
    const auto now = static_cast<double>(candidate.sample.total);
    verdict.missing = missing_evidence(context.evidence.window(), now, [&](double n) {
      const Estimate of_then = projected(candidate, latency.quantile, of_candidate, n / now);
      if (!relative) return against_limit(of_then, limit) != Ruling::kNotEnoughEvidence;
      const Estimate control_then = projected(control, latency.quantile, of_control, n / now);
      return against_limit(statistics::ratio_of(of_then, control_then), limit) !=
             Ruling::kNotEnoughEvidence;
    });
  }
  return verdict;
}

}  // namespace understudy::judge
