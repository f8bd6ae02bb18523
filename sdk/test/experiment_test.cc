#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <memory>
#include <semaphore>
#include <stdexcept>
#include <string>
#include <thread>

#include "base/rng.h"
#include "test/experiment_fixture.h"

namespace understudy::sdk {
namespace {

using Text = Experiment<std::string>;

struct ProvisionedThroughputExceededException : std::runtime_error {
  using std::runtime_error::runtime_error;
};

std::string answer_one() { return R"({"total":1})"; }
std::string answer_two() { return R"({"total":2})"; }

TEST_F(ExperimentTest, WithoutFlagsControlAnswersAndNothingElseRuns) {
  start();
  Text experiment(*client_, {.migration = "m"});
  std::atomic<int> candidate_calls = 0;
  EXPECT_EQ(experiment.run({.bucket_by = "k"}, &answer_one,
                           [calls = &candidate_calls] {
                             ++*calls;
                             return std::string();
                           }),
            answer_one());
  EXPECT_EQ(settle().not_sampled, 1U);
  EXPECT_EQ(candidate_calls, 0);
  EXPECT_EQ(column(events("evaluations").at(0), "evaluation.reason"),
            event::Value("FLAG_NOT_FOUND"));
}

TEST_F(ExperimentTest, EachModeServesItsSide) {
  start();
  Text experiment(*client_, {.migration = "m"});
  const auto served = [&](Mode wanted) {
    mode(wanted);
    const std::string answer = experiment.run({.bucket_by = "k"}, &answer_one, &answer_two);
    return answer == answer_one() ? Side::kControl : Side::kCandidate;
  };
  EXPECT_EQ(served(Mode::kControlOnly), Side::kControl);
  EXPECT_EQ(served(Mode::kFireAndForget), Side::kControl);
  EXPECT_EQ(served(Mode::kFullEvaluation), Side::kControl);
  EXPECT_EQ(served(Mode::kCandidateOnly), Side::kCandidate);
  EXPECT_EQ(served(Mode::kReverseEvaluation), Side::kCandidate);
  const Counters counters = settle();
  EXPECT_EQ(counters.not_sampled, 3U);
  EXPECT_EQ(counters.compared, 2U);
  EXPECT_EQ(counters.differing, 2U);
}

TEST_F(ExperimentTest, AChangedFlagCountsFromTheNextRun) {
  start();
  Text experiment(*client_, {.migration = "m"});
  mode(Mode::kControlOnly);
  EXPECT_EQ(experiment.run({.bucket_by = "k"}, &answer_one, &answer_two), answer_one());
  mode(Mode::kCandidateOnly);
  EXPECT_EQ(experiment.run({.bucket_by = "k"}, &answer_one, &answer_two), answer_two());
}

TEST_F(ExperimentTest, DifferencesArriveAtTheServerWithTheirEvaluation) {
  start();
  mode(Mode::kFullEvaluation);
  Text experiment(*client_, {.migration = "m", .route = "query"});
  experiment.run({.bucket_by = "k"}, &answer_one, &answer_two);
  settle();
  const auto evaluations = events("evaluations");
  const auto differences = events("differences");
  ASSERT_EQ(evaluations.size(), 1U);
  ASSERT_EQ(differences.size(), 1U);
  EXPECT_EQ(column(evaluations[0], "evaluation.accounting"), event::Value("compared"));
  EXPECT_EQ(column(evaluations[0], "comparison.outcome"), event::Value("mismatch"));
  EXPECT_EQ(column(evaluations[0], "difference.encountered"), event::Value(true));
  EXPECT_EQ(column(evaluations[0], "served_by"), event::Value("control"));
  EXPECT_EQ(column(evaluations[0], "success"), event::Value(100));
  EXPECT_EQ(column(evaluations[0], "feature_flag.key"), event::Value("m.mode"));
  EXPECT_EQ(column(evaluations[0], "http.route"), event::Value("query"));
  EXPECT_EQ(column(differences[0], "difference.path"), event::Value("$.total"));
  EXPECT_EQ(column(differences[0], "difference.control_value"), event::Value("1"));
  EXPECT_EQ(column(differences[0], "evaluation.id"), column(evaluations[0], "evaluation.id"));
}

TEST_F(ExperimentTest, RulesOfTheCompareFlagAreApplied) {
  start();
  mode(Mode::kFullEvaluation, compare_flag(R"({"rules":[{"path":"$.total","ignore":true}]})"));
  Text experiment(*client_, {.migration = "m"});
  experiment.run({.bucket_by = "k"}, &answer_one, &answer_two);
  EXPECT_EQ(settle().differing, 0U);
  EXPECT_EQ(column(events("evaluations").at(0), "comparison.outcome"), event::Value("ignored"));
}

TEST_F(ExperimentTest, ACompareFlagThatCannotBeReadLeavesTheRulesAndIsReported) {
  start();
  mode(Mode::kFullEvaluation, compare_flag(R"({"rules":[{"path":"$.total","ignore":true}]})"));
  Text experiment(*client_, {.migration = "m"});
  experiment.run({.bucket_by = "k"}, &answer_one, &answer_two);
  settle();
  mode(Mode::kFullEvaluation, compare_flag(R"({"rules":[{"path":"$.total","ignroe":true}]})"));
  experiment.run({.bucket_by = "k"}, &answer_one, &answer_two);
  EXPECT_EQ(settle().differing, 0U);
  EXPECT_NE(logged().find("m.compare"), std::string::npos) << logged();
}

TEST_F(ExperimentTest, NotSafeToRepeatIsNeverCalledTwice) {
  start();
  mode(Mode::kFullEvaluation);
  Text experiment(*client_, {.migration = "m", .fallback = Fallback::kControl});
  std::atomic<int> candidate_calls = 0;
  const auto candidate = [calls = &candidate_calls]() -> std::string {
    ++*calls;
    throw std::runtime_error("no");
  };
  experiment.run({.bucket_by = "k", .safe_to_repeat = false}, &answer_one, candidate);
  EXPECT_EQ(settle().not_sampled, 1U);
  EXPECT_EQ(candidate_calls, 0);
  mode(Mode::kCandidateOnly);
  EXPECT_THROW(experiment.run({.bucket_by = "k", .safe_to_repeat = false}, &answer_one, candidate),
               std::runtime_error);
}

TEST_F(ExperimentTest, ARequestIsKeptForTheShadowAfterTheCallerLeft) {
  start();
  mode(Mode::kFullEvaluation);
  Text experiment(*client_, {.migration = "m"});
  std::latch caller_left(1);
  {
    const std::string request(1'000, 'q');
    experiment.run(
        {.bucket_by = "k"}, request, [](const std::string& text) { return text; },
        [left = &caller_left](const std::string& text) {
          left->wait();
          return text;
        });
  }
  caller_left.count_down();
  EXPECT_EQ(settle().compared, 1U);
  EXPECT_EQ(core_->counters().differing, 0U);
}

// Faults of the candidate.

TEST_F(ExperimentTest, CandidateExceptionNeverReachesTheCaller) {
  start();
  Text experiment(*client_, {.migration = "m"});
  const auto candidate = []() -> std::string {
    throw ProvisionedThroughputExceededException("capacity 5 exceeded");
  };
  for (const Mode shadow_mode : {Mode::kFireAndForget, Mode::kFullEvaluation}) {
    mode(shadow_mode);
    EXPECT_EQ(experiment.run({.bucket_by = "k"}, &answer_one, candidate), answer_one());
  }
  EXPECT_EQ(settle().failed, 2U);
  const auto errors = events("errors");
  ASSERT_EQ(errors.size(), 2U);
  EXPECT_NE(column(errors[0], "exception.type")
                .as_string()
                .find("ProvisionedThroughputExceededException"),
            std::string::npos);
  EXPECT_EQ(column(errors[0], "exception.message"), event::Value("capacity 5 exceeded"));
  EXPECT_EQ(column(errors[0], "error.side"), event::Value("candidate"));
  const auto evaluation = events("evaluations").at(0);
  EXPECT_EQ(column(evaluation, "success"), event::Value(0));
  EXPECT_EQ(column(evaluation, "served.success"), event::Value(100));
}

TEST_F(ExperimentTest, AThingThatIsNoExceptionIsCaughtToo) {
  start();
  mode(Mode::kFullEvaluation);
  Text experiment(*client_, {.migration = "m"});
  experiment.run({.bucket_by = "k"}, &answer_one, []() -> std::string { throw 42; });
  EXPECT_EQ(settle().failed, 1U);
  EXPECT_EQ(column(events("errors").at(0), "exception.type"), event::Value("int"));
}

TEST_F(ExperimentTest, AnErrorTypeOfOnesOwnGroupsExceptions) {
  start();
  mode(Mode::kFullEvaluation);
  Text experiment(*client_, {.migration = "m", .error_type = [](const std::exception& error) {
                               return std::string(error.what()).substr(0, 3);
                             }});
  experiment.run({.bucket_by = "k"}, &answer_one,
                 []() -> std::string { throw std::runtime_error("503 busy"); });
  settle();
  EXPECT_EQ(column(events("errors").at(0), "exception.type"), event::Value("503"));
}

TEST_F(ExperimentTest, ControlsExceptionReachesTheCallerUnchanged) {
  start();
  Text experiment(*client_, {.migration = "m"});
  const auto control = []() -> std::string {
    throw ProvisionedThroughputExceededException("mine");
  };
  for (const Mode any : {Mode::kControlOnly, Mode::kFireAndForget, Mode::kFullEvaluation}) {
    mode(any);
    try {
      experiment.run({.bucket_by = "k"}, control, &answer_two);
      ADD_FAILURE() << "nothing was thrown";
    } catch (const ProvisionedThroughputExceededException& error) {
      EXPECT_STREQ(error.what(), "mine");
    }
  }
  const Counters counters = settle();
  EXPECT_EQ(counters.failed, 1U);  // only full_evaluation needed control's answer
  EXPECT_EQ(counters.not_sampled, 2U);
  EXPECT_EQ(column(events("evaluations").at(0), "served_by"), event::Value("none"));
}

TEST_F(ExperimentTest, HungCandidateDoesNotDelayTheCaller) {
  start();
  mode(Mode::kFullEvaluation);
  Text experiment(*client_, {.migration = "m", .shadow_timeout = std::chrono::seconds(2)});
  std::latch started(1);
  std::latch release(1);
  // Were the caller to wait, this would not return: the candidate is released only after it did.
  EXPECT_EQ(experiment.run({.bucket_by = "k"}, &answer_one,
                           [started = &started, release = &release] {
                             started->count_down();
                             release->wait();
                             return answer_one();
                           }),
            answer_one());
  started.wait();
  clock_.advance_ns(2'000'000'000);
  core_->wake();
  const Counters counters = settle();
  EXPECT_EQ(counters.timed_out, 1U);
  EXPECT_EQ(counters.shadows_stuck, 1U);
  EXPECT_EQ(column(events("evaluations").at(0), "candidate.error.type"), event::Value("timeout"));
  EXPECT_EQ(column(events("errors").at(0), "exception.type"), event::Value("timeout"));
  release.count_down();
  while (core_->counters().shadows_stuck != 0) std::this_thread::yield();
  EXPECT_EQ(settle().timed_out, 1U) << "the late result must not count";
}

TEST_F(ExperimentTest, ACandidatePastItsDeadlineIsUndecidedWhenControlTookAsLong) {
  start();
  mode(Mode::kFireAndForget);
  Text experiment(*client_, {.migration = "m", .shadow_timeout = std::chrono::seconds(2)});
  std::latch started(1);
  std::latch release(1);
  experiment.run(
      {.bucket_by = "k"},
      [this, started = &started] {
        started->wait();
        clock_.advance_ns(3'000'000'000);
        core_->wake();
        while (core_->counters().shadows_stuck == 0) std::this_thread::yield();
        return answer_one();
      },
      [started = &started, release = &release] {
        started->count_down();
        release->wait();
        return answer_one();
      });
  EXPECT_EQ(settle().timed_out, 1U);
  const auto evaluation = events("evaluations").at(0);
  EXPECT_EQ(column(evaluation, "candidate.cut_off"), event::Value("shadow_deadline"));
  EXPECT_EQ(column(evaluation, "candidate.success"), event::Value());
  EXPECT_EQ(column(evaluation, "candidate.error.type"), event::Value());
  EXPECT_TRUE(events("errors").empty());
  release.count_down();
  while (core_->counters().shadows_stuck != 0) std::this_thread::yield();
}

TEST_F(ExperimentTest, ACandidateThatLooksAtItsDeadlineIsToldToStop) {
  start();
  mode(Mode::kFireAndForget);
  Text experiment(*client_, {.migration = "m", .shadow_timeout = std::chrono::seconds(2)});
  std::latch started(1);
  experiment.run({.bucket_by = "k"}, &answer_one, [started = &started](const Deadline& deadline) {
    std::binary_semaphore told(0);
    const std::stop_callback tell(deadline.stop, [&] { told.release(); });
    started->count_down();
    told.acquire();
    return std::string();
  });
  started.wait();
  clock_.advance_ns(2'000'000'000);
  core_->wake();
  EXPECT_EQ(settle().timed_out, 1U);
  while (core_->counters().shadows_stuck != 0) std::this_thread::yield();
}

TEST_F(ExperimentTest, QueueFullIsShedAndCounted) {
  start({.threads_max = 1, .queue_len_max = 1});
  mode(Mode::kFullEvaluation);
  Text experiment(*client_, {.migration = "m"});
  std::latch started(1);
  std::latch release(1);
  const auto hung = [started = &started, release = &release] {
    started->count_down();
    release->wait();
    return answer_one();
  };
  experiment.run({.bucket_by = "k"}, &answer_one, hung);
  started.wait();                                                // the only thread is taken
  experiment.run({.bucket_by = "k"}, &answer_one, &answer_one);  // waits in the queue
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(experiment.run({.bucket_by = "k"}, &answer_one, &answer_two), answer_one());
  }
  release.count_down();
  const Counters counters = settle();
  EXPECT_EQ(counters.shed, 3U);
  EXPECT_EQ(counters.compared, 2U);
  EXPECT_EQ(counters.differing, 0U);
}

TEST_F(ExperimentTest, AnAnswerAboveItsBoundIsCountedAndNotCompared) {
  start();
  mode(Mode::kFullEvaluation);
  Text experiment(*client_, {.migration = "m", .answer_bytes_max = 100});
  const auto large = [] { return std::string(101, 'x'); };
  experiment.run({.bucket_by = "k"}, large, &answer_two);
  experiment.run({.bucket_by = "k"}, &answer_one, large);
  EXPECT_EQ(settle().too_large, 2U);
}

TEST_F(ExperimentTest, FallbackAnswersWithControlWhenTheCandidateThrows) {
  start();
  mode(Mode::kCandidateOnly);
  Text experiment(*client_, {.migration = "m", .fallback = Fallback::kControl});
  const auto failing = []() -> std::string { throw std::runtime_error("no"); };
  EXPECT_EQ(experiment.run({.bucket_by = "k"}, &answer_one, failing), answer_one());
  mode(Mode::kReverseEvaluation);
  EXPECT_EQ(experiment.run({.bucket_by = "k"}, &answer_one, failing), answer_one());
  const Counters counters = settle();
  EXPECT_EQ(counters.not_sampled, 1U);
  EXPECT_EQ(counters.failed, 1U);
  EXPECT_EQ(column(events("evaluations").at(0), "served_by"), event::Value("control"));
  EXPECT_EQ(events("errors").size(), 2U);
}

TEST_F(ExperimentTest, AccountingAddsUpAfterRandomFaults) {
  constexpr uint64_t kSeed = 20'240'601;
  SCOPED_TRACE(testing::Message() << "seed " << kSeed);
  base::Rng rng(kSeed);
  // Small bounds, so that every one of them is met.
  start({.threads_max = 2, .queue_len_max = 2, .runs_len_max = 4, .events_len_max = 50});
  Text experiment(*client_, {.migration = "m",
                             .fallback = Fallback::kControl,
                             .shadow_timeout = std::chrono::milliseconds(5),
                             .answer_bytes_max = 64});
  constexpr uint64_t kRuns = 3'000;
  uint64_t thrown = 0;
  for (uint64_t i = 0; i < kRuns; ++i) {
    if (i % 100 == 0) mode(static_cast<Mode>(rng.below(5)));
    if (rng.below(50) == 0) server_.answer_next(rng.below(2) == 0 ? 503 : 400);
    const auto side = [](uint64_t dice) {
      return [dice](const Deadline& deadline) -> std::string {
        switch (dice) {
          case 0:
            throw std::runtime_error("no");
          case 1:
            return std::string(65, 'x');
          case 2:
            return "{broken";
          case 3:
            while (deadline.stop.stop_possible() && !deadline.stop.stop_requested()) {
              std::this_thread::yield();
            }
            return answer_two();
          default:
            return dice % 2 == 0 ? answer_one() : answer_two();
        }
      };
    };
    try {
      experiment.run({.bucket_by = "k"}, side(rng.below(12)), side(rng.below(12)));
    } catch (const std::runtime_error&) {
      ++thrown;
    }
    if (rng.below(8) == 0) {
      clock_.advance_ns(5'000'000);
      core_->wake();
    }
  }
  clock_.advance_ns(1'000'000'000);
  core_->wake();
  while (core_->counters().in_flight != 0) std::this_thread::yield();
  const Counters counters = core_->counters();
  EXPECT_EQ(counters.requests, kRuns);
  EXPECT_EQ(counters.settled(), kRuns);
  EXPECT_TRUE(counters.adds_up());
  EXPECT_GT(thrown, 0U);
  EXPECT_GT(counters.failed, 0U);
  EXPECT_GT(counters.timed_out + counters.shed, 0U);
  client_.reset();
  const Counters after = core_->counters();
  EXPECT_EQ(
      after.events_exported + after.events_rejected + after.events_dropped >= after.events_recorded,
      true);
}

TEST_F(ExperimentTest, ManyThreadsMayRunOneExperiment) {
  start();
  mode(Mode::kFullEvaluation);
  Text experiment(*client_, {.migration = "m"});
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < 200; ++j) {
        EXPECT_EQ(experiment.run({.bucket_by = "k"}, &answer_one, &answer_one), answer_one());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const Counters counters = settle();
  EXPECT_EQ(counters.compared + counters.shed, 800U);
  EXPECT_EQ(counters.differing, 0U);
}

TEST_F(ExperimentTest, TheDestructorDoesNotWaitForAHungCandidate) {
  start({.shutdown_max = std::chrono::milliseconds(50)});
  mode(Mode::kFullEvaluation);
  auto started = std::make_shared<std::latch>(1);
  auto release = std::make_shared<std::latch>(1);
  {
    Text experiment(*client_, {.migration = "m"});
    experiment.run({.bucket_by = "k"}, &answer_one, [started, release] {
      started->count_down();
      release->wait();
      return answer_one();
    });
    started->wait();
  }
  client_.reset();  // must return although nobody has released the candidate
  EXPECT_EQ(core_->counters().shed, 1U);
  EXPECT_TRUE(core_->counters().adds_up());
  EXPECT_NE(logged().find("left to finish on their own"), std::string::npos);
  release->count_down();
  while (core_->counters().shadows_stuck != 0) std::this_thread::yield();
  while (core_.use_count() != 1) std::this_thread::yield();  // the thread let go of the core
}

// Otherwise every deployment of a service would count against a healthy candidate.
TEST_F(ExperimentTest, StoppingTheProcessIsNoFailureOfTheCandidate) {
  start();
  mode(Mode::kFullEvaluation);
  std::latch started(1);
  Text experiment(*client_, {.migration = "m"});
  experiment.run({.bucket_by = "k"}, &answer_one, [started = &started](const Deadline& deadline) {
    std::binary_semaphore told(0);
    const std::stop_callback tell(deadline.stop, [&] { told.release(); });
    started->count_down();
    told.acquire();
    return answer_one();
  });
  started.wait();
  client_.reset();
  EXPECT_EQ(core_->counters().shed, 1U);
  EXPECT_EQ(core_->counters().timed_out, 0U);
  const auto evaluations = events("evaluations");
  ASSERT_EQ(evaluations.size(), 1U);
  const event::Event& evaluation = evaluations.front();
  EXPECT_EQ(column(evaluation, "evaluation.accounting"), event::Value("shed"));
  EXPECT_EQ(column(evaluation, "evaluation.reason"), event::Value("shutdown"));
  EXPECT_EQ(column(evaluation, "control.success"), event::Value(100));
  EXPECT_EQ(column(evaluation, "candidate.success"), event::Value());
  EXPECT_EQ(column(evaluation, "candidate.error.type"), event::Value());
  EXPECT_TRUE(events("errors").empty());
}

TEST_F(ExperimentTest, AnExperimentMayOutliveItsClient) {
  start();
  mode(Mode::kReverseEvaluation);
  Text experiment(*client_, {.migration = "m"});
  client_.reset();
  EXPECT_EQ(experiment.run({.bucket_by = "k"}, &answer_one, &answer_two), answer_two());
  EXPECT_EQ(core_->counters().shed, 1U);
  EXPECT_TRUE(core_->counters().adds_up());
}

}  // namespace
}  // namespace understudy::sdk
