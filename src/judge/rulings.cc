#include "judge/rulings.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "base/text.h"
#include "judge/latency_ruling.h"
#include "judge/missing_evidence.h"
#include "judge/statistics/paired_difference.h"
#include "judge/statistics/proportion.h"
#include "judge/wording.h"

namespace understudy::judge {
namespace {

using base::cat;
using base::Result;
using statistics::Alphas;
using statistics::Estimate;

Interval to_interval(const Estimate& estimate) {
  return {estimate.value, estimate.low, estimate.high};
}

int64_t whole(double count) { return std::llround(count); }

// A success rate fails at its high end and passes at its low end.
Alphas success_alphas(const RulingContext& context) {
  return {.low = context.alpha_pass, .high = context.alpha_fail};
}
// A rate that must be small: the other way round.
Alphas rate_alphas(const RulingContext& context) {
  return {.low = context.alpha_fail, .high = context.alpha_pass};
}

Ruling against_margin_from_above(const Interval& tested, double limit) {
  if (tested.high <= limit) return Ruling::kPass;
  return tested.low > limit ? Ruling::kFail : Ruling::kNotEnoughEvidence;
}

void measure_rate(SideEvidence& side, double successes, double total, Alphas alphas) {
  side.evaluations = whole(total);
  if (total > 0) side.measured = to_interval(statistics::proportion(successes, total, alphas));
}

Ruling against_margin_from_below(const Interval& tested, double limit) {
  if (tested.low >= limit) return Ruling::kPass;
  return tested.high < limit ? Ruling::kFail : Ruling::kNotEnoughEvidence;
}

std::string success_sentence(const CriterionVerdict& verdict, double margin) {
  if (!verdict.tested) return "No evaluation has both sides to compare yet.";
  const Interval& tested = *verdict.tested;
  const std::string difference =
      tested.value == 0 ? "The success rates are equal"
                        : cat("The candidate succeeds ", percent(std::abs(tested.value)),
                              tested.value > 0 ? " more" : " less", " often than control");
  const std::string where =
      verdict.population == Population::kPaired
          ? cat(" on the same ", with_thousands(verdict.candidate.evaluations), " requests")
          : cat(" (", with_thousands(verdict.candidate.evaluations), " candidate_only against ",
                with_thousands(verdict.control.evaluations), " control_only requests)");
  switch (verdict.ruling) {
    case Ruling::kPass:
      return cat(difference, where, "; at worst ", signed_percent(tested.low), ", within ",
                 percent(margin), ".");
    case Ruling::kFail:
      return cat(difference, where, "; at best ", signed_percent(tested.high),
                 ", which is worse than ", percent(margin), ".");
    case Ruling::kNotEnoughEvidence:
      return cat(difference, where, ", but the true difference may be anything from ",
                 signed_percent(tested.low), " to ", signed_percent(tested.high), ".");
  }
  return {};
}

Result<CriterionVerdict> rule_success(const RulingContext& context, const Criterion& criterion,
                                      const SuccessRateCriterion& success) {
  CriterionVerdict verdict{.criterion = criterion, .population = context.population};
  verdict.unit = "fraction";
  verdict.tested_unit = "difference";
  verdict.margin = -success.no_worse_by;
  const Alphas alphas = success_alphas(context);
  const double limit = -success.no_worse_by;
  double total = 0;
  std::function<Interval(double)> at_total;

  if (context.population == Population::kPaired) {
    TRY_ASSIGN(const statistics::PairedCounts counts,
               context.evidence.paired_success(criterion.route));
    total = counts.total();
    measure_rate(verdict.control, counts.both + counts.control_only, total, alphas);
    measure_rate(verdict.candidate, counts.both + counts.candidate_only, total, alphas);
    if (total > 0) verdict.tested = to_interval(statistics::success_difference(counts, alphas));
    // Before the first evaluation: the best case, in which both sides always succeed.
    const statistics::PairedCounts shape = total > 0 ? counts : statistics::PairedCounts{.both = 1};
    at_total = [shape, alphas](double n) {
      return to_interval(statistics::success_difference(shape.scaled(n / shape.total()), alphas));
    };
  } else {
    TRY_ASSIGN(const statistics::SideCounts control,
               context.evidence.cutover_success(JudgedSide::kControl, criterion.route));
    TRY_ASSIGN(const statistics::SideCounts candidate,
               context.evidence.cutover_success(JudgedSide::kCandidate, criterion.route));
    measure_rate(verdict.control, control.successes, control.total, alphas);
    measure_rate(verdict.candidate, candidate.successes, candidate.total, alphas);
    total = candidate.total;
    if (control.total <= 0 && candidate.total > 0) {
      verdict.explanation =
          "There is no control_only evaluation to compare with: keep a share of traffic on "
          "control_only, or name a baseline.";
      verdict.missing = Missing{.text = "control_only evaluations in the window or the baseline"};
      return verdict;
    }
    if (total > 0) {
      verdict.tested =
          to_interval(statistics::success_difference_unpaired(control, candidate, alphas));
    }
    const statistics::SideCounts one{.successes = 1, .total = 1};
    at_total = [control = total > 0 ? control : one, candidate = total > 0 ? candidate : one,
                alphas](double n) {
      const double factor = n / candidate.total;
      return to_interval(statistics::success_difference_unpaired(control.scaled(factor),
                                                                 candidate.scaled(factor), alphas));
    };
  }

  if (verdict.tested) verdict.ruling = against_margin_from_below(*verdict.tested, limit);
  verdict.explanation = success_sentence(verdict, success.no_worse_by);
  if (verdict.ruling == Ruling::kNotEnoughEvidence) {
    verdict.missing = missing_evidence(context.evidence.window(), total, [&](double n) {
      return against_margin_from_below(at_total(n), limit) != Ruling::kNotEnoughEvidence;
    });
  }
  return verdict;
}

Result<CriterionVerdict> rule_differences(const RulingContext& context, const Criterion& criterion,
                                          const DifferenceRateCriterion& difference) {
  // Only answers that were compared can differ, so candidate_only traffic says nothing here.
  CriterionVerdict verdict{.criterion = criterion, .population = Population::kPaired};
  verdict.unit = "fraction";
  verdict.tested_unit = "fraction";
  verdict.margin = difference.at_most;
  TRY_ASSIGN(const ComparisonCounts counts, context.evidence.comparisons(criterion.route));
  const auto compared = static_cast<double>(counts.compared);
  const auto mismatched = static_cast<double>(counts.mismatched);
  const Alphas alphas = rate_alphas(context);
  verdict.control.evaluations = counts.compared;
  verdict.candidate.evaluations = counts.compared;
  if (counts.compared > 0) {
    verdict.tested = to_interval(statistics::proportion(mismatched, compared, alphas));
    verdict.ruling = against_margin_from_above(*verdict.tested, difference.at_most);
    verdict.explanation = cat(
        with_thousands(counts.mismatched), " of ", with_thousands(counts.compared),
        " compared answers differ after the rules; the rate is at most ",
        percent(verdict.tested->high),
        verdict.tested->low > 0 ? cat(" and at least ", percent(verdict.tested->low)) : "", ".");
  } else {
    verdict.explanation =
        "No answers were compared: this takes traffic in full_evaluation or reverse_evaluation.";
  }
  if (verdict.ruling == Ruling::kNotEnoughEvidence) {
    const double rate = compared > 0 ? mismatched / compared : 0;
    verdict.missing = missing_evidence(context.evidence.window(), compared, [&](double n) {
      const Interval then = to_interval(statistics::proportion(rate * n, n, alphas));
      return against_margin_from_above(then, difference.at_most) != Ruling::kNotEnoughEvidence;
    });
  }
  return verdict;
}

Result<CriterionVerdict> rule_error_classes(const RulingContext& context,
                                            const Criterion& criterion,
                                            const ErrorClassesCriterion& classes) {
  CriterionVerdict verdict{.criterion = criterion, .population = context.population};
  verdict.unit = "count";
  verdict.tested_unit = "count";
  verdict.margin = 0;
  TRY_ASSIGN(const WindowCounts counts, context.evidence.window_counts(criterion.route));
  TRY_ASSIGN(const auto occurrences,
             context.evidence.candidate_errors(classes.forbid, criterion.route));
  const int64_t calls = counts.paired + counts.cutover_candidate;
  verdict.candidate.evaluations = calls;
  int64_t found = 0;
  std::string listed;
  for (const auto& [type, count] : occurrences) {
    found += count;
    listed += cat(listed.empty() ? "" : ", ", with_thousands(count), " ", type);
  }
  const auto number = static_cast<double>(found);
  if (calls > 0 || found > 0) verdict.tested = Interval{number, number, number};

  const int64_t calls_min = std::max(context.evaluations_min, kErrorClassEvaluationsMin);
  if (found > 0) {
    verdict.ruling = Ruling::kFail;
    verdict.explanation = cat("The candidate raised ", listed, ".");
    return verdict;
  }
  if (calls >= calls_min) {
    verdict.ruling = Ruling::kPass;
    const Estimate rate =
        statistics::proportion(0, static_cast<double>(calls), rate_alphas(context));
    verdict.explanation =
        cat("None of ", base::join(classes.forbid, ", "), " appeared in ", with_thousands(calls),
            " calls, so together they occur in fewer than ", percent(rate.high), " of calls.");
    return verdict;
  }
  verdict.explanation = cat("None of ", base::join(classes.forbid, ", "), " appeared, in only ",
                            with_thousands(calls), " calls.");
  verdict.missing = missing_evidence(context.evidence.window(), static_cast<double>(calls),
                                     [&](double n) { return n >= static_cast<double>(calls_min); });
  return verdict;
}

Result<CriterionVerdict> rule_evidence(const RulingContext& context, const Criterion& criterion,
                                       const EvidenceCriterion& needed) {
  CriterionVerdict verdict{.criterion = criterion, .population = context.population};
  verdict.unit = "count";
  verdict.tested_unit = "count";
  TRY_ASSIGN(const WindowCounts counts, context.evidence.window_counts(criterion.route));
  TRY_ASSIGN(const auto active,
             context.evidence.candidate_active(context.population, criterion.route));
  const bool paired = context.population == Population::kPaired;
  const int64_t evaluations = paired ? counts.paired : counts.cutover_candidate;
  verdict.candidate.evaluations = evaluations;
  verdict.control.evaluations = paired ? counts.paired : counts.cutover_control;
  const auto number = static_cast<double>(evaluations);
  if (evaluations > 0) verdict.tested = Interval{number, number, number};
  if (needed.evaluations_min > 0) verdict.margin = static_cast<double>(needed.evaluations_min);

  const int64_t active_ms = active ? (active->end_ns - active->start_ns) / 1'000'000 : 0;
  const int64_t needed_ms =
      std::chrono::ceil<std::chrono::milliseconds>(needed.duration_min).count();
  verdict.explanation = cat(with_thousands(evaluations), " evaluations with the candidate, over ",
                            duration_words(active_ms), ".");
  if (evaluations > 0 && evaluations >= needed.evaluations_min && active_ms >= needed_ms) {
    verdict.ruling = Ruling::kPass;
    return verdict;
  }
  Missing missing = missing_evidence(context.evidence.window(), number, [&](double n) {
    return n >= static_cast<double>(std::max<int64_t>(needed.evaluations_min, 1));
  });
  const int64_t short_ms = needed_ms - active_ms;
  if (short_ms > missing.duration_ms.value_or(0)) {
    missing.duration_ms = short_ms;
    const bool enough = evaluations > 0 && evaluations >= needed.evaluations_min;
    missing.text = enough ? cat(duration_words(short_ms), " more")
                          : cat(missing.text, "; ", duration_words(short_ms), " more in any case");
  }
  verdict.missing = std::move(missing);
  return verdict;
}

template <class... Fs>
struct Overloaded : Fs... {
  using Fs::operator()...;
};

}  // namespace

Result<CriterionVerdict> rule(const RulingContext& context, const Criterion& criterion) {
  return std::visit(Overloaded{[&](const SuccessRateCriterion& success) {
                                 return rule_success(context, criterion, success);
                               },
                               [&](const LatencyCriterion& latency) {
                                 return rule_latency(context, criterion, latency);
                               },
                               [&](const DifferenceRateCriterion& difference) {
                                 return rule_differences(context, criterion, difference);
                               },
                               [&](const ErrorClassesCriterion& classes) {
                                 return rule_error_classes(context, criterion, classes);
                               },
                               [&](const EvidenceCriterion& needed) {
                                 return rule_evidence(context, criterion, needed);
                               }},
                    criterion.rule);
}

}  // namespace understudy::judge
