#include "judge/judge.h"

#include <algorithm>

#include "base/text.h"
#include "judge/evidence.h"
#include "judge/rulings.h"
#include "judge/wording.h"
#include "store/event_store.h"

namespace understudy::judge {
namespace {

using base::cat;
using base::Result;

// How many criteria can fail by chance: the others fail by a fact or never.
size_t statistical_criteria(const Criteria& criteria) {
  return static_cast<size_t>(
      std::count_if(criteria.list.begin(), criteria.list.end(), [](const Criterion& criterion) {
        return std::holds_alternative<SuccessRateCriterion>(criterion.rule) ||
               std::holds_alternative<LatencyCriterion>(criterion.rule) ||
               std::holds_alternative<DifferenceRateCriterion>(criterion.rule);
      }));
}

int64_t agreed_minimum(const Criteria& criteria) {
  int64_t minimum = 0;
  for (const Criterion& criterion : criteria.list) {
    const auto* evidence = std::get_if<EvidenceCriterion>(&criterion.rule);
    if (evidence != nullptr && criterion.route.empty()) minimum = evidence->evaluations_min;
  }
  return minimum;
}

std::string headline(const Verdict& verdict) {
  if (verdict.criteria.empty()) return "No criteria were agreed, so nothing can pass.";
  if (verdict.evaluations == 0) {
    return "There are no evaluations in the window: no data is neither a pass nor a failure.";
  }
  const auto count = [&](Ruling ruling) {
    return std::count_if(
        verdict.criteria.begin(), verdict.criteria.end(),
        [&](const CriterionVerdict& criterion) { return criterion.ruling == ruling; });
  };
  const auto first = [&](Ruling ruling) -> const CriterionVerdict& {
    return *std::find_if(
        verdict.criteria.begin(), verdict.criteria.end(),
        [&](const CriterionVerdict& criterion) { return criterion.ruling == ruling; });
  };
  const size_t total = verdict.criteria.size();
  switch (verdict.overall) {
    case Ruling::kPass:
      return cat("All ", total, " criteria hold at ", percent(1 - verdict.alpha), " confidence.");
    case Ruling::kFail: {
      const CriterionVerdict& failed = first(Ruling::kFail);
      return cat(count(Ruling::kFail), " of ", total,
                 " criteria fail, first: ", failed.criterion.text(), ". ", failed.explanation);
    }
    case Ruling::kNotEnoughEvidence: {
      // The one that takes longest says how long the whole takes.
      const CriterionVerdict* slowest = &first(Ruling::kNotEnoughEvidence);
      for (const CriterionVerdict& criterion : verdict.criteria) {
        if (!criterion.missing || !slowest->missing) continue;
        if (criterion.missing->duration_ms.value_or(0) >
            slowest->missing->duration_ms.value_or(0)) {
          slowest = &criterion;
        }
      }
      return cat(count(Ruling::kPass), " of ", total, " criteria hold; ", slowest->criterion.text(),
                 " needs ", slowest->missing ? slowest->missing->text : "more evidence", ".");
    }
  }
  return {};
}

/// Since when everything that is looked at is in the store, if it is not all of it.
std::optional<int64_t> complete_since(store::EventStore& store, const JudgeRequest& request) {
  std::optional<int64_t> since_ns;
  const auto look_at = [&](std::string_view dataset, const TimeSpan& span) {
    const auto complete_ns = store::complete_since(store, dataset, span.start_ns);
    if (complete_ns) since_ns = std::max(since_ns.value_or(*complete_ns), *complete_ns);
  };
  look_at(event::kEvaluations, request.window);
  if (request.baseline) look_at(event::kEvaluations, *request.baseline);
  const auto& list = request.criteria.list;
  if (std::any_of(list.begin(), list.end(), [](const Criterion& criterion) {
        return std::holds_alternative<ErrorClassesCriterion>(criterion.rule);
      })) {
    look_at(event::kErrors, request.window);
  }
  return since_ns;
}

/// A part of the evidence that is gone is not left unsaid.
std::string incomplete(const Verdict& verdict) {
  if (!verdict.complete_since_ns) return {};
  return cat(" The oldest evidence can no longer be queried: not all from before ",
             rfc3339(*verdict.complete_since_ns),
             " counts (store.retention_age, store.retention_bytes).");
}

/// What the candidate was not even asked is told whatever was agreed: no latency shows it.
std::string not_asked(const Verdict& verdict, const Tally& tally) {
  const auto requests = static_cast<int64_t>(tally.not_asked().total());
  if (requests == 0 || verdict.criteria.empty()) return {};
  const std::string sentence = not_asked_sentence(requests);
  const bool told = verdict.headline.find(sentence) != std::string::npos;
  return told ? std::string() : cat(" ", sentence);
}

double paired_requests(const Tally& tally) {
  return tally.pairs().total() + tally.not_asked().total();
}

/// The population with more requests for the candidate. What it served counts towards cutover also
/// where control was its shadow, but only where choosing the pairs would leave something that
/// users got out (candidate_only) and there is a control to hold it against; else the pairs say
/// the same and decide sooner.
Result<Population> larger_population(const Evidence& evidence, const Tally& tally) {
  TRY_ASSIGN(const statistics::SideCounts control,
             evidence.cutover_success(JudgedSide::kControl, ""));
  const double candidate_only = tally.candidate_only().total;
  const double cutover = candidate_only > 0 && control.total > 0
                             ? tally.served(JudgedSide::kCandidate).total
                             : candidate_only + tally.reverse_unpaired().total;
  return cutover > paired_requests(tally) ? Population::kCutover : Population::kPaired;
}

/// What users got from the candidate is never passed over in silence.
std::string failures_left_out(const Verdict& verdict, const Tally& tally, bool from_window) {
  const int64_t failed = tally.served_and_failed_left_out(verdict.population, from_window);
  if (failed == 0 || verdict.criteria.empty()) return {};
  return cat(" The candidate served and failed ", with_thousands(failed),
             failed == 1 ? " request that is" : " requests that are", " not part of the ",
             name(verdict.population), " evaluations.");
}

/// Evidence of another time than the window's is never used without being named.
std::string against_baseline(const Verdict& verdict) {
  if (!verdict.baseline || verdict.population != Population::kCutover) return {};
  return cat(" Control is judged by the control_only evaluations of ",
             rfc3339(verdict.baseline->start_ns), " to ", rfc3339(verdict.baseline->end_ns), ".");
}

}  // namespace

Result<Verdict> judge(store::EventStore& store, const JudgeRequest& request) {
  const auto bad_span = [](const TimeSpan& span) { return span.end_ns < span.start_ns; };
  if (bad_span(request.window)) return base::invalid("the window ends before it starts");
  if (request.baseline && bad_span(*request.baseline)) {
    return base::invalid("the baseline ends before it starts");
  }

  const Evidence evidence(store, request.migration, request.window, request.baseline);
  TRY_ASSIGN(const Tally* tally, evidence.tally(""));
  TRY_ASSIGN(const Population larger, larger_population(evidence, *tally));
  const Population population = request.population.value_or(larger);
  // What the other population shows is not left unsaid: it cannot pass anything, but it can fail.
  std::optional<Population> also;
  if (!request.population && paired_requests(*tally) > 0 && tally->candidate_only().total > 0) {
    also = population == Population::kPaired ? Population::kCutover : Population::kPaired;
  }

  // Everything must pass, so a wrong pass of the whole is no likelier than that of one criterion;
  // any failure fails, so the budget of a wrong fail is shared out.
  const size_t can_fail =
      std::max<size_t>(statistical_criteria(request.criteria), 1) * (also ? 2 : 1);
  const RulingContext context{.evidence = evidence,
                              .population = population,
                              .also = also,
                              .alpha_pass = request.criteria.alpha,
                              .alpha_fail = request.criteria.alpha / static_cast<double>(can_fail),
                              .evaluations_min = agreed_minimum(request.criteria),
                              .first_paired_ns = request.first_paired_ns,
                              .first_cutover_ns = request.first_cutover_ns};

  Verdict verdict;
  verdict.migration = request.migration;
  verdict.criteria_text = request.criteria.canonical_text();
  verdict.criteria_hash = request.criteria.hash();
  verdict.alpha = request.criteria.alpha;
  verdict.window = request.window;
  verdict.baseline = request.baseline;
  verdict.population = population;
  verdict.evaluations = tally->evaluations();
  verdict.judged = tally->judged(population, evidence.control_from_window());
  verdict.complete_since_ns = complete_since(store, request);
  verdict.judged_at_ns = request.now_ns;
  for (const Criterion& criterion : request.criteria.list) {
    TRY_ASSIGN(CriterionVerdict ruled, rule(context, criterion));
    verdict.criteria.push_back(std::move(ruled));
  }
  verdict.excluded = tally->left_out(population, evidence.control_from_window());
  verdict.not_compared = tally->not_compared();
  verdict.overall = overall_ruling(verdict.criteria);
  verdict.headline = headline(verdict);
  verdict.headline += cat(not_asked(verdict, *tally),
                          failures_left_out(verdict, *tally, evidence.control_from_window()),
                          against_baseline(verdict), incomplete(verdict));
  return verdict;
}

}  // namespace understudy::judge
