#include "flags/evaluate.h"

#include <gtest/gtest.h>

#include <string>

#include "base/text.h"
#include "flags/bucket.h"
#include "flags/flag_json.h"

namespace understudy::flags {
namespace {

using base::cat;

/// Flags and segments given as JSON, as they come from a stream; contexts likewise.
class Evaluation : public testing::Test {
 protected:
  void flag(std::string_view json) {
    base::Result<Flag> parsed = parse_flag(json);
    ASSERT_TRUE(parsed.ok()) << json << ": " << parsed.error().context;
    flags_.push_back(*std::move(parsed));
    snapshot_ = nullptr;
  }

  void segment(std::string_view json) {
    base::Result<Segment> parsed = parse_segment(json);
    ASSERT_TRUE(parsed.ok()) << json << ": " << parsed.error().context;
    segments_.push_back(*std::move(parsed));
    snapshot_ = nullptr;
  }

  /// A flag "f" of true and false whose only rule, "ruleid", serves true for these clauses.
  void rule(std::string_view clauses) {
    flags_.clear();
    flag(cat(R"({"key":"f","on":true,"variations":[true,false],"offVariation":1,)",
             R"("fallthrough":{"variation":1},"rules":[{"id":"ruleid","variation":0,"clauses":[)",
             clauses, "]}]}"));
  }

  /// "TARGET_MATCH 2", "RULE_MATCH 0 [0 ruleid]", "ERROR MALFORMED_FLAG".
  std::string outcome(std::string_view key, std::string_view context) {
    base::Result<Context> parsed = Context::parse(context);
    if (!parsed.ok()) return cat("bad context: ", parsed.error().context);
    return describe(evaluate(snapshot(), key, *parsed, &prerequisites_));
  }

  /// Whether the rule of "f" matches.
  bool matches(std::string_view context) {
    const std::string what = outcome("f", context);
    const bool is_match = what == "RULE_MATCH 0 [0 ruleid]";
    EXPECT_TRUE(is_match || what == "FALLTHROUGH 1") << what << " for " << context;
    return is_match;
  }

  static std::string describe(const Decision& decision) {
    std::string text(name(decision.reason.kind));
    if (decision.reason.kind == ReasonKind::kError) {
      return cat(text, " ", name(decision.reason.error), decision.value != nullptr ? "!" : "");
    }
    text += decision.variation ? cat(" ", *decision.variation) : " none";
    if (decision.reason.rule_index >= 0) {
      text += cat(" [", decision.reason.rule_index, " ", decision.reason.rule_id, "]");
    }
    if (!decision.reason.prerequisite_key.empty()) {
      text += cat(" (", decision.reason.prerequisite_key, ")");
    }
    if (decision.reason.in_experiment) text += " in experiment";
    return text;
  }

  const FlagSnapshot& snapshot() {
    if (snapshot_ == nullptr) snapshot_ = FlagSnapshot::make(flags_, segments_);
    return *snapshot_;
  }

  std::vector<PrerequisiteDecision> prerequisites_;

 private:
  std::vector<Flag> flags_;
  std::vector<Segment> segments_;
  std::shared_ptr<const FlagSnapshot> snapshot_;
};

constexpr std::string_view kUser = R"({"kind":"user","key":"user-key"})";

// The order of evaluation.

TEST_F(Evaluation, OffServesTheOffVariation) {
  flag(R"({"key":"f","version":7,"on":false,"offVariation":1,"variations":["a","b"],
           "targets":[{"values":["user-key"],"variation":0}]})");
  const Decision decision = evaluate(snapshot(), "f", Context::user("user-key"));
  EXPECT_EQ(describe(decision), "OFF 1");
  EXPECT_EQ(decision.value->as_string(), "b");
  EXPECT_EQ(decision.flag_version, 7);
}

TEST_F(Evaluation, OffWithoutOffVariationServesNothingAndIsNoError) {
  flag(R"({"key":"f","on":false,"variations":["a"]})");
  const Decision decision = evaluate(snapshot(), "f", Context::user("user-key"));
  EXPECT_EQ(describe(decision), "OFF none");
  EXPECT_EQ(decision.value, nullptr);
}

TEST_F(Evaluation, TargetsComeBeforeRulesAndRulesBeforeFallthrough) {
  flag(R"({"key":"f","on":true,"variations":["a","b","c"],"fallthrough":{"variation":0},
           "targets":[{"values":["targeted"],"variation":1}],
           "rules":[{"id":"r1","variation":2,
                     "clauses":[{"attribute":"key","op":"endsWith","values":["ed"]}]}]})");
  EXPECT_EQ(outcome("f", R"({"kind":"user","key":"targeted"})"), "TARGET_MATCH 1");
  EXPECT_EQ(outcome("f", R"({"kind":"user","key":"ruled"})"), "RULE_MATCH 2 [0 r1]");
  EXPECT_EQ(outcome("f", R"({"kind":"user","key":"other"})"), "FALLTHROUGH 0");
}

TEST_F(Evaluation, ContextTargetsDecideByKindInTheirOrder) {
  flag(R"({"key":"f","on":true,"variations":["off","fall","A","B"],"fallthrough":{"variation":1},
    "targets":[{"variation":2,"values":["key1","key2"]},{"variation":3,"values":["key3","key4"]}],
    "contextTargets":[{"contextKind":"other","variation":3,"values":["key1","key2"]},
      {"contextKind":"other","variation":2,"values":["key3","key4"]},
      {"contextKind":"user","variation":2,"values":[]},{"contextKind":"user","variation":3}]})");
  EXPECT_EQ(outcome("f", R"({"kind":"user","key":"key1"})"), "TARGET_MATCH 2");
  EXPECT_EQ(outcome("f", R"({"kind":"user","key":"key4"})"), "TARGET_MATCH 3");
  EXPECT_EQ(outcome("f", R"({"kind":"other","key":"key1"})"), "TARGET_MATCH 3");
  EXPECT_EQ(outcome("f", R"({"kind":"user","key":"key99"})"), "FALLTHROUGH 1");
  EXPECT_EQ(outcome("f", R"({"kind":"multi","user":{"key":"key1"},"other":{"key":"key1"}})"),
            "TARGET_MATCH 3");
  EXPECT_EQ(outcome("f", R"({"kind":"multi","user":{"key":"key1"},"other":{"key":"none"}})"),
            "TARGET_MATCH 2");
}

// Clauses and operators.

TEST_F(Evaluation, EveryOperatorComparesItsOwnTypes) {
  struct Case {
    const char* op;
    const char* attribute;
    const char* values;
    bool holds;
  };
  const Case cases[] = {
      {"in", "3", "[3.0]", true},
      {"in", "\"x\"", "[\"a\",\"x\"]", true},
      {"in", "\"3\"", "[3]", false},
      {"in", "true", "[true]", true},
      {"in", "1", "[true]", false},
      {"in", "{\"a\":1}", "[{\"a\":1}]", false},
      {"startsWith", "\"xyz\"", "[\"xy\"]", true},
      {"startsWith", "\"xyz\"", "[\"yz\"]", false},
      {"endsWith", "\"xyz\"", "[\"yz\"]", true},
      {"contains", "\"xyz\"", "[\"y\"]", true},
      {"contains", "5", "[\"5\"]", false},
      {"matches", "\"hello world\"", "[\"hello.*rld\"]", true},
      {"matches", "\"hello world\"", "[\"l+\"]", true},
      {"matches", "\"hello world\"", "[\"aloha\"]", false},
      {"matches", "\"hello world\"", "[\"***bad rg\",\"^hello\"]", true},
      {"matches", "\"hello world\"", "[\"***bad rg\"]", false},
      {"lessThan", "1", "[1.5]", true},
      {"lessThan", "\"1\"", "[2]", false},
      {"lessThanOrEqual", "1", "[1]", true},
      {"greaterThan", "2", "[3,1]", true},
      {"greaterThanOrEqual", "1", "[2]", false},
      {"before", "\"2017-12-06T00:00:00Z\"", "[1512543600000]", true},
      {"before", "0", "[\"1970-01-01T00:00:02.500Z\"]", true},
      {"before", "\"2017-12-06\"", "[\"2018-12-06T00:00:00Z\"]", false},
      {"after", "\"2017-12-06T00:00:01.000-07:00\"", "[\"2017-12-06T07:00:00Z\"]", true},
      {"after", "1000", "[\"badstring\"]", false},
      {"semVerEqual", "\"2.0\"", "[\"2.0.0\"]", true},
      {"semVerEqual", "\"v2.0.0\"", "[\"2.0.0\"]", false},
      {"semVerLessThan", "\"2.0.0-rc\"", "[\"2.0.0\"]", true},
      {"semVerGreaterThan", "\"2.0.10\"", "[\"2.0.9\"]", true},
      {"semVerGreaterThan", "2", "[\"1.0.0\"]", false},
      {"somethingNew", "\"x\"", "[\"x\"]", false},
  };
  for (const Case& c : cases) {
    rule(cat(R"({"attribute":"a","op":")", c.op, R"(","values":)", c.values, "}"));
    EXPECT_EQ(matches(cat(R"({"kind":"user","key":"k","a":)", c.attribute, "}")), c.holds)
        << c.attribute << " " << c.op << " " << c.values;
  }
}

TEST_F(Evaluation, AListMatchesWhenAnyElementDoesAndNegationComesAfter) {
  rule(R"({"attribute":"a","op":"in","values":["c","d"]})");
  EXPECT_TRUE(matches(R"({"kind":"user","key":"k","a":["b","c"]})"));
  EXPECT_FALSE(matches(R"({"kind":"user","key":"k","a":[]})"));
  rule(R"({"attribute":"a","op":"in","values":["c"],"negate":true})");
  EXPECT_FALSE(matches(R"({"kind":"user","key":"k","a":["b","c"]})"));
  EXPECT_TRUE(matches(R"({"kind":"user","key":"k","a":["b"]})"));
}

TEST_F(Evaluation, AMissingAttributeNeverMatchesNotEvenNegated) {
  rule(R"({"attribute":"name","op":"in","values":[""],"negate":true})");
  EXPECT_FALSE(matches(R"({"kind":"user","key":"a"})"));
  EXPECT_FALSE(matches(R"({"kind":"user","key":"a","name":null})"));
  rule(R"({"contextKind":"org","attribute":"key","op":"in","values":["x"],"negate":true})");
  EXPECT_FALSE(matches(R"({"kind":"user","key":"a"})"));
  rule(R"({"attribute":"anonymous","op":"in","values":[false]})");
  EXPECT_TRUE(matches(R"({"kind":"user","key":"a"})"));
}

TEST_F(Evaluation, KindIsMatchedAgainstEveryKind) {
  rule(R"({"attribute":"kind","op":"matches","values":["^[uo]"]})");
  EXPECT_TRUE(matches(R"({"kind":"multi","company":{"key":"a"},"other":{"key":"b"}})"));
  EXPECT_FALSE(matches(R"({"kind":"multi","company":{"key":"a"},"individual":{"key":"b"}})"));
  rule(R"({"attribute":"kind","op":"in","values":["dog"],"negate":true})");
  EXPECT_FALSE(matches(R"({"kind":"multi","dog":{"key":"b"}})"));
  EXPECT_TRUE(matches(R"({"kind":"user","key":"b"})"));
}

TEST_F(Evaluation, AttributesAreReferencesOnlyBesideAContextKind) {
  const auto clause = [](std::string_view kind, std::string_view attribute) {
    return cat("{", kind, R"("attribute":")", attribute, R"(","op":"in","values":["right"]})");
  };
  constexpr std::string_view kind = R"("contextKind":"user",)";
  rule(clause(kind, "/attr1/prop~1a"));
  EXPECT_TRUE(matches(R"({"kind":"user","key":"x","attr1":{"prop/a":"right"}})"));
  EXPECT_FALSE(matches(R"({"kind":"user","key":"x","attr1":"right"})"));
  rule(clause(kind, "/attr~0a"));
  EXPECT_TRUE(matches(R"({"kind":"user","key":"x","attr~a":"right"})"));
  rule(clause(kind, "attr/a"));
  EXPECT_TRUE(matches(R"({"kind":"user","key":"x","attr/a":"right"})"));
  rule(clause("", "/attr/a"));
  EXPECT_TRUE(matches(R"({"kind":"user","key":"x","/attr/a":"right"})"));
  rule(clause(kind, "/attr1/0"));
  EXPECT_FALSE(matches(R"({"kind":"user","key":"x","attr1":["right"]})"));
}

// Segments.

TEST_F(Evaluation, SegmentsIncludeThenExcludeThenAskTheirRules) {
  segment(R"({"key":"s","included":["in"],"excluded":["out"],
    "includedContexts":[{"contextKind":"org","values":["org-in"]}],
    "excludedContexts":[{"contextKind":"org","values":["org-out"]}],
    "rules":[{"clauses":[{"attribute":"ok","op":"in","values":[true]}]},
             {"clauses":[{"contextKind":"org","attribute":"ok","op":"in","values":[true]}]}]})");
  rule(R"({"attribute":"","op":"segmentMatch","values":["none","s"]})");
  EXPECT_TRUE(matches(R"({"kind":"user","key":"in"})"));
  EXPECT_FALSE(matches(R"({"kind":"user","key":"other"})"));
  EXPECT_FALSE(matches(R"({"kind":"user","key":"out","ok":true})"));
  EXPECT_TRUE(matches(R"({"kind":"user","key":"other","ok":true})"));
  EXPECT_FALSE(matches(R"({"kind":"org","key":"in"})"));
  EXPECT_TRUE(matches(R"({"kind":"org","key":"org-in"})"));
  EXPECT_FALSE(matches(R"({"kind":"org","key":"org-out","ok":true})"));
  EXPECT_TRUE(matches(R"({"kind":"multi","org":{"key":"org-in"},"user":{"key":"out"}})"));
  rule(R"({"op":"segmentMatch","values":["s"],"negate":true})");
  EXPECT_FALSE(matches(R"({"kind":"user","key":"in"})"));
  EXPECT_TRUE(matches(R"({"kind":"user","key":"other"})"));
}

TEST_F(Evaluation, ASegmentRuleWithAWeightTakesAShare) {
  // sha1("segment3.salty.user-key") lies at 0.1495021, "unmatching-key" at 0.36563.
  segment(R"({"key":"segment3","salt":"salty","rules":[{"weight":14955,
    "clauses":[{"attribute":"ok","op":"in","values":[true]}]}]})");
  rule(R"({"op":"segmentMatch","values":["segment3"]})");
  EXPECT_TRUE(matches(R"({"kind":"user","key":"user-key","ok":true})"));
  EXPECT_FALSE(matches(R"({"kind":"user","key":"unmatching-key","ok":true})"));
  segment(R"({"key":"orgs","version":1,"rules":[{"weight":100000,"rolloutContextKind":"org"}]})");
  rule(R"({"op":"segmentMatch","values":["orgs"]})");
  EXPECT_FALSE(matches(R"({"kind":"user","key":"no-org"})"));
  EXPECT_TRUE(matches(R"({"kind":"org","key":"any"})"));
}

TEST_F(Evaluation, NestedSegmentsMatchAndCyclesAreMalformed) {
  segment(R"({"key":"inner","included":["a"]})");
  segment(R"({"key":"outer","rules":[{"clauses":[{"op":"segmentMatch","values":["inner"]}]}]})");
  rule(R"({"op":"segmentMatch","values":["outer"]})");
  EXPECT_TRUE(matches(R"({"kind":"user","key":"a"})"));
  EXPECT_FALSE(matches(R"({"kind":"user","key":"b"})"));
  segment(R"({"key":"c1","rules":[{"clauses":[{"op":"segmentMatch","values":["c2"]}]}]})");
  segment(R"({"key":"c2","rules":[{"clauses":[{"op":"segmentMatch","values":["c1"]}]}]})");
  rule(R"({"op":"segmentMatch","values":["c1"]})");
  EXPECT_EQ(outcome("f", kUser), "ERROR MALFORMED_FLAG");
}

TEST_F(Evaluation, AnUnboundedSegmentSaysThatItsStoreIsMissing) {
  segment(R"({"key":"big","unbounded":true,"generation":2,"included":["user-key"]})");
  rule(R"({"op":"segmentMatch","values":["big"]})");
  const Decision decision = evaluate(snapshot(), "f", Context::user("user-key"));
  EXPECT_EQ(describe(decision), "FALLTHROUGH 1");
  EXPECT_TRUE(decision.reason.big_segments_not_configured);
}

// Prerequisites.

TEST_F(Evaluation, APrerequisiteMustBeOnAndYieldItsVariation) {
  flag(R"({"key":"f","on":true,"variations":["off","on"],"offVariation":0,
    "fallthrough":{"variation":1},"prerequisites":[{"key":"p","variation":1}]})");
  EXPECT_EQ(outcome("f", kUser), "PREREQUISITE_FAILED 0 (p)");
  flag(R"({"key":"p","version":2,"on":false,"variations":[0,1],"offVariation":1})");
  EXPECT_EQ(outcome("f", kUser), "PREREQUISITE_FAILED 0 (p)");
  flag(R"({"key":"p","version":3,"on":true,"variations":[0,1],"fallthrough":{"variation":0}})");
  EXPECT_EQ(outcome("f", kUser), "PREREQUISITE_FAILED 0 (p)");
  flag(R"({"key":"p","version":4,"on":true,"variations":[0,1],"fallthrough":{"variation":1}})");
  prerequisites_.clear();
  EXPECT_EQ(outcome("f", kUser), "FALLTHROUGH 1");
  ASSERT_EQ(prerequisites_.size(), 1U);
  EXPECT_EQ(prerequisites_[0].flag_key, "p");
  EXPECT_EQ(prerequisites_[0].prerequisite_of, "f");
  EXPECT_EQ(describe(prerequisites_[0].decision), "FALLTHROUGH 1");
}

TEST_F(Evaluation, APrerequisiteCycleIsMalformed) {
  for (const auto& [key, needs] : {std::pair("a", "b"), std::pair("b", "c"), std::pair("c", "a")}) {
    flag(cat(R"({"key":")", key, R"(","on":true,"variations":[0],"offVariation":0,)",
             R"("fallthrough":{"variation":0},"prerequisites":[{"key":")", needs,
             R"(","variation":0}]})"));
  }
  EXPECT_EQ(outcome("a", kUser), "ERROR MALFORMED_FLAG");
}

TEST_F(Evaluation, ADeepChainAndAnExponentialLatticeEndAsMalformed) {
  for (int i = 0; i < 200; ++i) {
    flag(cat(R"({"key":"chain)", i,
             R"(","on":true,"variations":[0],"fallthrough":{"variation":0},)",
             R"("prerequisites":[{"key":"chain)", i + 1, R"(","variation":0}]})"));
  }
  flag(R"({"key":"chain200","on":true,"variations":[0],"fallthrough":{"variation":0}})");
  EXPECT_EQ(outcome("chain0", kUser), "ERROR MALFORMED_FLAG");
  EXPECT_EQ(outcome("chain170", kUser), "FALLTHROUGH 0");
  for (int i = 0; i < 30; ++i) {
    const std::string next = cat(R"({"key":"lattice)", i + 1, R"(","variation":0})");
    flag(cat(R"({"key":"lattice)", i, R"(","on":true,"variations":[0],)",
             R"("fallthrough":{"variation":0},"prerequisites":[)", next, ",", next, "]}"));
  }
  flag(R"({"key":"lattice30","on":true,"variations":[0],"fallthrough":{"variation":0}})");
  EXPECT_EQ(outcome("lattice0", kUser), "ERROR MALFORMED_FLAG");
  EXPECT_EQ(outcome("lattice25", kUser), "FALLTHROUGH 0");
}

TEST_F(Evaluation, ASegmentLatticeEndsAsMalformed) {
  for (int i = 0; i < 30; ++i) {
    const std::string clause =
        cat(R"({"op":"segmentMatch","values":["s)", i + 1, R"("],"negate":true})");
    segment(cat(R"({"key":"s)", i, R"(","rules":[{"clauses":[)", clause, ",", clause, "]},",
                R"({"clauses":[)", clause, "]}]}"));
  }
  segment(R"({"key":"s30"})");
  rule(R"({"op":"segmentMatch","values":["s0"]})");
  EXPECT_EQ(outcome("f", kUser), "ERROR MALFORMED_FLAG");
}

// Bucketing.

TEST(Bucket, GivesThePublishedVectors) {
  constexpr double kTolerance = 1e-7;
  EXPECT_NEAR(bucket_of("hashKey.saltyA.", "userKeyA"), 0.42157587, kTolerance);
  EXPECT_NEAR(bucket_of("hashKey.saltyA.", "userKeyB"), 0.6708485, kTolerance);
  EXPECT_NEAR(bucket_of("hashKey.saltyA.", "userKeyC"), 0.10343106, kTolerance);
  EXPECT_NEAR(bucket_of("hashKey.saltyA.", "33333"), 0.54771423, kTolerance);
  EXPECT_NEAR(bucket_of("hashKey.saltyA.", "99999"), 0.7309658, kTolerance);
  EXPECT_NEAR(bucket_of("61.", "userKeyA"), 0.09801207, kTolerance);
  EXPECT_NEAR(bucket_of("61.", "userKeyB"), 0.14483777, kTolerance);
  EXPECT_EQ(bucket_of("hashKey.saltyA.", "userKeyA"),
            static_cast<double>(0x6bec658111d6ad9) / static_cast<double>(0xFFFFFFFFFFFFFFF));
}

/// A flag "hashKey" with salt "saltyA" whose fallthrough is a rollout with these members.
std::string rollout(std::string_view members) {
  return cat(R"({"key":"hashKey","salt":"saltyA","on":true,"variations":["a","b","c"],)",
             R"("fallthrough":{"rollout":{)", members, "}}}");
}

TEST_F(Evaluation, ARolloutServesTheFirstShareAboveTheBucket) {
  // userKeyA lies at 0.42157587.
  flag(rollout(R"("variations":[{"variation":2,"weight":42157},{"variation":1,"weight":57843}])"));
  EXPECT_EQ(outcome("hashKey", R"({"kind":"user","key":"userKeyA"})"), "FALLTHROUGH 1");
  EXPECT_EQ(outcome("hashKey", R"({"kind":"user","key":"userKeyC"})"), "FALLTHROUGH 2");
  flag(R"({"key":"hashKey","version":2,"salt":"saltyA","on":true,"variations":["a","b","c"],
    "fallthrough":{"rollout":{"variations":[{"variation":2,"weight":42158},
                                            {"variation":1,"weight":57842}]}}})");
  EXPECT_EQ(outcome("hashKey", R"({"kind":"user","key":"userKeyA"})"), "FALLTHROUGH 2");
}

TEST_F(Evaluation, PastTheEndOfTheSharesTheLastOneIsServed) {
  flag(rollout(R"("variations":[{"variation":0,"weight":1},{"variation":2,"weight":1}])"));
  EXPECT_EQ(outcome("hashKey", R"({"kind":"user","key":"userKeyA"})"), "FALLTHROUGH 2");
}

TEST_F(Evaluation, BucketsByAnyStringOrWholeNumber) {
  flag(rollout(R"("bucketBy":"n","variations":[{"variation":0,"weight":54771},
                   {"variation":1,"weight":1},{"variation":2,"weight":45228}])"));
  // "33333" lies at 0.54771423, the middle share.
  EXPECT_EQ(outcome("hashKey", R"({"kind":"user","key":"k","n":"33333"})"), "FALLTHROUGH 1");
  EXPECT_EQ(outcome("hashKey", R"({"kind":"user","key":"k","n":33333})"), "FALLTHROUGH 1");
  EXPECT_EQ(outcome("hashKey", R"({"kind":"user","key":"k","n":33333.0})"), "FALLTHROUGH 1");
  EXPECT_EQ(outcome("hashKey", R"({"kind":"user","key":"k","n":33333.5})"), "FALLTHROUGH 0");
  EXPECT_EQ(outcome("hashKey", R"({"kind":"user","key":"k","n":true})"), "FALLTHROUGH 0");
  EXPECT_EQ(outcome("hashKey", R"({"kind":"user","key":"k"})"), "FALLTHROUGH 0");
}

TEST_F(Evaluation, ASeedReplacesKeyAndSaltAndZeroIsASeed) {
  // With seed 61 userKeyA lies at 0.09801207.
  flag(rollout(R"("seed":61,"variations":[{"variation":0,"weight":9801},
                   {"variation":1,"weight":1},{"variation":2,"weight":90198}])"));
  EXPECT_EQ(outcome("hashKey", R"({"kind":"user","key":"userKeyA"})"), "FALLTHROUGH 1");
  flag(R"({"key":"zero","salt":"s","on":true,"variations":[0,1],"fallthrough":{"rollout":{"seed":0,
    "variations":[{"variation":0,"weight":50000},{"variation":1,"weight":50000}]}}})");
  for (const char* key : {"a", "b", "c", "d", "e", "f"}) {
    const int half = bucket_of("0.", key) < 0.5 ? 0 : 1;
    EXPECT_EQ(outcome("zero", cat(R"({"kind":"user","key":")", key, "\"}")),
              cat("FALLTHROUGH ", half));
  }
}

TEST_F(Evaluation, AnExperimentBucketsByKeyAndSaysWhoTakesPart) {
  flag(rollout(R"("kind":"experiment","bucketBy":"n","variations":[
    {"variation":0,"weight":42157},{"variation":1,"weight":1},
    {"variation":2,"weight":57842,"untracked":true}])"));
  EXPECT_EQ(outcome("hashKey", R"({"kind":"user","key":"userKeyA","n":"x"})"),
            "FALLTHROUGH 1 in experiment");
  EXPECT_EQ(outcome("hashKey", R"({"kind":"user","key":"userKeyB"})"), "FALLTHROUGH 2");
  EXPECT_EQ(outcome("hashKey", R"({"kind":"org","key":"userKeyA"})"), "FALLTHROUGH 0");
}

// What is wrong with a flag, and hostile input.

TEST_F(Evaluation, MalformedFlagsAreErrorsWithoutAValue) {
  const auto with = [](std::string_view members) {
    return cat(R"({"key":"f","variations":["a"],)", members, "}");
  };
  const std::string broken[] = {
      with(R"("on":false,"offVariation":1)"),
      with(R"("on":false,"offVariation":-1)"),
      with(R"("on":true)"),
      with(R"("on":true,"fallthrough":{"variation":1})"),
      with(R"("on":true,"fallthrough":{"variation":-1})"),
      with(R"("on":true,"fallthrough":{"rollout":{"variations":[]}})"),
      with(R"("on":true,"fallthrough":{"rollout":{"variations":[{"variation":3,"weight":1}]}})"),
      with(R"("on":true,"fallthrough":{"rollout":{"contextKind":"user","bucketBy":"//",
              "variations":[{"variation":0,"weight":1}]}})"),
      with(R"("on":true,"fallthrough":{"variation":0},
              "targets":[{"variation":9,"values":["user-key"]}])"),
      with(R"("on":true,"fallthrough":{"variation":0},"rules":[{"clauses":[]}])"),
      with(R"("on":true,"fallthrough":{"variation":0},
              "rules":[{"variation":0,"clauses":[{"op":"in","values":[""]}]}])"),
      with(R"("on":true,"fallthrough":{"variation":0},"rules":[{"variation":0,
              "clauses":[{"contextKind":"user","attribute":"/a~b","op":"in","values":[1]}]}])"),
      with(R"("on":true,"fallthrough":{"variation":0},"rules":[{"variation":0,
              "clauses":[{"contextKind":"user","attribute":"///","op":"in","values":[1]}]}])"),
  };
  for (const std::string& json : broken) {
    const base::Result<Flag> parsed = parse_flag(json);
    ASSERT_TRUE(parsed.ok()) << json;
    const auto snapshot = FlagSnapshot::make({*parsed});
    EXPECT_EQ(describe(evaluate(*snapshot, "f", Context::user("user-key"))), "ERROR MALFORMED_FLAG")
        << json;
  }
}

TEST_F(Evaluation, AnUnknownOrDeletedFlagIsNotFound) {
  EXPECT_EQ(outcome("nothing", kUser), "ERROR FLAG_NOT_FOUND");
  flag(R"({"key":"gone","on":true,"deleted":true,"variations":[1],"fallthrough":{"variation":0}})");
  EXPECT_EQ(outcome("gone", kUser), "ERROR FLAG_NOT_FOUND");
}

TEST_F(Evaluation, AContextThatBreaksTheRulesIsAnError) {
  rule(R"({"attribute":"key","op":"in","values":["a"]})");
  for (const char* context :
       {R"({"kind":"user"})", R"({"kind":"user","key":""})", R"({"kind":"a b","key":"x"})",
        R"({"kind":"multi"})", R"({"kind":"kind","key":"x"})", R"({"kind":"","key":"x"})"}) {
    EXPECT_EQ(outcome("f", context), "ERROR USER_NOT_SPECIFIED") << context;
  }
  EXPECT_TRUE(outcome("f", R"({"kind":"user","key":7})").starts_with("bad context"));
  EXPECT_TRUE(outcome("f", R"([])").starts_with("bad context"));
}

TEST_F(Evaluation, AnOldUserContextIsReadWithItsCustomAttributes) {
  rule(R"({"attribute":"plan","op":"in","values":["gold"]})");
  EXPECT_TRUE(matches(R"({"key":"a","custom":{"plan":"gold"}})"));
}

TEST_F(Evaluation, AnEvilExpressionTakesLinearTime) {
  rule(R"({"attribute":"a","op":"matches","values":["^(a+)+$"]})");
  EXPECT_FALSE(
      matches(cat(R"({"kind":"user","key":"k","a":")", std::string(100'000, 'a'), "!\"}")));
}

}  // namespace
}  // namespace understudy::flags
