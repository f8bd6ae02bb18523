#include "flags/flag_json.h"

#include <gtest/gtest.h>

#include "base/config_yaml.h"

namespace understudy::flags {
namespace {

constexpr std::string_view kFullFlag = R"({"key":"f","version":12,"on":true,
  "prerequisites":[{"key":"p","variation":1}],
  "targets":[{"values":["a","b"],"variation":0}],
  "contextTargets":[{"contextKind":"org","values":["o"],"variation":1},{"variation":0}],
  "rules":[{"id":"r","variation":1,"trackEvents":true,"clauses":[
     {"contextKind":"user","attribute":"/a/b","op":"in","values":[1,"x",null],"negate":true},
     {"attribute":"c","op":"fromTheFuture","values":[]}]},
   {"id":"r2","rollout":{"kind":"experiment","contextKind":"org","bucketBy":"/x","seed":0,
     "variations":[{"variation":0,"weight":60000,"untracked":true},{"variation":1,"weight":40000}]},
    "clauses":[]}],
  "fallthrough":{"variation":0},"offVariation":1,"variations":["x",{"deep":[1.5]}],"salt":"s",
  "trackEvents":true,"trackEventsFallthrough":true,"debugEventsUntilDate":1700000000000,
  "clientSide":true,"clientSideAvailability":{"usingMobileKey":true},
  "migration":{"checkRatio":2},"samplingRatio":3,"excludeFromSummaries":true,"deleted":false})";

std::string flag_refusal(std::string_view json) {
  const base::Result<Flag> flag = parse_flag(json);
  return flag.ok() ? "accepted" : flag.error().context;
}

TEST(FlagJson, AFlagSurvivesTheRoundTrip) {
  const base::Result<Flag> flag = parse_flag(kFullFlag);
  ASSERT_TRUE(flag.ok()) << flag.error().context;
  EXPECT_EQ(flag->version, 12);
  EXPECT_EQ(flag->rules[0].clauses[1].op, Operator::kUnknown);
  EXPECT_EQ(flag->rules[1].serve.rollout->seed, 0);
  const base::Result<Flag> again = parse_flag(to_json(*flag));
  ASSERT_TRUE(again.ok()) << again.error().context;
  EXPECT_EQ(*again, *flag);
  EXPECT_EQ(to_json(*again), to_json(*flag));
  EXPECT_NE(to_json(*flag).find("fromTheFuture"), std::string::npos);
}

TEST(FlagJson, ASegmentSurvivesTheRoundTrip) {
  const base::Result<Segment> segment = parse_segment(R"({"key":"s","version":3,
    "included":["a"],"excluded":["b"],"includedContexts":[{"contextKind":"org","values":["o"]}],
    "excludedContexts":[{"values":["u"]}],"salt":"salty","unbounded":true,"generation":4,
    "unboundedContextKind":"org","rules":[{"id":"r","weight":100,"bucketBy":"x",
    "rolloutContextKind":"org","clauses":[{"attribute":"a","op":"in","values":[1]}]}]})");
  ASSERT_TRUE(segment.ok()) << segment.error().context;
  const base::Result<Segment> again = parse_segment(to_json(*segment));
  ASSERT_TRUE(again.ok()) << again.error().context;
  EXPECT_EQ(*again, *segment);
}

TEST(FlagJson, EverythingButTheKeyMayBeMissingOrNull) {
  EXPECT_EQ(flag_refusal(R"({"key":"f"})"), "accepted");
  EXPECT_EQ(flag_refusal(R"({"key":"f","on":null,"rules":null,"fallthrough":null,
                             "offVariation":null,"variations":null,"unknownKey":[1]})"),
            "accepted");
  EXPECT_EQ(flag_refusal(R"({"version":1})"), "/key is missing");
}

TEST(FlagJson, AWrongTypeIsNamedWithItsPath) {
  EXPECT_EQ(flag_refusal(R"({"key":1})"), "/key is not a string");
  EXPECT_EQ(flag_refusal(R"({"key":"f","on":"yes"})"), "/on is not true or false");
  EXPECT_EQ(flag_refusal(R"({"key":"f","version":1.5})"), "/version is not a whole number");
  EXPECT_EQ(flag_refusal(R"({"key":"f","offVariation":99999999999})"),
            "/offVariation is out of range");
  EXPECT_EQ(flag_refusal(R"({"key":"f","variations":{}})"), "/variations is not a list");
  EXPECT_EQ(flag_refusal(R"({"key":"f","rules":[{},{"clauses":[{"op":7}]}]})"),
            "/rules/1/clauses/0/op is not a string");
  EXPECT_EQ(flag_refusal(R"({"key":"f","fallthrough":{"rollout":{"variations":[3]}}})"),
            "/fallthrough/rollout/variations/0 is not an object");
  EXPECT_EQ(flag_refusal(R"({"key":"f","targets":[{"values":[1]}]})"),
            "/targets/0/values/0 is not a string");
  EXPECT_EQ(flag_refusal("[]"), "the text is not an object");
  EXPECT_NE(flag_refusal("{\"key\":").find("not JSON"), std::string::npos);
}

TEST(FlagJson, ASetOfFlagsIsReadAndWrittenAsAPollCarriesIt) {
  const auto snapshot = parse_snapshot(
      R"({"flags":{"b":{"key":"b","on":true},"a":{"key":"a","deleted":true}},"segments":{}})", 9);
  ASSERT_TRUE(snapshot.ok()) << snapshot.error().context;
  EXPECT_EQ((*snapshot)->version(), 9U);
  EXPECT_NE((*snapshot)->find_flag("b"), nullptr);
  EXPECT_EQ((*snapshot)->find_flag("a"), nullptr);
  const std::string text = to_json(**snapshot);
  EXPECT_TRUE(text.starts_with(R"({"flags":{"b":{"key":"b","version":1,)")) << text;
  EXPECT_TRUE(text.ends_with(R"(},"segments":{}})")) << text;
  const auto wrong = parse_snapshot(R"({"flags":{"a":{"key":"b"}}})");
  ASSERT_FALSE(wrong.ok());
  EXPECT_EQ(wrong.error().context, "/flags/a has the key 'b'");
}

TEST(FlagJson, AConfigurationBecomesAValueWithItsTypes) {
  const auto node = base::parse_yaml(
      "rules:\n  - { path: \"$.a\", ulps: 4, relative: 0.5, ignore: true, none: null }\nid: "
      "\"7\"\n",
      "t.yaml");
  ASSERT_TRUE(node.ok()) << node.error().context;
  EXPECT_EQ(to_json(value_of(*node)),
            R"({"rules":[{"path":"$.a","ulps":4,"relative":0.5,"ignore":true,"none":null}],)"
            R"("id":"7"})");
}

}  // namespace
}  // namespace understudy::flags
