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

std::string less_or_more_often(double difference) {
  return cat(percent(std::abs(difference)), difference > 0 ? " more" : " less", " often");
}

std::string success_sentence(const CriterionVerdict& verdict, double margin, const Tally& tally) {
  if (!verdict.tested) return "No evaluation has both sides to compare yet.";
  const Interval& tested = *verdict.tested;
  const std::string difference =
      tested.value == 0
          ? "The success rates are equal"
          : cat("The candidate succeeds ", less_or_more_often(tested.value), " than control");
  const std::string where =
      verdict.population == Population::kPaired
          ? cat(" on the same ", with_thousands(verdict.candidate.evaluations), " requests")
          : cat(" (", tally.served_in_words(), " against ",
                with_thousands(verdict.control.evaluations), " control_only requests)");
  switch (verdict.ruling) {
    case Ruling::kPass:
      return cat(difference, where, "; at worst it succeeds ", less_or_more_often(tested.low),
                 ", and ", percent(margin), " less is agreed on.");
    case Ruling::kFail:
      return cat(difference, where, "; at best it succeeds ", less_or_more_often(tested.high),
                 ", and ", percent(margin), " less is agreed on.");
    case Ruling::kNotEnoughEvidence:
      return cat(difference, where, ", but the true difference may be anything from ",
                 signed_percent(tested.low), " to ", signed_percent(tested.high), ".");
  }
  return {};
}

/// What the pairs say of success, with what our own limits did to it.
struct PairedSuccess {
  statistics::PairedCounts pairs;   // as they were seen
  statistics::PairedCounts tested;  // what is tested: the deadline struck both sides alike
  /// Requests that only the candidate served in reverse_evaluation. For a pass control is taken to
  /// have succeeded on all of them; for a failure they say nothing.
  statistics::SideCounts unpaired;
  /// Part of `tested`: requests that the candidate was spared after silence of which most was owed
  /// to the deadline. For a pass they are failures; for a failure they say nothing.
  statistics::PairedCounts doubtful;
  std::string note;  // sentences, each behind a space
};

Result<PairedSuccess> paired_success(const RulingContext& context, const std::string& route) {
  TRY_ASSIGN(const Tally* tally, context.evidence.tally(route));
  const statistics::PairedCounts not_asked = tally->not_asked();
  statistics::PairedCounts pairs = tally->pairs();
  pairs.control_only += not_asked.control_only;
  pairs.neither += not_asked.neither;
  PairedSuccess success{.pairs = pairs, .tested = pairs, .unpaired = tally->reverse_unpaired()};
  // The deadline of the shadow call strikes the candidate only. Where it struck although control
  // was in time, that is held against as many requests on which it would have struck control; the
  // candidate's other failures are not.
  int64_t alike = 0;
  if (const int64_t struck = tally->pairs_past_deadline(); struck > 0) {
    TRY_ASSIGN(const int64_t would_have, context.evidence.control_past_deadline(route));
    alike = std::min(struck, would_have);
    success.tested.both -= static_cast<double>(alike);
    success.tested.candidate_only += static_cast<double>(alike);
    success.note +=
        cat(" ", with_thousands(struck), " candidate calls ran into the deadline of a shadow call",
            would_have > 0
                ? cat(", which control would have done ", with_thousands(would_have), " times.")
                : ".");
  }
  if (not_asked.total() > 0) {
    success.note += cat(" ", not_asked_sentence(whole(not_asked.total())));
    if (tally->silent_like_control() + alike > tally->silent_by_itself() - alike) {
      success.doubtful = not_asked;
      success.note +=
          " Yet what it left unanswered, control mostly took as long for: that alone fails "
          "nothing.";
    }
  }
  const double failed = success.unpaired.total - success.unpaired.successes;
  if (failed > 0) {
    success.note += cat(" On ", with_thousands(whole(success.unpaired.total)),
                        " further requests that the candidate served alone it failed ",
                        with_thousands(whole(failed)),
                        " times; nothing says what control would have answered.");
  }
  return success;
}

/// The difference `factor` times as many such requests would show.
Interval tested_interval(const PairedSuccess& success, double factor, Alphas alphas) {
  const statistics::PairedCounts pairs = success.tested.scaled(factor);
  Interval tested = to_interval(statistics::success_difference(pairs, alphas));
  if (success.doubtful.total() > 0) {
    statistics::PairedCounts lenient = pairs;
    lenient.control_only -= success.doubtful.control_only * factor;
    lenient.neither -= success.doubtful.neither * factor;
    tested.high = lenient.total() > 0 ? statistics::success_difference(lenient, alphas).high : 1;
  }
  statistics::PairedCounts careful = pairs;
  careful.both += success.unpaired.successes * factor;
  careful.control_only += (success.unpaired.total - success.unpaired.successes) * factor;
  tested.low = std::min(tested.low, statistics::success_difference(careful, alphas).low);
  return tested;
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
  std::string note;
  std::function<Interval(double)> at_total;

  if (context.population == Population::kPaired) {
    TRY_ASSIGN(const PairedSuccess success_of, paired_success(context, criterion.route));
    const statistics::PairedCounts& pairs = success_of.pairs;
    total = pairs.total();
    measure_rate(verdict.control, pairs.both + pairs.control_only, total, alphas);
    measure_rate(verdict.candidate, pairs.both + pairs.candidate_only, total, alphas);
    if (total > 0) verdict.tested = tested_interval(success_of, 1, alphas);
    note = success_of.note;
    // Before the first evaluation: the best case, in which both sides always succeed.
    PairedSuccess shape = success_of;
    if (total <= 0) shape.tested = shape.pairs = {.both = 1};
    at_total = [shape, alphas](double n) {
      return tested_interval(shape, n / shape.pairs.total(), alphas);
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
          cat("The candidate succeeds on ", percent(candidate.rate()), " of ",
              with_thousands(verdict.candidate.evaluations),
              " requests, but there is no control_only evaluation to compare with: keep a share of "
              "traffic on control_only, or name a baseline.");
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
  TRY_ASSIGN(const Tally* tally, context.evidence.tally(criterion.route));
  verdict.explanation = cat(success_sentence(verdict, success.no_worse_by, *tally), note);
  if (verdict.ruling == Ruling::kNotEnoughEvidence) {
    verdict.missing = missing_evidence(context.evidence.window(), total, [&](double n) {
      return against_margin_from_below(at_total(n), limit) != Ruling::kNotEnoughEvidence;
    });
  }
  return verdict;
}

/// Says why there is no comparison although there was to be one. False: there was none to be.
bool none_compared(const Tally& tally, CriterionVerdict& verdict) {
  int64_t total = 0;
  std::string reasons;
  for (const Excluded& one : tally.without_comparison()) {
    total += one.evaluations;
    reasons += cat(reasons.empty() ? "" : ", ", with_thousands(one.evaluations), " ",
                   base::printable(one.reason));
  }
  if (total == 0) return false;
  verdict.explanation = cat("No answers were compared: of ", with_thousands(total),
                            " evaluations that were to be compared none could be: ", reasons, ".");
  verdict.missing = Missing{
      .text =
          "answers that can be compared: more evaluations of the same kind would not decide it"};
  return true;
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
    TRY_ASSIGN(const Tally* tally, context.evidence.tally(criterion.route));
    if (none_compared(*tally, verdict)) return verdict;
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
  TRY_ASSIGN(const Tally* tally, context.evidence.tally(criterion.route));
  TRY_ASSIGN(const auto occurrences,
             context.evidence.candidate_errors(classes.forbid, criterion.route));
  const int64_t calls = whole(tally->pairs().total() + tally->candidate_only().total +
                              tally->reverse_unpaired().total);
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
  TRY_ASSIGN(const Tally* tally, context.evidence.tally(criterion.route));
  TRY_ASSIGN(const auto active,
             context.evidence.active(context.population, JudgedSide::kCandidate, criterion.route));
  const bool paired = context.population == Population::kPaired;
  const int64_t evaluations =
      whole(paired ? tally->pairs().total() : tally->served(JudgedSide::kCandidate).total);
  verdict.candidate.evaluations = evaluations;
  verdict.control.evaluations = evaluations;
  if (!paired) {
    TRY_ASSIGN(const statistics::SideCounts control,
               context.evidence.cutover_success(JudgedSide::kControl, criterion.route));
    verdict.control.evaluations = whole(control.total);
  }
  const auto number = static_cast<double>(evaluations);
  if (evaluations > 0) verdict.tested = Interval{number, number, number};
  if (needed.evaluations_min > 0) verdict.margin = static_cast<double>(needed.evaluations_min);

  int64_t active_ms = 0;
  if (active) {
    // The first call may have left the store; then whoever saw it says when it was.
    const auto& seen_ns = paired ? context.first_paired_ns : context.first_cutover_ns;
    const bool seen = criterion.route.empty() && seen_ns;
    const int64_t start_ns = seen ? std::min(*seen_ns, active->start_ns) : active->start_ns;
    active_ms = (active->end_ns - start_ns) / 1'000'000;
  }
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
  const bool enough = evaluations > 0 && evaluations >= needed.evaluations_min;
  if (enough) missing = {};
  if (needed_ms > active_ms) wait_at_least(missing, needed_ms - active_ms, !enough);
  verdict.missing = std::move(missing);
  return verdict;
}

template <class... Fs>
struct Overloaded : Fs... {
  using Fs::operator()...;
};

Result<CriterionVerdict> rule_in_population(const RulingContext& context,
                                            const Criterion& criterion) {
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

/// Of candidate_only requests without any control_only share: whether they go so much worse than
/// control does beside the candidate that a pass would be misleading.
Result<bool> served_worse(const RulingContext& context, const Criterion& criterion,
                          const SuccessRateCriterion& success) {
  TRY_ASSIGN(const Tally* tally, context.evidence.tally(criterion.route));
  const statistics::PairedCounts pairs = tally->pairs();
  const statistics::SideCounts control{.successes = pairs.both + pairs.control_only,
                                       .total = pairs.total()};
  const Interval seen = to_interval(statistics::success_difference_unpaired(
      control, tally->candidate_only(), success_alphas(context)));
  return against_margin_from_below(seen, -success.no_worse_by) == Ruling::kFail;
}

}  // namespace

Result<CriterionVerdict> rule(const RulingContext& context, const Criterion& criterion) {
  TRY_ASSIGN(CriterionVerdict ruled, rule_in_population(context, criterion));
  const auto* success = std::get_if<SuccessRateCriterion>(&criterion.rule);
  const bool in_both =
      success != nullptr || std::holds_alternative<LatencyCriterion>(criterion.rule);
  if (!context.also || !in_both || ruled.ruling == Ruling::kFail) return ruled;
  RulingContext other = context;
  other.population = *context.also;
  TRY_ASSIGN(CriterionVerdict also, rule_in_population(other, criterion));
  if (also.ruling == Ruling::kFail) return also;
  const bool has_control = also.control.evaluations > 0;
  if (success == nullptr || other.population != Population::kCutover || has_control) return ruled;
  TRY_ASSIGN(const bool worse, served_worse(context, criterion, *success));
  if (!worse || ruled.ruling != Ruling::kPass) return ruled;
  ruled.ruling = Ruling::kNotEnoughEvidence;
  ruled.explanation +=
      cat(" Yet on the ", with_thousands(also.candidate.evaluations),
          " requests that the candidate served by itself it succeeds only ",
          also.candidate.measured ? percent(also.candidate.measured->value) : "rarely",
          " of the time.");
  ruled.missing =
      Missing{.text = "control_only evaluations to hold the candidate_only ones against"};
  return ruled;
}

}  // namespace understudy::judge
