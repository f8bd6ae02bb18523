#include "compare/would_accept.h"

#include <optional>
#include <string>

#include "compare/comparator_fixture.h"

namespace understudy::compare {
namespace {

constexpr auto kYes = WouldAccept::kYes;
constexpr auto kNo = WouldAccept::kNo;
constexpr auto kUndecided = WouldAccept::kUndecided;

/// A difference as the comparison finds it without rules, judged with one rule. What is judged is
/// held against what the comparison itself makes of that rule.
class WouldAcceptTest : public ComparatorTest {
 protected:
  WouldAccept judged(const std::string& text) {
    if (!recorded_) recorded_ = difference();
    const auto parsed = Rules::parse_text("[" + text + "]");
    EXPECT_TRUE(parsed.ok()) << parsed.error().context;
    const WouldAccept verdict = would_accept((*parsed)[0], *recorded_, options.value_bytes_max);
    if (verdict == kUndecided) return verdict;
    rule(text);
    EXPECT_EQ(verdict == kYes, outcome() != Outcome::kMismatch) << text << "\n" << summary();
    return verdict;
  }
  std::optional<Difference> recorded_;
};

TEST_F(WouldAcceptTest, ByTheDistanceOfTheValues) {
  bodies(R"({"total":1.0})", R"({"total":1.0000000000000004})");
  EXPECT_EQ(judged("{path: $.total, ulps: 1}"), kNo);
  EXPECT_EQ(judged("{path: $.total, ulps: 2}"), kYes);
}

TEST_F(WouldAcceptTest, ByAnAbsoluteTolerance) {
  bodies(R"({"total":1.25})", R"({"total":1.5})");
  EXPECT_EQ(judged("{path: $.total, absolute: 0.2}"), kNo);
  EXPECT_EQ(judged("{path: $.total, absolute: 0.25}"), kYes);
}

TEST_F(WouldAcceptTest, ByThePlace) {
  bodies(R"({"a":[{"b":1}]})", R"({"a":[{"b":2}]})");
  EXPECT_EQ(judged("{path: $.b, ignore: true}"), kNo);
  EXPECT_EQ(judged("{path: '$.a[1].b', ignore: true}"), kNo);
  EXPECT_EQ(judged("{path: '$.a[*]', absolute: 5}"), kNo) << "above the place";
  EXPECT_EQ(judged("{path: '$.a[*].b', absolute: 5}"), kYes);
}

TEST_F(WouldAcceptTest, AtAnyDepth) {
  bodies(R"({"a":[{"b":1}]})", R"({"a":[{"b":2}]})");
  EXPECT_EQ(judged("{path: $..b, absolute: 5}"), kYes);
}

TEST_F(WouldAcceptTest, WhatIsIgnoredIsIgnoredWithAllBelow) {
  bodies(R"({"a":[{"b":1}]})", R"({"a":[{"b":2}]})");
  EXPECT_EQ(judged("{path: $.a, ignore: true}"), kYes);
}

TEST_F(WouldAcceptTest, TextByItsForm) {
  bodies(R"({"a":"Hello"})", R"({"a":"hello "})");
  EXPECT_EQ(judged("{path: $.a, case: ignore}"), kNo);
  EXPECT_EQ(judged("{path: $.a, case: ignore, trim: true}"), kYes);
}

TEST_F(WouldAcceptTest, AMissingMemberIsNull) {
  bodies(R"({"a":null})", R"({})");
  EXPECT_EQ(judged("{path: $.a, ulps: 4}"), kNo);
  EXPECT_EQ(judged("{path: $.a, coerce: 'null'}"), kYes);
}

TEST_F(WouldAcceptTest, AnotherType) {
  bodies(R"({"a":12})", R"({"a":"12"})");
  EXPECT_EQ(judged("{path: $.a, coerce: number}"), kYes);
}

TEST_F(WouldAcceptTest, AnOrder) {
  bodies(R"({"a":[1,2,3]})", R"({"a":[3,1,2]})");
  EXPECT_EQ(judged("{path: $.a, ulps: 1}"), kNo);
  EXPECT_EQ(judged("{path: $.a, unordered: true}"), kYes);
}

TEST_F(WouldAcceptTest, AContainerIsOnlyIgnored) {
  bodies(R"({"a":[1]})", R"({"a":{"b":1}})");
  EXPECT_EQ(judged("{path: $.a, coerce: all}"), kNo);
  EXPECT_EQ(judged("{path: $.a, ignore: true}"), kYes);
}

TEST_F(WouldAcceptTest, ACellByTheNameOfItsColumn) {
  read_as(BodyKind::kTable);
  bodies(R"([{"x":1,"y":1},{"x":2,"y":2}])", R"([{"x":1,"y":1},{"x":2,"y":3}])");
  EXPECT_EQ(judged("{path: '$[*].x', absolute: 1}"), kNo);
  EXPECT_EQ(judged("{path: '$[*].y', absolute: 1}"), kYes);
}

TEST_F(WouldAcceptTest, AStatus) {
  statuses(200, 500);
  bodies("{}", "{}");
  EXPECT_EQ(judged("{path: $, ignore: true}"), kNo);
  EXPECT_EQ(judged("{path: status, ignore: true}"), kYes);
}

// What was recorded does not say.

TEST_F(WouldAcceptTest, AValueThatWasCutDoesNotSay) {
  options.value_bytes_max = 8;
  bodies(R"({"a":"Hello World"})", R"({"a":"hello world, and more"})");
  EXPECT_EQ(judged("{path: $.a, trim: true}"), kUndecided);
  EXPECT_EQ(judged("{path: $.b, trim: true}"), kNo);
  EXPECT_EQ(judged("{path: $.a, ignore: true}"), kYes);
}

TEST_F(WouldAcceptTest, TheRuleFoundForTheWholeValueDoes) {
  options.value_bytes_max = 8;
  bodies(R"({"a":"Hello World"})", R"({"a":"hello world"})");
  EXPECT_EQ(judged("{path: $.a, case: ignore}"), kYes);
}

TEST_F(WouldAcceptTest, AnotherPairingDoesNotSay) {
  bodies(R"({"a":[1,2]})", R"({"a":[1,3]})");
  EXPECT_EQ(judged("{path: $.a, unordered: true}"), kUndecided);
}

}  // namespace
}  // namespace understudy::compare
