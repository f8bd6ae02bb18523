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
#include "judge/wording.h"
#include "store/memory/memory_store.h"

namespace understudy::judge {
namespace {

using testing::HasSubstr;

constexpr int64_t kSecond = 1'000'000'000;
constexpr int64_t kStart = 1'700'000'000 * kSecond;

/// A store that has lost its oldest evaluations.
class AgedStore final : public store::EventStore {
 public:
  base::Status append(std::span<const event::Event> events) override {
    return inner_.append(events);
  }
  using EventStore::select;
  base::Result<store::ResultTable> select(const store::Select& select,
                                          const store::Cancellation& cancellation) override {
    store::Select kept = select;
    if (lost_until_ns && kept.dataset == lost_of) {
      kept.start_ns = std::max(kept.start_ns, *lost_until_ns + 1);
    }
    return inner_.select(kept, cancellation);
  }
  std::vector<store::DatasetInfo> datasets() override {
    auto all = inner_.datasets();
    for (store::DatasetInfo& info : all) {
      if (info.name == lost_of) info.aged_out_until_ns = lost_until_ns;
    }
    return all;
  }
  base::Result<std::vector<store::DatasetColumn>> columns(std::string_view dataset) override {
    return inner_.columns(dataset);
  }
  store::StoreStats stats() override { return inner_.stats(); }

  std::string lost_of = "evaluations";
  std::optional<int64_t> lost_until_ns;

 private:
  store::MemoryStore inner_;
};

/// Plays evaluations into a MemoryStore, one a second, and asks for the verdict on them.
class JudgeTest : public testing::Test {
 public:
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
    std::string control_error{};
    std::string reason{};
    std::string control_cut_off{};  // undecided, unless there is an error beside
    std::string candidate_cut_off{};
  };

 protected:
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
      record.reason = played.reason;
      fill(record.control, played.control, played.control_ms, played.control_error,
           played.control_cut_off);
      fill(record.candidate, played.candidate, played.candidate_ms, played.candidate_error,
           played.candidate_cut_off);
      events_.push_back(record.to_event());
      now_ns_ += step_ns_;
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
                                  .first_paired_ns = first_paired_ns_,
                                  .now_ns = now_ns_});
    EXPECT_TRUE(verdict.ok()) << verdict.error().context;
    return *std::move(verdict);
  }

  // Whether every evaluation of the window is either judged or left out, for both populations.
  void expect_it_adds_up() {
    for (const Population population : {Population::kPaired, Population::kCutover}) {
      const Verdict verdict = verdict_on("", population);
      int64_t sum = verdict.judged;
      for (const Excluded& one : verdict.excluded) sum += one.evaluations;
      EXPECT_EQ(sum, verdict.evaluations) << name(population) << "\n" << verdict_to_text(verdict);
    }
  }

  static int64_t left_out(const Verdict& verdict, std::string_view reason) {
    for (const Excluded& one : verdict.excluded) {
      if (one.reason == reason) return one.evaluations;
    }
    return 0;
  }

  // What one criterion gets.
  CriterionVerdict ruling_on(const std::string& criterion,
                             std::optional<Population> population = {}) {
    Verdict verdict = verdict_on("- " + criterion, population);
    EXPECT_EQ(verdict.criteria.size(), 1U);
    return verdict.criteria.at(0);
  }

  void keep(event::Event event) {
    events_.push_back(std::move(event));
    now_ns_ += kSecond;
  }

  AgedStore store_;
  std::optional<int64_t> first_paired_ns_;
  int64_t now_ns_ = kStart;
  int64_t step_ns_ = kSecond;  // between evaluations that are played
  int64_t window_start_ns_ = kStart;
  std::optional<TimeSpan> baseline_;

 private:
  static void fill(event::SideRecord& side, std::optional<bool> success, double duration_ms,
                   const std::string& error, const std::string& cut_off) {
    side.called = success.has_value();
    if (!success) return;
    side.cut_off = cut_off;
    side.undecided = !cut_off.empty() && error.empty();
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
  EXPECT_THAT(ruled.missing->text,
              testing::AllOf(testing::StartsWith("at least about 450 more evaluations"),
                             HasSubstr("(roughly 8 minutes at the present rate)")));
}

TEST_F(JudgeTest, NoTimeIsProjectedFromAHandfulOfEvaluations) {
  play({}, 5);
  const CriterionVerdict ruled = ruling_on(kSuccess);
  ASSERT_TRUE(ruled.missing);
  EXPECT_FALSE(ruled.missing->duration_ms);
  EXPECT_EQ(ruled.missing->text, "at least about 500 more evaluations");
}

TEST(RoughDuration, PromisesNoMorePreciselyThanAnybodyCouldKnow) {
  EXPECT_EQ(rough_duration(62), "10 seconds");
  EXPECT_EQ(rough_duration(41'000), "50 seconds");
  EXPECT_EQ(rough_duration(50'001), "1 minute");
  EXPECT_EQ(rough_duration(61'000), "2 minutes");
  EXPECT_EQ(rough_duration(601'000), "15 minutes");
  EXPECT_EQ(rough_duration(3'600'000), "1 hour");
  EXPECT_EQ(rough_duration(3'966'000), "2 hours");
  EXPECT_EQ(rough_duration(49 * 3'600'000LL), "3 days");
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

TEST_F(JudgeTest, WhatADeadCandidateIsSparedCountsAgainstIt) {
  play({}, 16'000);
  play({.accounting = "failed",
        .outcome = "",
        .candidate = false,
        .candidate_error = "connect_refused"},
       18);
  const Played spared{
      .accounting = "shed", .outcome = "", .candidate = {}, .reason = "circuit_open"};
  play(spared, 2'000);
  Played other = spared;
  other.reason = "unhealthy";
  play(other, 380);
  other.control = false;
  play(other, 2);
  other.mode = "fire_and_forget";
  other.control = true;
  play(other, 10);
  const Verdict verdict = verdict_on(
      "- { success_rate: { no_worse_by: 1% } }\n- { latency: { quantile: p50, at_most: 1.10 } }\n"
      "- { evidence: { evaluations_min: 16000 } }");
  EXPECT_EQ(verdict.overall, Ruling::kFail) << verdict_to_text(verdict);
  EXPECT_NEAR(verdict.criteria[0].tested->value, -2'408.0 / 18'410, 1e-9);
  EXPECT_EQ(verdict.criteria[0].candidate.evaluations, 18'410);
  EXPECT_EQ(verdict.criteria[1].candidate.evaluations, 16'018)
      << "who was not asked has no latency";
  EXPECT_EQ(verdict.criteria[2].candidate.evaluations, 16'018);
  EXPECT_THAT(
      verdict.headline,
      HasSubstr("2,392 requests were not sent to the candidate, because it gave no answers"));
  EXPECT_EQ(verdict.judged, 18'410);
  EXPECT_EQ(left_out(verdict, "shed"), 0);
  EXPECT_EQ(verdict.not_compared.at(0).reason, "candidate_not_asked");
  EXPECT_EQ(verdict.not_compared.at(0).evaluations, 2'382);
  expect_it_adds_up();
}

TEST_F(JudgeTest, WhatTheCandidateIsSparedIsToldWhateverWasAgreed) {
  play({}, 1'000);
  play({.accounting = "shed", .outcome = "", .candidate = {}, .reason = "circuit_open"}, 300);
  const Verdict verdict = verdict_on("- " + std::string(kMedian));
  EXPECT_EQ(verdict.overall, Ruling::kPass);
  EXPECT_THAT(verdict.headline, HasSubstr("300 requests were not sent to the candidate"));
}

TEST_F(JudgeTest, ABoundOfOursIsHeldAgainstNeither) {
  play({}, 1'000);
  for (const char* bound :
       {"in_flight_max", "memory_bytes_max", "connections_max", "request_bytes_max"}) {
    play({.accounting = "shed", .outcome = "", .candidate = {}, .reason = bound}, 100);
  }
  const Verdict verdict = verdict_on("- { success_rate: { no_worse_by: 1% } }");
  EXPECT_EQ(verdict.overall, Ruling::kPass) << verdict_to_text(verdict);
  EXPECT_EQ(left_out(verdict, "shed"), 400);
  EXPECT_THAT(verdict.excluded.at(0).meaning, HasSubstr("a bound of ours"));
  EXPECT_EQ(verdict.headline.find("not sent"), std::string::npos);
}

TEST_F(JudgeTest, AControlThatIsSparedInReverseIsHeldAgainstNeither) {
  play({.mode = "reverse_evaluation"}, 1'000);
  play({.mode = "reverse_evaluation",
        .accounting = "shed",
        .outcome = "",
        .control = {},
        .reason = "circuit_open"},
       100);
  const Verdict verdict = verdict_on("- { success_rate: { no_worse_by: 1% } }");
  EXPECT_EQ(verdict.overall, Ruling::kPass) << verdict_to_text(verdict);
  EXPECT_EQ(verdict.judged, 1'000);
  EXPECT_EQ(left_out(verdict, "control_not_asked"), 100);
  EXPECT_THAT(verdict.excluded.at(0).meaning, HasSubstr("control gave no answers before"));
  expect_it_adds_up();
}

TEST_F(JudgeTest, ACircuitThatOurDeadlineOpenedFailsNobodyAndPassesNobody) {
  play({}, 1'000);
  play({.accounting = "timed_out",
        .outcome = "",
        .control_ms = 2'500,
        .candidate_ms = 2'000,
        .candidate_cut_off = "shadow_deadline"},
       20);
  play({.accounting = "shed", .outcome = "", .candidate = {}, .reason = "circuit_open"}, 300);
  EXPECT_EQ(ruling_on(kSuccess).ruling, Ruling::kNotEnoughEvidence);
  expect_it_adds_up();
  // Once most of its silence is its own, so is the circuit.
  play({.accounting = "failed", .outcome = "", .candidate = false, .candidate_error = "reset"}, 21);
  EXPECT_EQ(ruling_on(kSuccess).ruling, Ruling::kFail);
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

// What our own limits cut off.

TEST_F(JudgeTest, EqualServicesSlowerThanTheShadowDeadlineDoNotFail) {
  play({}, 30);
  play({.accounting = "timed_out",
        .outcome = "",
        .control_ms = 2'500,
        .candidate_ms = 2'000,
        .candidate_cut_off = "shadow_deadline"},
       600);
  const Verdict verdict = verdict_on(
      "- { success_rate: { no_worse_by: 1% } }\n- { latency: { quantile: p50, at_most: 1.1 } }\n"
      "- { latency: { quantile: p99, at_most: 1.2 } }\n- { error_classes: { forbid: [timeout] } }");
  EXPECT_EQ(verdict.overall, Ruling::kNotEnoughEvidence) << verdict_to_text(verdict);
  EXPECT_EQ(verdict.judged, 30);
  EXPECT_EQ(left_out(verdict, "shadow_deadline"), 600);
  EXPECT_TRUE(verdict.not_compared.empty());
  EXPECT_THAT(verdict.criteria[1].explanation, HasSubstr("p50 is at least 2000 ms"));
  EXPECT_THAT(verdict.criteria[1].missing->text, HasSubstr("a longer candidate.timeout"));
  expect_it_adds_up();
}

TEST_F(JudgeTest, EqualServicesWhoseSlownessIsNotOfTheRequestDoNotFail) {
  // Each call takes 1 to 3 s on its own; the shadow's deadline is at 2 s.
  base::Rng rng(5);
  for (int i = 0; i < 2'000; ++i) {
    const double control_ms = 1'000 + 2'000 * rng.uniform();
    const double candidate_ms = 1'000 + 2'000 * rng.uniform();
    Played played{.control_ms = control_ms, .candidate_ms = std::min(candidate_ms, 2'000.0)};
    if (candidate_ms > 2'000) {
      played.accounting = "timed_out";
      played.candidate_cut_off = "shadow_deadline";
      if (control_ms < 2'000) played.candidate_error = "timeout";
    }
    play(played);
  }
  EXPECT_NE(ruling_on("{ success_rate: { no_worse_by: 1% } }").ruling, Ruling::kFail);
  EXPECT_NE(ruling_on(kMedian).ruling, Ruling::kFail);
  EXPECT_NE(ruling_on("{ latency: { quantile: p99, at_most: 1.2 } }").ruling, Ruling::kFail);
}

TEST_F(JudgeTest, SlownessOfControlDoesNotExcuseErrorsOfTheCandidate) {
  play({}, 500);
  play({.control_ms = 2'500}, 100);
  play({.accounting = "timed_out",
        .candidate = false,
        .candidate_ms = 2'000,
        .candidate_error = "timeout",
        .candidate_cut_off = "shadow_deadline"});
  play({.candidate = false}, 100);
  const CriterionVerdict ruled = ruling_on("{ success_rate: { no_worse_by: 1% } }");
  EXPECT_EQ(ruled.ruling, Ruling::kFail);
  EXPECT_NEAR(ruled.tested->value, -100.0 / 701, 1e-9);
  EXPECT_THAT(ruled.explanation, HasSubstr("1 candidate calls ran into the deadline"));
}

TEST_F(JudgeTest, ACandidateThatHangsWhereControlIsQuickFails) {
  for (int i = 0; i < 100; ++i) {
    play({}, 9);
    play({.accounting = "timed_out",
          .outcome = "",
          .candidate = false,
          .candidate_ms = 2'000,
          .candidate_error = "timeout",
          .candidate_cut_off = "shadow_deadline"});
  }
  EXPECT_EQ(ruling_on(kSuccess).ruling, Ruling::kFail);
  const CriterionVerdict tail = ruling_on("{ latency: { quantile: p99, at_most: 1.20 } }");
  EXPECT_EQ(tail.ruling, Ruling::kFail);
  EXPECT_THAT(tail.explanation, HasSubstr("at least 2000 ms, control's 10 ms"));
}

TEST_F(JudgeTest, ControlCutOffInReverseDoesNotLookQuick) {
  // Both take 40 s; control, the shadow, is cut off at 30.
  play({.mode = "reverse_evaluation",
        .accounting = "timed_out",
        .outcome = "",
        .control_ms = 30'000,
        .candidate_ms = 40'000,
        .control_cut_off = "shadow_deadline"},
       500);
  EXPECT_EQ(ruling_on(kMedian).ruling, Ruling::kNotEnoughEvidence);
  const Verdict verdict = verdict_on("- { success_rate: { no_worse_by: 5% } }");
  EXPECT_EQ(verdict.overall, Ruling::kPass) << verdict_to_text(verdict);
  EXPECT_EQ(verdict.judged, 500);
  expect_it_adds_up();
}

TEST_F(JudgeTest, EqualServicesThatBothBreakOffNowAndThenDoNotFailOnTheTail) {
  play({}, 1'900);
  play({.accounting = "failed", .outcome = "", .control = false, .control_error = "reset"}, 50);
  play({.accounting = "failed", .outcome = "", .candidate = false, .candidate_error = "reset"}, 50);
  EXPECT_EQ(ruling_on("{ latency: { quantile: p99, at_most: 1.20 } }").ruling,
            Ruling::kNotEnoughEvidence);
}

TEST_F(JudgeTest, AnAnswerTooLargeToBeReadCountsByItsStatusAndAsAtLeastSoSlow) {
  play({}, 900);
  for (int i = 0; i < 100; ++i) {
    event::EvaluationRecord record;
    const std::string id = base::hex(static_cast<uint64_t>(now_ns_));
    record.time_unix_ns = now_ns_;
    record.id = id;
    record.migration = "engine";
    record.mode = "full_evaluation";
    record.accounting = "too_large";
    record.control = {.called = true, .complete = true, .status_code = 200, .duration_ms = 10};
    record.candidate = record.control;
    record.candidate.status_code = 500;
    record.candidate.cut_off = "dropped_bytes_max";
    keep(record.to_event());
  }
  const Verdict verdict = verdict_on("- { success_rate: { no_worse_by: 1% } }");
  EXPECT_EQ(verdict.overall, Ruling::kFail);
  EXPECT_EQ(verdict.judged, 1'000);
  ASSERT_EQ(verdict.not_compared.size(), 1U);
  EXPECT_EQ(verdict.not_compared[0].reason, "too_large");
  EXPECT_EQ(ruling_on("{ latency: { quantile: p99, at_most: 1.20 } }").ruling,
            Ruling::kNotEnoughEvidence);
}

// Requests that only one service answered.

TEST_F(JudgeTest, WhatTheCandidateFailsAloneInReverseIsNotPassedOver) {
  const Played paired{.mode = "reverse_evaluation"};
  const Played alone{.mode = "reverse_evaluation",
                     .accounting = "not_sampled",
                     .outcome = "",
                     .control = {},
                     .candidate = false,
                     .reason = "not_safe_to_repeat"};
  play(paired, 1'000);
  EXPECT_EQ(ruling_on(kSuccess).ruling, Ruling::kPass);
  play(alone, 40);
  const Verdict verdict = verdict_on("- { success_rate: { no_worse_by: 1% } }");
  EXPECT_EQ(verdict.overall, Ruling::kNotEnoughEvidence) << verdict_to_text(verdict);
  EXPECT_THAT(verdict.criteria[0].explanation, HasSubstr("served alone it failed 40 times"));
  EXPECT_EQ(left_out(verdict, "not_safe_to_repeat"), 40);
  EXPECT_THAT(verdict.excluded[0].meaning, HasSubstr("failed 40 of them"));
  expect_it_adds_up();
}

TEST_F(JudgeTest, WhatTheCandidateServesWellAloneInReverseDoesNotHoldAPassBack) {
  play({.mode = "reverse_evaluation"}, 1'000);
  play({.mode = "reverse_evaluation",
        .accounting = "not_sampled",
        .outcome = "",
        .control = {},
        .reason = "not_safe_to_repeat"},
       3);
  EXPECT_EQ(ruling_on(kSuccess).ruling, Ruling::kPass);
}

TEST_F(JudgeTest, ConversationsAreLeftOutByTheirName) {
  play({}, 1'000);
  play({.accounting = "not_sampled", .outcome = "", .candidate = {}, .reason = "upgrade"}, 7);
  const Verdict verdict = verdict_on("- { success_rate: { no_worse_by: 1% } }");
  EXPECT_EQ(left_out(verdict, "upgrade"), 7);
  EXPECT_EQ(left_out(verdict, "other"), 0);
  expect_it_adds_up();
}

TEST_F(JudgeTest, AReverseRequestWithoutItsShadowIsJudgedAtCutover) {
  play({.mode = "control_only", .accounting = "not_sampled", .outcome = "", .candidate = {}}, 500);
  play({.mode = "reverse_evaluation"}, 10);
  play({.mode = "reverse_evaluation",
        .accounting = "shed",
        .outcome = "",
        .control = {},
        .candidate = false,
        .reason = "in_flight_max"},
       200);
  const Verdict verdict = verdict_on("- { success_rate: { no_worse_by: 1% } }");
  EXPECT_EQ(verdict.population, Population::kCutover);
  EXPECT_EQ(verdict.overall, Ruling::kFail);
  EXPECT_EQ(verdict.criteria[0].candidate.evaluations, 210);
  EXPECT_EQ(verdict.judged, 710);
  expect_it_adds_up();
}

TEST_F(JudgeTest, AFailureInTheSmallerPopulationFailsToo) {
  play({}, 1'000);
  play({.mode = "control_only", .accounting = "not_sampled", .outcome = "", .candidate = {}}, 500);
  play({.mode = "candidate_only",
        .accounting = "not_sampled",
        .outcome = "",
        .control = {},
        .candidate = false},
       30);
  const CriterionVerdict ruled = ruling_on(kSuccess);
  EXPECT_EQ(ruled.ruling, Ruling::kFail);
  EXPECT_EQ(ruled.population, Population::kCutover);
  EXPECT_EQ(ruling_on(kSuccess, Population::kPaired).ruling, Ruling::kPass) << "as asked";
}

TEST_F(JudgeTest, WithoutAControlShareFailuresOfCandidateOnlyHoldThePassBack) {
  play({}, 1'000);
  play({.mode = "candidate_only",
        .accounting = "not_sampled",
        .outcome = "",
        .control = {},
        .candidate = false},
       30);
  const CriterionVerdict ruled = ruling_on(kSuccess);
  EXPECT_EQ(ruled.ruling, Ruling::kNotEnoughEvidence);
  EXPECT_THAT(ruled.explanation, HasSubstr("succeeds only 0%"));
  EXPECT_TRUE(ruled.missing);
}

/// Every combination of what a store may hold of an evaluation, sensible or not.
std::vector<JudgeTest::Played> everything(const std::vector<std::string>& cuts,
                                          const std::vector<std::string>& reasons = {
                                              "", "not_safe_to_repeat", "route_not_matched"}) {
  std::vector<JudgeTest::Played> all;
  for (const char* mode : {"control_only", "fire_and_forget", "full_evaluation", "candidate_only",
                           "reverse_evaluation", "of_the_future"}) {
    for (const char* account : {"not_sampled", "compared", "shed", "too_large", "timed_out",
                                "failed", "not_comparable", "client_aborted"}) {
      for (const std::string& reason : reasons) {
        for (const std::string& cut : cuts) {
          for (const auto control : {std::optional<bool>(), {false}, {true}}) {
            for (const auto candidate : {std::optional<bool>(), {false}, {true}}) {
              all.push_back({.mode = mode,
                             .accounting = account,
                             .control = control,
                             .candidate = candidate,
                             .reason = reason,
                             .candidate_cut_off = cut});
            }
          }
        }
      }
    }
  }
  return all;
}

TEST_F(JudgeTest, EveryEvaluationIsJudgedOrLeftOutForAReason) {
  const auto all = everything({"", "shadow_deadline", "dropped_bytes_max", "request_bytes_max",
                               "connections_max", "client_closed", "serving_side_failed"},
                              {"", "not_safe_to_repeat", "route_not_matched", "upgrade",
                               "circuit_open", "unhealthy", "in_flight_max"});
  for (const Played& one : all) play(one);
  EXPECT_EQ(verdict_on("").evaluations, static_cast<int64_t>(all.size()));
  expect_it_adds_up();
}

TEST_F(JudgeTest, CountsAndLatenciesAreTakenFromTheSameEvaluations) {
  for (const Played& one : everything({""})) play(one);
  for (const Population population : {Population::kPaired, Population::kCutover}) {
    const Verdict verdict = verdict_on(
        "- { success_rate: { no_worse_by: 1% } }\n- { latency: { quantile: p50, at_most: 1.1 } }\n"
        "- { evidence: { evaluations_min: 1 } }",
        population);
    for (const CriterionVerdict& criterion : verdict.criteria) {
      EXPECT_EQ(criterion.candidate.evaluations, verdict.criteria[0].candidate.evaluations);
      EXPECT_EQ(criterion.control.evaluations, verdict.criteria[0].control.evaluations);
    }
    EXPECT_GT(verdict.judged, 0);
  }
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
  for (int i = 0; i < 30; ++i) {
    play({}, 32);
    play({.accounting = "timed_out",
          .outcome = "",
          .candidate = false,
          .candidate_ms = 1,  // as recorded; the truth is unknown
          .candidate_error = "timeout"});
  }
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

// 200 calls a second of 4 to 5 ms.
TEST_F(JudgeTest, AFewMomentsInWhichManyCallsWereSlowDoNotFailTheTail) {
  base::Rng rng(6);
  step_ns_ = kSecond / 200;
  for (int i = 0; i < 60 * 200; ++i) {
    // Three stalls of the candidate, each of 80 calls: 2% of all, which P99 cannot miss.
    const bool stalls = i % 4'000 >= 1'900 && i % 4'000 < 1'980;
    play({.control_ms = 4 + rng.uniform(), .candidate_ms = 4 + rng.uniform() + (stalls ? 5 : 0)});
  }
  const CriterionVerdict tail = ruling_on("{ latency: { quantile: p99, at_most: 1.20 } }");
  EXPECT_EQ(tail.ruling, Ruling::kNotEnoughEvidence) << tail.explanation;
  EXPECT_GT(tail.tested->value, 1.5);
  EXPECT_THAT(tail.explanation,
              HasSubstr("slow calls come in bursts, so the candidate's count as"));
  EXPECT_EQ(ruling_on("{ latency: { quantile: p99, at_most: 6ms } }").ruling,
            Ruling::kNotEnoughEvidence);
  EXPECT_EQ(ruling_on(kMedian).ruling, Ruling::kPass);
}

TEST_F(JudgeTest, ATailThatIsHalfAsSlowAgainAllTheTimeFails) {
  base::Rng rng(7);
  step_ns_ = kSecond / 100;
  for (int i = 0; i < 120 * 100; ++i) {
    const bool stalls = i % 200 < 10;  // of both, every two seconds
    const double slow_ms = stalls ? 5 : 0;
    play({.control_ms = 4 + rng.uniform() + slow_ms,
          .candidate_ms = 1.5 * (4 + rng.uniform() + slow_ms)});
  }
  const CriterionVerdict tail = ruling_on("{ latency: { quantile: p99, at_most: 1.20 } }");
  EXPECT_EQ(tail.ruling, Ruling::kFail) << tail.explanation;
  EXPECT_NEAR(tail.tested->value, 1.5, 0.05);
}

TEST_F(JudgeTest, AFewSecondsDecideNoLatencyHoweverManyCallsTheyHold) {
  step_ns_ = kSecond / 500;
  play({.candidate_ms = 30}, 12 * 500);
  const CriterionVerdict short_run = ruling_on(kMedian);
  EXPECT_EQ(short_run.ruling, Ruling::kNotEnoughEvidence);
  EXPECT_THAT(short_run.explanation, HasSubstr("the true ratio may be anything"));
  EXPECT_EQ(short_run.missing->text,
            "calls in at least 20 stretches of 1 s, to tell a slow service from a slow moment; so "
            "far 12 have any");
  EXPECT_EQ(short_run.missing->duration_ms, 8'000);
  play({.candidate_ms = 30}, 8 * 500);
  EXPECT_EQ(ruling_on(kMedian).ruling, Ruling::kFail);
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

TEST_F(JudgeTest, WhatUsersGotFromTheCandidateIsJudgedWhereItIsMoreThanThePairs) {
  play({.mode = "control_only", .accounting = "not_sampled", .outcome = "", .candidate = {}}, 861);
  play({.mode = "reverse_evaluation"}, 634);
  const Played alone{
      .mode = "candidate_only", .accounting = "not_sampled", .outcome = "", .control = {}};
  play(alone, 447);
  Played failed = alone;
  failed.candidate = false;
  play(failed, 9);
  for (const char* criterion : {kSuccess, kMedian}) {
    const CriterionVerdict ruled = ruling_on(criterion);
    EXPECT_EQ(ruled.population, Population::kCutover) << criterion;
    EXPECT_EQ(ruled.candidate.evaluations, 1'090);
    EXPECT_THAT(ruled.explanation, HasSubstr("456 candidate_only and 634 reverse_evaluation"));
    EXPECT_THAT(ruled.explanation, HasSubstr("against 861 control_only"));
  }
  const Verdict verdict = verdict_on("- " + std::string(kMedian));
  EXPECT_EQ(verdict.headline.find("not part of"), std::string::npos) << verdict.headline;
}

TEST_F(JudgeTest, PairsAreJudgedWhereTheyLeaveNothingThatUsersGotOut) {
  play({.mode = "control_only", .accounting = "not_sampled", .outcome = "", .candidate = {}}, 10);
  play({.mode = "reverse_evaluation"}, 1'000);
  play({.mode = "reverse_evaluation", .accounting = "shed", .outcome = "", .control = {}}, 50);
  EXPECT_EQ(ruling_on(kSuccess).population, Population::kPaired);
}

TEST_F(JudgeTest, AFailureThatUsersGotAndThatIsNotJudgedIsToldInTheHeadline) {
  play({}, 1'000);
  play({.mode = "control_only", .accounting = "not_sampled", .outcome = "", .candidate = {}}, 100);
  play({.mode = "candidate_only",
        .accounting = "not_sampled",
        .outcome = "",
        .control = {},
        .candidate = false},
       2);
  const std::string told =
      "The candidate served and failed 2 requests that are not part of the paired evaluations.";
  EXPECT_THAT(verdict_on("- " + std::string(kMedian)).headline, HasSubstr(told));
  EXPECT_EQ(verdict_on("- " + std::string(kMedian), Population::kCutover).headline.find(told),
            std::string::npos);
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

TEST_F(JudgeTest, ThatNoAnswersWereComparedHasItsReason) {
  constexpr const char* kDiffer = "{ difference_rate: { at_most: 1% } }";
  play({.mode = "control_only", .accounting = "not_sampled", .outcome = "", .candidate = {}}, 3);
  EXPECT_THAT(ruling_on(kDiffer).explanation, HasSubstr("this takes traffic in full_evaluation"));
  play({.accounting = "failed", .outcome = "", .candidate = false, .candidate_error = "reset"}, 15);
  play({.accounting = "shed", .outcome = "", .candidate = {}, .reason = "circuit_open"}, 1'200);
  const CriterionVerdict ruled = ruling_on(kDiffer);
  EXPECT_EQ(ruled.ruling, Ruling::kNotEnoughEvidence);
  EXPECT_EQ(ruled.explanation,
            "No answers were compared: of 1,215 evaluations that were to be compared none could "
            "be: 1,200 shed (circuit_open), 15 failed.");
  EXPECT_THAT(ruled.missing->text, HasSubstr("answers that can be compared"));
}

TEST_F(JudgeTest, ALatencyWithoutABoundIsSaidInWords) {
  play({.accounting = "failed", .outcome = "", .candidate = false, .candidate_error = "reset"},
       500);
  const CriterionVerdict failed = ruling_on("{ latency: { quantile: p50, at_most: 250ms } }");
  EXPECT_EQ(failed.ruling, Ruling::kFail);
  EXPECT_THAT(failed.explanation, HasSubstr("; certainly slower than any whole answer"));
  const CriterionVerdict open = ruling_on("{ latency: { quantile: p99, at_most: 1.2 } }");
  for (const CriterionVerdict& one : {failed, open}) {
    EXPECT_THAT(one.explanation, testing::Not(HasSubstr("unbounded")));
  }
  now_ns_ += kSecond;
  window_start_ns_ = now_ns_;
  play({}, 4);
  EXPECT_THAT(ruling_on("{ latency: { quantile: p99, at_most: 1.2 } }").explanation,
              HasSubstr("; the true ratio may be anything"));
}

TEST_F(JudgeTest, AnswersThatWereNotComparedSayNothingAboutDifferences) {
  play({.accounting = "not_comparable", .outcome = "incomparable"}, 1'000);
  const Verdict verdict = verdict_on("- { difference_rate: { at_most: 1% } }");
  EXPECT_EQ(verdict.overall, Ruling::kNotEnoughEvidence);
  EXPECT_EQ(verdict.judged, 1'000);
  EXPECT_TRUE(verdict.excluded.empty());
  ASSERT_EQ(verdict.not_compared.size(), 1U);
  EXPECT_EQ(verdict.not_compared[0].reason, "not_comparable");
  EXPECT_EQ(verdict.not_compared[0].evaluations, 1'000);
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
  EXPECT_EQ(ruled.missing->text, "at least 2 minutes more");
  play({}, 100);  // 1 s is missing
  EXPECT_EQ(ruling_on("{ evidence: { evaluations_min: 100, duration_min: 10m } }").missing->text,
            "at least 10 seconds more");
  play({}, 1);
  EXPECT_EQ(ruling_on("{ evidence: { evaluations_min: 100, duration_min: 10m } }").ruling,
            Ruling::kPass);
}

TEST_F(JudgeTest, EvidenceThatIsGoneIsNamed) {
  play({}, 1'000);
  EXPECT_FALSE(verdict_on("- { success_rate: { no_worse_by: 1% } }").complete_since_ns);
  store_.lost_until_ns = kStart - 1;  // before the window
  EXPECT_FALSE(verdict_on("- { success_rate: { no_worse_by: 1% } }").complete_since_ns);
  store_.lost_until_ns = kStart + 100 * kSecond;
  const Verdict verdict = verdict_on("- { success_rate: { no_worse_by: 1% } }");
  EXPECT_EQ(verdict.evaluations, 899);
  EXPECT_EQ(verdict.complete_since_ns, kStart + 100 * kSecond + 1);
  EXPECT_THAT(verdict.headline, HasSubstr("not all from before 2023-11-14T22:15:00Z counts"));
  EXPECT_THAT(verdict_to_json(verdict).dump(), HasSubstr("\"complete\":false"));
}

TEST_F(JudgeTest, ErrorsThatAreGoneAreNamedWhereTheyAreAskedFor) {
  play({}, 200);
  fail_with("Harmless");
  store_.lost_of = "errors";
  store_.lost_until_ns = kStart;
  EXPECT_FALSE(verdict_on("- { success_rate: { no_worse_by: 1% } }").complete_since_ns);
  EXPECT_TRUE(verdict_on("- { error_classes: { forbid: [Boom] } }").complete_since_ns);
}

TEST_F(JudgeTest, TheDurationCountsFromTheFirstCallEvenIfItsEventIsGone) {
  play({}, 700);
  store_.lost_until_ns = kStart + 300 * kSecond;
  constexpr const char* kTenMinutes = "{ evidence: { duration_min: 10m } }";
  EXPECT_EQ(ruling_on(kTenMinutes).ruling, Ruling::kNotEnoughEvidence);
  first_paired_ns_ = kStart + 5 * kSecond;
  EXPECT_EQ(ruling_on(kTenMinutes).ruling, Ruling::kPass);
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
  EXPECT_THAT(text, HasSubstr("1,000 evaluations (1,000 judged) in 16 min 40 s"));
  EXPECT_THAT(text, HasSubstr("-10% ["));
  EXPECT_THAT(text, HasSubstr(">= -1%"));
  EXPECT_THAT(text,
              HasSubstr("missing: at least about 4,000 more evaluations (roughly 2 hours at the "));
  for (const std::string_view line : base::split(text, '\n')) {
    EXPECT_EQ(line.find_last_not_of(' ') + 1, line.size()) << "trailing spaces: " << line;
  }
}

}  // namespace
}  // namespace understudy::judge
