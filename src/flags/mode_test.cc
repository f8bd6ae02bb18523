#include "flags/mode.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/config_yaml.h"
#include "base/rng.h"
#include "base/text.h"
#include "flags/evaluate.h"
#include "flags/flag_json.h"

namespace understudy::flags {
namespace {

using base::cat;

std::string mix(std::string_view text) {
  const base::Result<ModeMix> parsed = ModeMix::parse(text);
  return parsed.ok() ? parsed->to_string() : parsed.error().context;
}

std::string mix_of_yaml(std::string_view text) {
  const base::Result<base::ConfigNode> node = base::parse_yaml(text, "test.yaml");
  if (!node.ok()) return node.error().context;
  const base::Result<ModeMix> parsed = ModeMix::parse(**node->require("mode"));
  return parsed.ok() ? parsed->to_string() : parsed.error().context;
}

ModeMix mix_or_fail(std::string_view text) {
  base::Result<ModeMix> parsed = ModeMix::parse(text);
  if (!parsed.ok()) ADD_FAILURE() << parsed.error().context;
  return parsed.ok() ? *parsed : ModeMix();
}

TEST(Mode, SaysWhoIsCalledAndWhoAnswers) {
  struct Case {
    Mode mode;
    bool calls_control, calls_candidate, serves_candidate, has_shadow, compares;
  };
  const Case cases[] = {{Mode::kControlOnly, true, false, false, false, false},
                        {Mode::kFireAndForget, true, true, false, true, false},
                        {Mode::kFullEvaluation, true, true, false, true, true},
                        {Mode::kCandidateOnly, false, true, true, false, false},
                        {Mode::kReverseEvaluation, true, true, true, true, true}};
  for (const Case& c : cases) {
    EXPECT_EQ(calls_control(c.mode), c.calls_control) << name(c.mode);
    EXPECT_EQ(calls_candidate(c.mode), c.calls_candidate) << name(c.mode);
    EXPECT_EQ(serves_candidate(c.mode), c.serves_candidate) << name(c.mode);
    EXPECT_EQ(has_shadow(c.mode), c.has_shadow) << name(c.mode);
    EXPECT_EQ(compares(c.mode), c.compares) << name(c.mode);
    EXPECT_EQ(mode_from_name(name(c.mode)), c.mode);
  }
  EXPECT_EQ(shadow_side(Mode::kReverseEvaluation), Service::kControl);
  EXPECT_EQ(shadow_side(Mode::kFullEvaluation), Service::kCandidate);
}

TEST(ModeMix, GivesTheRestToControlUnlessToldOtherwise) {
  EXPECT_EQ(mix("full_evaluation=10"), "control_only=90,full_evaluation=10");
  EXPECT_EQ(mix("full_evaluation=10,control_only=90"), "control_only=90,full_evaluation=10");
  EXPECT_EQ(mix("full_evaluation=10,fire_and_forget"), "fire_and_forget=90,full_evaluation=10");
  EXPECT_EQ(mix("candidate_only"), "candidate_only=100");
  EXPECT_EQ(mix(" full_evaluation = 0.001% "), "control_only=99.999,full_evaluation=0.001");
  EXPECT_EQ(mix("control_only=0,candidate_only=100"), "candidate_only=100");
  EXPECT_EQ(mix("full_evaluation=0"), "control_only=100");
}

TEST(ModeMix, RefusesWhatDoesNotAddUp) {
  EXPECT_EQ(mix("full_evaluation=10,control_only=80"),
            "the shares add up to 90%, not to 100%; leave out control_only to give it the rest");
  EXPECT_EQ(mix("full_evaluation=60,candidate_only=60"), "the shares add up to 120%, above 100%");
  EXPECT_EQ(mix("full_evaluaton=10"),
            "unknown mode 'full_evaluaton'; did you mean 'full_evaluation'?");
  EXPECT_EQ(mix("full_evaluation=10,full_evaluation=20"), "full_evaluation is given twice");
  EXPECT_EQ(mix("full_evaluation,candidate_only"),
            "both full_evaluation and candidate_only ask for the rest; only one mode may");
  EXPECT_EQ(mix("full_evaluation=0.0001"),
            "'0.0001' has more than 3 decimals; shares go down to 0.001%");
  for (const char* text : {"full_evaluation=", "full_evaluation=-1", "full_evaluation=101",
                           "full_evaluation=nan", "full_evaluation=ten", "=10", "", ","}) {
    EXPECT_FALSE(ModeMix::parse(text).ok()) << text;
  }
}

TEST(ModeMix, ReadsTheConfigurationAndNamesTheLine) {
  EXPECT_EQ(mix_of_yaml("mode: { control_only: 90, full_evaluation: 10 }"),
            "control_only=90,full_evaluation=10");
  EXPECT_EQ(mix_of_yaml("mode: fire_and_forget"), "fire_and_forget=100");
  EXPECT_EQ(mix_of_yaml("mode: { full_evaluation: 2.5%, fire_and_forget: rest }"),
            "fire_and_forget=97.5,full_evaluation=2.5");
  EXPECT_EQ(mix_of_yaml("mode:\n  full_evaluation: 10\n  control_only: 80\n"),
            "test.yaml:1: mode: the shares add up to 90%, not to 100%; leave out control_only to "
            "give it the rest");
  EXPECT_EQ(mix_of_yaml("mode:\n  full_evaluation: 10\n  candidate: 90\n").substr(0, 12),
            "test.yaml:3:");
  EXPECT_FALSE(mix_of_yaml("mode: [full_evaluation]").empty());
}

TEST(ModeMix, SurvivesTheWayThroughAFlagAndJson) {
  base::Rng rng(11);
  for (int round = 0; round < 200; ++round) {
    std::array<int, kModeCount> weights{};
    int left = kWeightTotal;
    for (size_t i = 0; i + 1 < weights.size(); ++i) {
      weights[i] = rng.below(3) == 0 ? 0 : static_cast<int>(rng.below(uint64_t(left) + 1));
      left -= weights[i];
    }
    weights[4] = left;
    const ModeMix original = *ModeMix::from_weights(weights);
    const base::Result<Flag> read = parse_flag(to_json(make_mode_flag("m", original)));
    ASSERT_TRUE(read.ok()) << read.error().context;
    const base::Result<ModeMix> back = mix_of(*read);
    ASSERT_TRUE(back.ok()) << back.error().context;
    EXPECT_EQ(*back, original);
    EXPECT_EQ(mix_or_fail(original.to_string()), original);
  }
}

TEST(ModeMix, ChangingTheMixKeepsTargetsAndRules) {
  Flag flag = make_mode_flag("m", mix_or_fail("full_evaluation=10"));
  flag.targets.push_back({.values = {"vip"}, .variation = static_cast<int>(Mode::kControlOnly)});
  const Flag changed = with_mix(flag, mix_or_fail("candidate_only=50"));
  EXPECT_EQ(changed.targets, flag.targets);
  EXPECT_EQ(mix_of(changed)->to_string(), "control_only=50,candidate_only=50");
}

TEST(ModeMix, IsRefusedForAFlagThatIsNoModeFlag) {
  Flag flag = make_mode_flag("m", ModeMix(Mode::kControlOnly));
  flag.variations[0] = "something";
  EXPECT_FALSE(mix_of(flag).ok());
  flag.variations.clear();
  EXPECT_FALSE(mix_of(flag).ok());
}

// Where keys go.

/// The mode of each of many keys under a mix, asked through the fast path.
class Assignment {
 public:
  explicit Assignment(std::string_view text)
      : snapshot_(FlagSnapshot::make({make_mode_flag("data-engine", mix_or_fail(text))})) {}

  Mode of(int key) const {
    return evaluate_mode(*snapshot_, "data-engine.mode", cat("account-", key)).mode;
  }

 private:
  std::shared_ptr<const FlagSnapshot> snapshot_;
};

constexpr int kKeys = 20'000;

TEST(Ramp, SharesHoldWithinSamplingError) {
  const Assignment assignment(
      "fire_and_forget=20,full_evaluation=10,candidate_only=5,reverse_evaluation=15");
  std::array<int, kModeCount> counts{};
  for (int key = 0; key < kKeys; ++key) ++counts[static_cast<size_t>(assignment.of(key))];
  const double expected[] = {0.50, 0.20, 0.10, 0.05, 0.15};
  for (size_t i = 0; i < counts.size(); ++i) {
    EXPECT_NEAR(counts[i] / double{kKeys}, expected[i], 0.015) << name(kAllModes[i]);
  }
}

TEST(Ramp, RaisingAModeAgainstControlOnlyEverAddsKeys) {
  for (const Mode mode : kAllModes) {
    if (mode == Mode::kControlOnly) continue;
    std::vector<bool> had(kKeys, false);
    for (const char* percent : {"0.1", "1", "10", "20", "20.001", "50", "99.9", "100"}) {
      const Assignment now(cat(name(mode), "=", percent));
      int count = 0;
      for (int key = 0; key < kKeys; ++key) {
        const bool has = now.of(key) == mode;
        ASSERT_TRUE(has || !had[static_cast<size_t>(key)])
            << name(mode) << " at " << percent << "% lost key " << key;
        ASSERT_TRUE(has || now.of(key) == Mode::kControlOnly);
        had[static_cast<size_t>(key)] = has;
        count += has ? 1 : 0;
      }
      EXPECT_GT(count, 0) << name(mode) << " at " << percent;
    }
  }
}

TEST(Ramp, OneServingAndOneShadowModeNeverMoveEachOthersKeys) {
  for (const char* serving : {"candidate_only", "reverse_evaluation"}) {
    for (const char* shadow : {"full_evaluation", "fire_and_forget"}) {
      const Assignment before(cat(serving, "=5,", shadow, "=10"));
      const Assignment after(cat(serving, "=20,", shadow, "=10"));
      const Assignment more_shadow(cat(serving, "=5,", shadow, "=60"));
      for (int key = 0; key < kKeys; ++key) {
        const Mode was = before.of(key);
        if (was != Mode::kControlOnly) {
          ASSERT_EQ(after.of(key), was) << key;
          ASSERT_EQ(more_shadow.of(key), was) << key;
        }
      }
    }
  }
}

TEST(Ramp, WhoIsServedByTheCandidateDependsOnTheSumAlone) {
  const Assignment some("candidate_only=10,reverse_evaluation=20,full_evaluation=30");
  const Assignment same_sum("candidate_only=25,reverse_evaluation=5,fire_and_forget=50");
  const Assignment more("candidate_only=1,reverse_evaluation=39,full_evaluation");
  for (int key = 0; key < kKeys; ++key) {
    ASSERT_EQ(serves_candidate(some.of(key)), serves_candidate(same_sum.of(key))) << key;
    ASSERT_TRUE(!serves_candidate(some.of(key)) || serves_candidate(more.of(key))) << key;
  }
}

TEST(Ramp, TwoProcessesThatShareOnlyTheConfigAgree) {
  const Flag here = make_mode_flag("data-engine", mix_or_fail("full_evaluation=10"));
  const Flag there = make_mode_flag("data-engine", mix_or_fail("full_evaluation=10"));
  EXPECT_EQ(to_json(here), to_json(there));
  // The assignment itself is pinned: a release that changed it would move every user.
  const Assignment half("full_evaluation=50");
  std::string pattern;
  for (int key = 0; key < 16; ++key) pattern += half.of(key) == Mode::kFullEvaluation ? 'F' : 'c';
  EXPECT_EQ(pattern, "FcFccFccFFcFcFFF");
}

// The fast path against the general one.

TEST(EvaluateMode, DecidesExactlyAsTheGeneralEvaluation) {
  base::Rng rng(42);
  for (int round = 0; round < 400; ++round) {
    std::array<int, kModeCount> weights{};
    int left = kWeightTotal;
    for (size_t i = 0; i + 1 < weights.size(); ++i) {
      weights[i] = static_cast<int>(rng.below(uint64_t(left) + 1));
      left -= weights[i];
    }
    weights[4] = left;
    Flag flag = make_mode_flag("m", *ModeMix::from_weights(weights));
    flag.version = round;
    if (rng.below(8) == 0) flag.on = false;
    if (rng.below(8) == 0) flag.off_variation.reset();
    if (rng.below(4) == 0) flag.targets.push_back({.values = {"k1", "k2"}, .variation = 3});
    if (rng.below(4) == 0) {
      flag.rules.push_back(
          {.id = "r",
           .clauses = {{.attribute = "key", .op = Operator::kStartsWith, .values = {"k1"}}},
           .serve = {.variation = 1}});
    }
    if (rng.below(8) == 0) flag.prerequisites.push_back({.key = "missing"});
    if (flag.fallthrough.rollout && rng.below(4) == 0) {
      Rollout& rollout = *flag.fallthrough.rollout;
      switch (rng.below(5)) {
        case 0:
          rollout.seed = static_cast<int64_t>(rng.below(100));
          break;
        case 1:
          rollout.bucket_by = "name";
          break;
        case 2:
          rollout.context_kind = "org";
          break;
        case 3:
          rollout.kind = Rollout::Kind::kExperiment;
          break;
        case 4:
          rollout.variations.front().variation = 9;
          break;
      }
    }
    if (rng.below(16) == 0) flag.variations[2] = "no mode";
    if (rng.below(16) == 0) flag.fallthrough = {};
    const auto snapshot = FlagSnapshot::make({flag});
    for (int i = 0; i < 50; ++i) {
      std::string key = cat("k", i);
      if (i % 7 == 0) key.append(rng.below(200), 'x');
      const Decision general = evaluate(*snapshot, "m.mode", Context::user(key));
      const ModeDecision fast = evaluate_mode(*snapshot, "m.mode", key);
      const bool is_mode =
          general.value != nullptr && mode_from_name(general.value->as_string()).has_value();
      if (general.value != nullptr && !is_mode) {
        EXPECT_EQ(fast.decision.reason.error, ErrorReason::kWrongType);
        EXPECT_EQ(fast.mode, Mode::kControlOnly);
        continue;
      }
      ASSERT_EQ(fast.decision.variation, general.variation) << to_json(flag) << " " << key;
      ASSERT_EQ(fast.decision.value, general.value);
      ASSERT_EQ(fast.decision.reason.kind, general.reason.kind);
      ASSERT_EQ(fast.decision.reason.error, general.reason.error);
      ASSERT_EQ(fast.decision.reason.rule_index, general.reason.rule_index);
      ASSERT_EQ(fast.decision.reason.in_experiment, general.reason.in_experiment);
      ASSERT_EQ(fast.decision.flag_version, general.flag_version);
      ASSERT_EQ(fast.mode,
                is_mode ? *mode_from_name(general.value->as_string()) : Mode::kControlOnly);
    }
  }
}

TEST(EvaluateMode, IsControlOnlyOnEveryError) {
  const auto snapshot = FlagSnapshot::make({make_mode_flag("m", ModeMix(Mode::kCandidateOnly))});
  EXPECT_EQ(evaluate_mode(*snapshot, "m.mode", "key").mode, Mode::kCandidateOnly);
  const ModeDecision missing = evaluate_mode(*snapshot, "other.mode", "key");
  EXPECT_EQ(missing.mode, Mode::kControlOnly);
  EXPECT_EQ(missing.decision.reason.error, ErrorReason::kFlagNotFound);
  const ModeDecision empty = evaluate_mode(*snapshot, "m.mode", "");
  EXPECT_EQ(empty.mode, Mode::kControlOnly);
  EXPECT_EQ(empty.decision.reason.error, ErrorReason::kUserNotSpecified);
}

}  // namespace
}  // namespace understudy::flags
