#include "judge/judge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/config_yaml.h"
#include "base/rng.h"
#include "base/text.h"
#include "event/records.h"
#include "judge/verdict_json.h"
#include "judge/verdict_text.h"
#include "store/memory/memory_store.h"

namespace understudy::judge {
namespace {

using testing::HasSubstr;

constexpr int64_t kSecond = 1'000'000'000;
constexpr int64_t kStart = 1'700'000'000 * kSecond;

/// Plays evaluations into a MemoryStore, one a second, and asks for the verdict on them.
class JudgeTest : public testing::Test {
 protected:
  struct Played {
    std::string mode = "full_evaluation";
    std::string accounting = "compared";
    std::string outcome = "match";
    std::string migration = "engine";
    std::string route = "query";
    std::optional<bool> control = true;  // absent: not called
    std::optional<bool> candidate = true;
    double control_ms = 10;
    double candidate_ms = 10;
    std::string candidate_error{};
  };

  void play(const Played& played, int times = 1) {
    for (int i = 0; i < times; ++i) {
      event::EvaluationRecord record;
      const std::string id = base::hex(static_cast<uint64_t>(now_ns_));
      record.time_unix_ns = now_ns_;
      record.id = id;
      record.migration = played.migration;
      record.mode = played.mode;
      record.accounting = played.accounting;
      record.comparison_outcome = played.outcome;
      record.route = played.route;
      fill(record.control, played.control, played.control_ms, "");
      fill(record.candidate, played.candidate, played.candidate_ms, played.candidate_error);
      events_.push_back(record.to_event());
      now_ns_ += kSecond;
    }
  }

  void fail_with(const std::string& type, int times = 1) {
    for (int i = 0; i < times; ++i) {
      event::ErrorRecord record;
      record.time_unix_ns = now_ns_;
      record.migration = "engine";
      record.route = "query";
      record.side = "candidate";
      record.type = type;
      events_.push_back(record.to_event());
    }
  }

  Verdict verdict_on(const std::string& criteria, std::optional<Population> population = {}) {
    EXPECT_TRUE(store_.append(events_).ok());
    events_.clear();
    auto node = base::parse_yaml(criteria, "c.yaml");
    EXPECT_TRUE(node.ok()) << node.error().context;
    auto parsed = Criteria::parse(*node);
    EXPECT_TRUE(parsed.ok()) << parsed.error().context;
    auto verdict = judge(store_, {.migration = "engine",
                                  .criteria = *parsed,
                                  .window = {.start_ns = window_start_ns_, .end_ns = now_ns_},
                                  .baseline = baseline_,
                                  .population = population,
                                  .now_ns = now_ns_});
    EXPECT_TRUE(verdict.ok()) << verdict.error().context;
    return *std::move(verdict);
  }

  // What one criterion gets.
  CriterionVerdict ruling_on(const std::string& criterion,
                             std::optional<Population> population = {}) {
    Verdict verdict = verdict_on("- " + criterion, population);
    EXPECT_EQ(verdict.criteria.size(), 1U);
    return verdict.criteria.at(0);
  }

  store::MemoryStore store_;
  int64_t now_ns_ = kStart;
  int64_t window_start_ns_ = kStart;
  std::optional<TimeSpan> baseline_;

 private:
  static void fill(event::SideRecord& side, std::optional<bool> success, double duration_ms,
                   const std::string& error) {
    side.called = success.has_value();
    if (!success) return;
    side.complete = error.empty();
    if (error.empty()) side.status_code = *success ? 200 : 500;
    side.error_type = error;
    side.duration_ms = duration_ms;
  }

  std::vector<event::Event> events_;
};

constexpr const char* kSuccess = "{ success_rate: { no_worse_by: 1% } }";
constexpr const char* kMedian = "{ latency: { quantile: p50, at_most: 1.10 } }";
constexpr const char* kDifferences = "{ difference_rate: { at_most: 1% } }";

TEST_F(JudgeTest, NoDataIsNeitherAPassNorAFailure) {
  const Verdict verdict = verdict_on(
      "- { success_rate: { no_worse_by: 1% } }\n- { latency: { quantile: p99, at_most: 1.2 } }\n"
      "- { difference_rate: { at_most: 1% } }\n- { error_classes: { forbid: [Boom] } }\n"
      "- { evidence: { evaluations_min: 10 } }\n");
  EXPECT_EQ(verdict.overall, Ruling::kNotEnoughEvidence);
  for (const CriterionVerdict& criterion : verdict.criteria) {
    EXPECT_EQ(criterion.ruling, Ruling::kNotEnoughEvidence) << criterion.criterion.text();
    EXPECT_TRUE(criterion.missing) << criterion.criterion.text();
    EXPECT_FALSE(criterion.tested) << criterion.criterion.text();
  }
  EXPECT_THAT(verdict.headline, HasSubstr("no data"));
}

TEST_F(JudgeTest, NothingAgreedNeverPasses) {
  play({}, 100);
  const Verdict verdict = verdict_on("");
  EXPECT_EQ(verdict.overall, Ruling::kNotEnoughEvidence);
  EXPECT_THAT(verdict.headline, HasSubstr("No criteria were agreed"));
}

TEST_F(JudgeTest, EqualSidesPassEveryCriterion) {
  base::Rng rng(1);
  for (int i = 0; i < 3'000; ++i) {
    const double ms = 5 + 5 * rng.uniform();
    play({.control_ms = ms, .candidate_ms = ms * (0.99 + 0.02 * rng.uniform())});
  }
  const Verdict verdict = verdict_on(
      "- { success_rate: { no_worse_by: 1% } }\n- { latency: { quantile: p50, at_most: 1.1 } }\n"
      "- { latency: { quantile: p99, at_most: 1.2 } }\n- { difference_rate: { at_most: 1% } }\n"
      "- { latency: { quantile: p99, at_most: 50ms } }\n- { error_classes: { forbid: [Boom] } }\n"
      "- { evidence: { evaluations_min: 3000, duration_min: 10m } }\n");
  EXPECT_EQ(verdict.overall, Ruling::kPass) << verdict_to_text(verdict);
  EXPECT_EQ(verdict.evaluations, 3'000);
  EXPECT_THAT(verdict.headline, HasSubstr("All 7 criteria hold"));
}

// Success.

TEST_F(JudgeTest, ACandidateThatFailsMoreOftenFails) {
  play({}, 900);
  play({.candidate = false}, 100);
  const CriterionVerdict ruled = ruling_on(kSuccess);
  EXPECT_EQ(ruled.ruling, Ruling::kFail);
  EXPECT_NEAR(ruled.tested->value, -0.1, 1e-9);
  EXPECT_NEAR(ruled.control.measured->value, 1, 1e-9);
  EXPECT_NEAR(ruled.candidate.measured->value, 0.9, 1e-9);
  EXPECT_EQ(ruled.candidate.evaluations, 1'000);
}

TEST_F(JudgeTest, FailingTogetherIsNotTheCandidatesFault) {
  play({}, 900);
  play({.control = false, .candidate = false}, 100);
  EXPECT_EQ(ruling_on(kSuccess).ruling, Ruling::kPass);
}

TEST_F(JudgeTest, AFewEvaluationsAreNotEnoughAndItSaysHowManyMore) {
  play({}, 60);
  const CriterionVerdict ruled = ruling_on(kSuccess);
  EXPECT_EQ(ruled.ruling, Ruling::kNotEnoughEvidence);
  ASSERT_TRUE(ruled.missing);
  // A pass takes 506 evaluations without a failure, at one a second.
  EXPECT_NEAR(static_cast<double>(ruled.missing->evaluations.value()), 450, 10);
  EXPECT_NEAR(static_cast<double>(ruled.missing->duration_ms.value()), 450'000, 10'000);
  EXPECT_THAT(ruled.missing->text, HasSubstr("more evaluations, 7 min"));
}

TEST_F(JudgeTest, TheProjectionComesTrue) {
  play({}, 60);
  const int64_t more = *ruling_on(kSuccess).missing->evaluations;
  play({}, static_cast<int>(more));
  EXPECT_EQ(ruling_on(kSuccess).ruling, Ruling::kPass);
}

TEST_F(JudgeTest, ACandidateAtTheMarginIsNotDecided) {
  for (int i = 0; i < 10; ++i) {
    play({}, 99);
    play({.candidate = false});
  }
  EXPECT_EQ(ruling_on(kSuccess).ruling, Ruling::kNotEnoughEvidence);
}

TEST_F(JudgeTest, FireAndForgetCountsForSuccess) {
  play({.mode = "fire_and_forget", .accounting = "not_sampled", .outcome = ""}, 1'000);
  EXPECT_EQ(ruling_on(kSuccess).ruling, Ruling::kPass);
}

TEST_F(JudgeTest, ATimedOutCandidateCountsAgainstIt) {
  play({}, 900);
  play({.accounting = "timed_out", .outcome = "", .candidate = false, .candidate_error = "timeout"},
       100);
  EXPECT_EQ(ruling_on(kSuccess).ruling, Ruling::kFail);
}

TEST_F(JudgeTest, ControlCutOffByTheShadowDeadlineDoesNotFlatterTheCandidate) {
  play({.mode = "reverse_evaluation", .accounting = "timed_out", .outcome = "", .control = false},
       1'000);
  const CriterionVerdict ruled = ruling_on(kSuccess);
  EXPECT_EQ(ruled.tested->value, 0);
}

TEST_F(JudgeTest, ShedEvaluationsAreNamedAndNotCountedAgainstTheCandidate) {
  play({}, 1'000);
  play({.accounting = "shed", .outcome = "", .candidate = std::nullopt}, 50);
  play({.accounting = "client_aborted", .outcome = "", .candidate = false}, 7);
  const Verdict verdict = verdict_on("- { success_rate: { no_worse_by: 1% } }");
  EXPECT_EQ(verdict.overall, Ruling::kPass);
  EXPECT_EQ(verdict.criteria[0].candidate.evaluations, 1'000);
  ASSERT_EQ(verdict.excluded.size(), 2U);
  EXPECT_EQ(verdict.excluded[0].reason, "shed");
  EXPECT_EQ(verdict.excluded[0].evaluations, 50);
  EXPECT_EQ(verdict.excluded[1].reason, "client_aborted");
  EXPECT_EQ(verdict.excluded[1].evaluations, 7);
}

TEST_F(JudgeTest, OtherMigrationsAndOtherTimesDoNotCount) {
  play({.candidate = false}, 500);  // before the window
  window_start_ns_ = now_ns_;
  play({.migration = "other", .candidate = false}, 500);
  play({}, 1'000);
  const CriterionVerdict ruled = ruling_on(kSuccess);
  EXPECT_EQ(ruled.ruling, Ruling::kPass);
  EXPECT_EQ(ruled.candidate.evaluations, 1'000);
}

TEST_F(JudgeTest, ACriterionForOneRouteLooksAtThatRouteOnly) {
  play({.route = "query"}, 1'000);
  play({.route = "export", .candidate = false}, 1'000);
  EXPECT_EQ(ruling_on("{ success_rate: { no_worse_by: 1% }, route: query }").ruling, Ruling::kPass);
  EXPECT_EQ(ruling_on("{ success_rate: { no_worse_by: 1% }, route: export }").ruling,
            Ruling::kFail);
}

// Latency.

TEST_F(JudgeTest, ASlowerMedianFailsAndSaysByHowMuch) {
  base::Rng rng(2);
  for (int i = 0; i < 2'000; ++i) {
    const double ms = 5 + rng.uniform();
    play({.control_ms = ms, .candidate_ms = 2 * ms});
  }
  const CriterionVerdict ruled = ruling_on(kMedian);
  EXPECT_EQ(ruled.ruling, Ruling::kFail);
  EXPECT_NEAR(ruled.tested->value, 2, 1e-9);
  EXPECT_GT(ruled.tested->low, 1.9);
  EXPECT_LT(ruled.tested->high, 2.1);
}

TEST_F(JudgeTest, ASlowTailFailsTheP99AndNotTheMedian) {
  base::Rng rng(3);
  for (int i = 0; i < 4'000; ++i) {
    const double ms = 5 + 0.1 * rng.uniform();
    play({.control_ms = ms, .candidate_ms = i % 20 == 0 ? 10 * ms : ms});
  }
  EXPECT_EQ(ruling_on(kMedian).ruling, Ruling::kPass);
  EXPECT_EQ(ruling_on("{ latency: { quantile: p99, at_most: 1.20 } }").ruling, Ruling::kFail);
}

TEST_F(JudgeTest, TimeoutsAreSlowerThanAnyAnswerRatherThanDropped) {
  play({}, 970);
  play({.accounting = "timed_out",
        .outcome = "",
        .candidate = false,
        .candidate_ms = 1,  // as recorded; the truth is unknown
        .candidate_error = "timeout"},
       30);
  const CriterionVerdict ruled = ruling_on("{ latency: { quantile: p99, at_most: 1.20 } }");
  EXPECT_EQ(ruled.ruling, Ruling::kFail);
  EXPECT_TRUE(std::isinf(ruled.candidate.measured->value));
  EXPECT_THAT(ruled.explanation, HasSubstr("30 calls without a whole answer"));
}

TEST_F(JudgeTest, AP99OfAFewHundredRequestsIsNotEnough) {
  play({}, 200);
  const CriterionVerdict ruled = ruling_on("{ latency: { quantile: p99, at_most: 1.20 } }");
  EXPECT_EQ(ruled.ruling, Ruling::kNotEnoughEvidence);
  EXPECT_TRUE(std::isinf(ruled.tested->high));
  ASSERT_TRUE(ruled.missing && ruled.missing->evaluations);
  EXPECT_GT(*ruled.missing->evaluations, 200);
  EXPECT_LT(*ruled.missing->evaluations, 2'000);
}

TEST_F(JudgeTest, AnAbsoluteLatencyNeedsNoControl) {
  play({.mode = "candidate_only", .accounting = "not_sampled", .outcome = "", .control = {}},
       1'000);
  const CriterionVerdict passed = ruling_on("{ latency: { quantile: p50, at_most: 11ms } }");
  EXPECT_EQ(passed.ruling, Ruling::kPass);
  EXPECT_EQ(passed.population, Population::kCutover);
  EXPECT_EQ(ruling_on("{ latency: { quantile: p50, at_most: 9ms } }").ruling, Ruling::kFail);
}

TEST_F(JudgeTest, CandidateOnlyIsComparedWithTheConcurrentControlShare) {
  base::Rng rng(4);
  for (int i = 0; i < 2'000; ++i) {
    const double ms = 5 + rng.uniform();
    play({.mode = "candidate_only",
          .accounting = "not_sampled",
          .outcome = "",
          .control = {},
          .candidate_ms = 0.5 * ms});
    if (i % 2 == 0) {
      play({.mode = "control_only",
            .accounting = "not_sampled",
            .outcome = "",
            .candidate = {},
            .control_ms = ms});
    }
  }
  const CriterionVerdict ruled = ruling_on(kMedian);
  EXPECT_EQ(ruled.population, Population::kCutover);
  EXPECT_EQ(ruled.ruling, Ruling::kPass);
  EXPECT_EQ(ruled.control.evaluations, 1'000);
  EXPECT_EQ(ruled.candidate.evaluations, 2'000);
  EXPECT_NEAR(ruled.tested->value, 0.5, 0.05);
  EXPECT_EQ(ruling_on("{ success_rate: { no_worse_by: 5% } }").ruling, Ruling::kPass);
}

TEST_F(JudgeTest, CandidateOnlyWithoutAnyControlAsksForOne) {
  play({.mode = "candidate_only", .accounting = "not_sampled", .outcome = "", .control = {}},
       1'000);
  for (const char* criterion : {kMedian, kSuccess}) {
    const CriterionVerdict ruled = ruling_on(criterion);
    EXPECT_EQ(ruled.ruling, Ruling::kNotEnoughEvidence);
    EXPECT_THAT(ruled.explanation, HasSubstr("keep a share of traffic on control_only"));
  }
}

TEST_F(JudgeTest, ABaselineWindowStandsInForTheControlShare) {
  play({.mode = "control_only", .accounting = "not_sampled", .outcome = "", .candidate = {}},
       1'000);
  baseline_ = TimeSpan{.start_ns = kStart, .end_ns = now_ns_};
  window_start_ns_ = now_ns_;
  play({.mode = "candidate_only", .accounting = "not_sampled", .outcome = "", .control = {}},
       1'000);
  const CriterionVerdict ruled = ruling_on(kMedian);
  EXPECT_EQ(ruled.ruling, Ruling::kPass);
  EXPECT_EQ(ruled.control.evaluations, 1'000);
}

TEST_F(JudgeTest, TheLargerPopulationIsJudgedUnlessOneIsAskedFor) {
  play({}, 1'000);
  play({.mode = "candidate_only", .accounting = "not_sampled", .outcome = "", .control = {}}, 10);
  EXPECT_EQ(ruling_on(kMedian).population, Population::kPaired);
  EXPECT_EQ(ruling_on(kMedian, Population::kCutover).population, Population::kCutover);
}

// Differences and errors.

TEST_F(JudgeTest, DifferencesBeyondTheLimitFailAndIgnoredOnesDoNotCount) {
  play({.outcome = "ignored"}, 500);
  play({}, 500);
  EXPECT_EQ(ruling_on(kDifferences).ruling, Ruling::kPass);
  play({.outcome = "mismatch"}, 50);
  const CriterionVerdict ruled = ruling_on(kDifferences);
  EXPECT_EQ(ruled.ruling, Ruling::kFail);
  EXPECT_THAT(ruled.explanation, HasSubstr("50 of 1,050"));
}

TEST_F(JudgeTest, AnswersThatWereNotComparedSayNothingAboutDifferences) {
  play({.accounting = "not_comparable", .outcome = "incomparable"}, 1'000);
  const Verdict verdict = verdict_on("- { difference_rate: { at_most: 1% } }");
  EXPECT_EQ(verdict.overall, Ruling::kNotEnoughEvidence);
  ASSERT_EQ(verdict.excluded.size(), 1U);
  EXPECT_EQ(verdict.excluded[0].reason, "not_compared");
  EXPECT_EQ(verdict.excluded[0].evaluations, 1'000);
}

TEST_F(JudgeTest, OneForbiddenErrorFails) {
  play({}, 1'000);
  fail_with("Harmless", 5);
  constexpr const char* kForbid = "{ error_classes: { forbid: [Throttled, reset] } }";
  EXPECT_EQ(ruling_on(kForbid).ruling, Ruling::kPass);
  fail_with("Throttled", 1);
  play({.accounting = "failed", .outcome = "", .candidate = false, .candidate_error = "reset"}, 2);
  const CriterionVerdict ruled = ruling_on(kForbid);
  EXPECT_EQ(ruled.ruling, Ruling::kFail);
  EXPECT_THAT(ruled.explanation, HasSubstr("1 Throttled"));
  EXPECT_THAT(ruled.explanation, HasSubstr("2 reset"));
}

TEST_F(JudgeTest, NoForbiddenErrorInAHandfulOfCallsIsNotEnough) {
  play({}, 20);
  const CriterionVerdict ruled = ruling_on("{ error_classes: { forbid: [Throttled] } }");
  EXPECT_EQ(ruled.ruling, Ruling::kNotEnoughEvidence);
  EXPECT_EQ(ruled.missing->evaluations, 80);
}

// Evidence and the whole.

TEST_F(JudgeTest, EvidenceWaitsForTheDurationToo) {
  play({}, 500);
  const CriterionVerdict ruled =
      ruling_on("{ evidence: { evaluations_min: 100, duration_min: 10m } }");
  EXPECT_EQ(ruled.ruling, Ruling::kNotEnoughEvidence);
  EXPECT_EQ(ruled.missing->text, "1 min 41 s more");
  play({}, 101);
  EXPECT_EQ(ruling_on("{ evidence: { evaluations_min: 100, duration_min: 10m } }").ruling,
            Ruling::kPass);
}

TEST_F(JudgeTest, OneFailureFailsTheWholeEvenBeforeTheMinimum) {
  play({.candidate = false}, 200);
  const Verdict verdict = verdict_on(
      "- { evidence: { evaluations_min: 10000 } }\n- { success_rate: { no_worse_by: 1% } }\n");
  EXPECT_EQ(verdict.criteria[0].ruling, Ruling::kNotEnoughEvidence);
  EXPECT_EQ(verdict.overall, Ruling::kFail);
  EXPECT_THAT(verdict.headline, HasSubstr("success_rate"));
}

TEST_F(JudgeTest, OneMissingCriterionKeepsTheWholeFromPassing) {
  play({}, 1'000);
  const Verdict verdict = verdict_on(
      "- { success_rate: { no_worse_by: 1% } }\n- { evidence: { evaluations_min: 10000 } }\n");
  EXPECT_EQ(verdict.criteria[0].ruling, Ruling::kPass);
  EXPECT_EQ(verdict.overall, Ruling::kNotEnoughEvidence);
  EXPECT_THAT(verdict.headline, HasSubstr("1 of 2 criteria hold"));
}

TEST_F(JudgeTest, AWindowThatEndsBeforeItStartsIsAnError) {
  auto verdict = judge(store_, {.migration = "engine", .window = {.start_ns = 2, .end_ns = 1}});
  ASSERT_FALSE(verdict.ok());
  EXPECT_EQ(verdict.error().kind, base::ErrorKind::kInvalid);
}

// How it is written down.

TEST_F(JudgeTest, JsonCarriesTheNumbersAndInfinityIsNull) {
  play({}, 100);
  const Verdict verdict = verdict_on("- { latency: { quantile: p99, at_most: 1.2 } }");
  const nlohmann::json json = nlohmann::json::parse(verdict_to_json(verdict).dump());
  EXPECT_EQ(json["verdict"], "not_enough_evidence");
  EXPECT_EQ(json["criteria"][0]["ruling"], "not_enough_evidence");
  EXPECT_EQ(json["criteria"][0]["criterion"], "latency p99 at_most 1.2");
  EXPECT_EQ(json["criteria"][0]["candidate"]["evaluations"], 100);
  EXPECT_TRUE(json["criteria"][0]["tested"]["high"].is_null());
  EXPECT_EQ(json["criteria"][0]["margin"], 1.2);
  EXPECT_TRUE(json["criteria"][0]["missing"]["text"].is_string());
  EXPECT_EQ(json["window"]["start_ns"], "1700000000000000000");
  EXPECT_EQ(json["window"]["start"], "2023-11-14T22:13:20Z");
  EXPECT_EQ(json["criteria_hash"].get<std::string>().size(), 64U);
}

TEST_F(JudgeTest, TextIsATableWithReasons) {
  play({}, 900);
  play({.candidate = false}, 100);
  const std::string text = verdict_to_text(verdict_on(
      "- { success_rate: { no_worse_by: 1% } }\n- { evidence: { evaluations_min: 5000 } }\n"));
  EXPECT_THAT(text, HasSubstr("engine: FAIL"));
  EXPECT_THAT(text, HasSubstr("1,000 evaluations in 16 min 40 s"));
  EXPECT_THAT(text, HasSubstr("-10% ["));
  EXPECT_THAT(text, HasSubstr(">= -1%"));
  EXPECT_THAT(text, HasSubstr("missing: about 4,000 more evaluations, 1 h 6 min at this rate"));
  for (const std::string_view line : base::split(text, '\n')) {
    EXPECT_EQ(line.find_last_not_of(' ') + 1, line.size()) << "trailing spaces: " << line;
  }
}

}  // namespace
}  // namespace understudy::judge
