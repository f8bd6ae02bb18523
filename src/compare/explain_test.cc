#include "compare/explain.h"

#include <random>

#include "compare/comparator_fixture.h"
#include "compare/decimal.h"
#include "compare/moment.h"

namespace understudy::compare {
namespace {

using ::testing::HasSubstr;

/// Each test puts two JSON values at one place.
class ExplanationTest : public ComparatorTest {
 protected:
  Difference between(const std::string& control, const std::string& candidate) {
    read_as(BodyKind::kJson);
    bodies("{\"v\":" + control + "}", "{\"v\":" + candidate + "}");
    return difference();
  }
  Explanation why(const std::string& control, const std::string& candidate) {
    return between(control, candidate).explanation;
  }
  Explanation why_at(const std::string& name, const std::string& control,
                     const std::string& candidate) {
    read_as(BodyKind::kJson);
    bodies("{\"" + name + "\":" + control + "}", "{\"" + name + "\":" + candidate + "}");
    return difference().explanation;
  }
};

TEST_F(ExplanationTest, NeighbouringDoublesAreSomeUlpsApart) {
  const Difference found = between("0.3", "0.30000000000000004");
  EXPECT_EQ(found.explanation, Explanation::kFloatUlp);
  EXPECT_EQ(found.distance, 1);
  EXPECT_STREQ(found.distance_unit, "ulp");
  EXPECT_EQ(found.rule, R"({"path": "$.v", "ulps": 1})");
}

TEST_F(ExplanationTest, UlpsAreCountedAcrossZeroAndAmongSubnormals) {
  EXPECT_EQ(between("5e-324", "-5e-324").distance, 2);
  EXPECT_EQ(between("5e-324", "1.5e-323").distance, 2);
  EXPECT_EQ(between("2.2250738585072014e-308", "2.225073858507201e-308").distance, 1);
  EXPECT_EQ(ulp_distance(0.0, -0.0), 0U);
  EXPECT_EQ(ulp_distance(-1.7976931348623157e308, 1.7976931348623157e308),
            2 * 0x7FEFFFFFFFFFFFFFULL);
}

TEST_F(ExplanationTest, FarApartIsNotNoiseButStillMeasured) {
  const Difference found = between("1.25", "-7.5");
  EXPECT_EQ(found.explanation, Explanation::kNone);
  EXPECT_GT(found.distance, 1e15);
  EXPECT_EQ(found.rule, "");
}

TEST_F(ExplanationTest, FewerDigitsAreRounding) {
  const Difference found = between("12.345678", "12.35");
  EXPECT_EQ(found.explanation, Explanation::kFloatRounding);
  EXPECT_EQ(found.rule, R"({"path": "$.v", "absolute": 0.005})");
  EXPECT_EQ(why("12.345678", "12.34"), Explanation::kFloatRounding);
  EXPECT_EQ(between("12.349", "12.34").rule, R"({"path": "$.v", "absolute": 0.01})");
  EXPECT_EQ(why("12.345678", "12.36"), Explanation::kNone);
  EXPECT_EQ(why("0.125", "0.13"), Explanation::kFloatRounding);
  EXPECT_EQ(why("1234.6", "1235"), Explanation::kFloatRounding);
}

TEST_F(ExplanationTest, SinglePrecisionIsRecognised) {
  EXPECT_EQ(why("0.1", "0.10000000149011612"), Explanation::kFloatSingle);
  EXPECT_EQ(why("0.10000000149011612", "0.1"), Explanation::kFloatSingle);
  EXPECT_EQ(why("1795580386.0719213", "1795580416"), Explanation::kFloatSingle);
  // The float as its shortest text, 1.0737418e+09, and with two digits after the point.
  EXPECT_EQ(why("1073741805.25", "1073741800.0"), Explanation::kFloatSingle);
  EXPECT_EQ(why("2000000.07", "2000000.12"), Explanation::kFloatSingle);
}

TEST_F(ExplanationTest, NoToleranceIsOfferedForAMomentThatPassedThroughAFloat) {
  const Difference moment = between("1795580386.0719213", "1795580416.0");
  EXPECT_EQ(moment.explanation, Explanation::kFloatSingle);
  EXPECT_EQ(moment.rule, "");
  EXPECT_EQ(between("95580386.0719213", "95580384.0").rule,
            R"({"path": "$.v", "relative": 1.2e-07})");
}

TEST_F(ExplanationTest, TwoNumbersThatOnlyShareAFloatDidNotPassThroughOne) {
  const Difference clocks = between("1795580386.0719213", "1795580446.5");
  EXPECT_EQ(clocks.explanation, Explanation::kNone);
  EXPECT_EQ(clocks.rule, "");
  EXPECT_EQ(why("1.2345678901234e-10", "1.2345679701234e-10"), Explanation::kNone);
  EXPECT_EQ(why("2000000.07", "2000000.09"), Explanation::kNone);
}

TEST_F(ExplanationTest, AFloatTooSmallToKeepItsDigitsIsNotRecognised) {
  EXPECT_EQ(why("1.1234567890123456e-38", "1.1234568520898926e-38"), Explanation::kNone);
  EXPECT_EQ(why("1.5e308", "1.6e308"), Explanation::kNone);
}

TEST_F(ExplanationTest, FloatsManyUlpsApartAreNotNoise) {
  EXPECT_EQ(between("1795580386.25", "1795580386.2500153").distance, 64);
  EXPECT_EQ(why("1795580386.25", "1795580386.2500153"), Explanation::kFloatUlp);
  const Difference clocks = between("1795580386.0719213", "1795580386.0721044");
  EXPECT_EQ(clocks.explanation, Explanation::kNone);
  EXPECT_EQ(clocks.distance, 768);
  EXPECT_EQ(clocks.rule, "");
}

TEST_F(ExplanationTest, TheBoundOfUlpsCanBeSet) {
  options.explain_ulps_max = 768;
  EXPECT_EQ(why("1795580386.0719213", "1795580386.0721044"), Explanation::kFloatUlp);
  options.explain_ulps_max = 0;
  EXPECT_EQ(between("0.3", "0.30000000000000004").rule, "");
}

TEST_F(ExplanationTest, AnIntegerThroughADoubleLosesItsLastDigits) {
  EXPECT_EQ(why("9007199254740993", "9007199254740992"), Explanation::kIntegerAsDouble);
  EXPECT_EQ(why("12345678901234567890", "12345678901234567000"), Explanation::kIntegerAsDouble);
  EXPECT_EQ(why("9007199254740993", "9007199254740995"), Explanation::kNone);
}

TEST_F(ExplanationTest, RepresentationOfNumbers) {
  EXPECT_EQ(why("1", "1.0"), Explanation::kNumberRepresentation);
  EXPECT_EQ(why("100", "1e2"), Explanation::kNumberRepresentation);
  EXPECT_EQ(why("-0.0", "0.0"), Explanation::kNegativeZero);
  EXPECT_EQ(why("0", "-0"), Explanation::kNegativeZero);
  EXPECT_EQ(why("0", "-0.0"), Explanation::kNegativeZero);
  EXPECT_EQ(why("NaN", "null"), Explanation::kNanNull);
  EXPECT_EQ(why("null", "\"NaN\""), Explanation::kNanNull);
}

TEST_F(ExplanationTest, MomentsInOtherUnits) {
  const Difference found = between("1714560000123", "1714560000123000");
  EXPECT_EQ(found.explanation, Explanation::kTimeUnit);
  EXPECT_EQ(found.distance, 1000);
  EXPECT_EQ(found.rule, R"({"path": "$.v", "time_unit": "ms:us"})");
  EXPECT_EQ(why("1714560000", "1714560000999"), Explanation::kTimeUnit);
  EXPECT_EQ(why("1714560000", "1714560001000000000"), Explanation::kNone);
  EXPECT_EQ(why("1714560000.5", "1714560000500"), Explanation::kTimeUnit);
}

TEST_F(ExplanationTest, DurationsInOtherUnitsNeedAnExactFactor) {
  EXPECT_EQ(why_at("took", "1.5", "1500"), Explanation::kTimeUnit);
  EXPECT_EQ(why_at("took", "1500000", "1.5"), Explanation::kTimeUnit);
  EXPECT_EQ(why_at("took", "15", "150"), Explanation::kNone);
  EXPECT_EQ(why_at("took", "15", "15001"), Explanation::kNone);
}

TEST_F(ExplanationTest, AFactorOfAThousandAloneIsNoUnitOfTime) {
  EXPECT_EQ(why("7", "7000"), Explanation::kNone);
  EXPECT_EQ(why_at("sentiment", "7", "7000"), Explanation::kNone);
  EXPECT_EQ(why_at("statistics", "7", "7000"), Explanation::kNone);
  EXPECT_EQ(why_at("s3_objects", "7", "7000"), Explanation::kNone);
  EXPECT_EQ(why("200000000", "200000000000"), Explanation::kNone);    // 1976
  EXPECT_EQ(why("5000000000", "5000000000000"), Explanation::kNone);  // 2128
  EXPECT_EQ(why_at("born_at", "200000000", "200000000000"), Explanation::kTimeUnit);
}

TEST_F(ExplanationTest, UnitsAreFoundAtTheirColumnAndLastDigitsAtTheirs) {
  bodies(R"({"columns":["yearmonth","mean"],"rows":[[978307200000,7.25],[980985600000,9.5]]})",
         R"({"columns":["yearmonth","mean"],
             "rows":[[978307200000000,7.250000000000002],[980985600000000,9.5]]})");
  const auto found = compare().differences;
  ASSERT_EQ(found.size(), 3U);
  EXPECT_EQ(found[0].explanation, Explanation::kTimeUnit);
  EXPECT_EQ(found[0].rule, R"({"path": "$.rows[*].yearmonth", "time_unit": "ms:us"})");
  EXPECT_EQ(found[1].explanation, Explanation::kFloatUlp);
  EXPECT_EQ(found[2].explanation, Explanation::kTimeUnit);
}

TEST_F(ExplanationTest, ANameOfATimeMakesAFactorPlausible) {
  for (const char* name : {"latency_ms", "createdAt", "runtime", "Elapsed Time", "ts", "a.ms",
                           "TIMEOUT", "ttl-seconds", "durationMs"}) {
    EXPECT_EQ(why_at(name, "7", "7000"), Explanation::kTimeUnit) << name;
  }
  EXPECT_EQ(why_at("waits_ms", "[[7]]", "[[7000]]"), Explanation::kTimeUnit);
  bodies(R"([{"k":1,"elapsed":7,"n":7}])", R"([{"k":1,"elapsed":7000,"n":7000}])");
  ASSERT_EQ(compare().differences.size(), 2U);
  EXPECT_EQ(compare().differences[0].explanation, Explanation::kTimeUnit);
  EXPECT_EQ(compare().differences[1].explanation, Explanation::kNone);
}

TEST_F(ExplanationTest, IsoTextAgainstEpochNumbers) {
  EXPECT_EQ(between("\"2024-05-01T10:40:00Z\"", "1714560000").rule,
            R"({"path": "$.v", "time_unit": "iso:s"})");
  EXPECT_EQ(between("1714560000123", "\"2024-05-01T12:40:00.123+02:00\"").rule,
            R"({"path": "$.v", "time_unit": "ms:iso"})");
  EXPECT_EQ(why("\"2024-05-01T10:40:00Z\"", "1714560001"), Explanation::kNone);
}

TEST_F(ExplanationTest, OneMomentInSeveralTexts) {
  EXPECT_EQ(why("\"2024-05-01T10:40:00Z\"", "\"2024-05-01T10:40:00+00:00\""),
            Explanation::kTimeZone);
  EXPECT_EQ(why("\"2024-05-01T10:40:00Z\"", "\"2024-05-01T12:40:00+0200\""),
            Explanation::kTimeZone);
  EXPECT_EQ(why("\"2024-05-01T10:40:00.123Z\"", "\"2024-05-01T10:40:00Z\""),
            Explanation::kTimePrecision);
  EXPECT_EQ(why("\"2024-05-01T10:40:00\"", "\"2024-05-01 10:40:00\""), Explanation::kTimePrecision);
  const Difference shifted = between("\"2024-05-01T10:40:00\"", "\"2024-05-01T12:40:00\"");
  EXPECT_EQ(shifted.explanation, Explanation::kTimeZone);
  EXPECT_EQ(shifted.distance, 7200);
  EXPECT_EQ(why("1714560000", "1714567200"), Explanation::kTimeZone);
}

TEST_F(ExplanationTest, DatesThatDoNotExistAreNoDates) {
  EXPECT_FALSE(parse_iso("2023-02-29"));
  EXPECT_FALSE(parse_iso("2024-13-01"));
  EXPECT_FALSE(parse_iso("2024-05-01T25:00:00Z"));
  EXPECT_FALSE(parse_iso("2024-05-01T10:00:00+25:00"));
  EXPECT_FALSE(parse_iso("2024-05-01T10:00:00.Z"));
  EXPECT_TRUE(parse_iso("2024-02-29T23:59:60Z"));
}

TEST_F(ExplanationTest, NumbersAndBoolsAsText) {
  EXPECT_EQ(why("12", "\"12\""), Explanation::kNumberAsString);
  EXPECT_EQ(why("\"12.50\"", "12.5"), Explanation::kNumberAsString);
  EXPECT_EQ(between("0.3", "\"0.30000000000000004\"").rule,
            R"({"path": "$.v", "coerce": ["number"], "ulps": 1})");
  EXPECT_EQ(why("true", "\"true\""), Explanation::kBoolAsString);
  EXPECT_EQ(why("true", "1"), Explanation::kBoolAsNumber);
  EXPECT_EQ(why("true", "0"), Explanation::kNone);
  EXPECT_EQ(why("true", "\"yes\""), Explanation::kNone);
}

TEST_F(ExplanationTest, NullAgainstNoMember) {
  bodies(R"({"a":1,"b":null})", R"({"a":1})");
  EXPECT_EQ(difference().explanation, Explanation::kNullMissing);
  EXPECT_EQ(difference().dimension, Dimension::kMissing);
}

TEST_F(ExplanationTest, TextsThatLookAlike) {
  EXPECT_EQ(why("\" a b\"", "\"a b \""), Explanation::kWhiteSpace);
  EXPECT_EQ(why("\"a  b\"", "\"a\\tb\""), Explanation::kWhiteSpace);
  EXPECT_EQ(why("\"Straße ÄÖ Ж\"", "\"straße äö ж\""), Explanation::kCase);
  EXPECT_EQ(why("\"A b \"", "\"a B\""), Explanation::kCase);
  EXPECT_EQ(why("\"a long text\"", "\"a long\""), Explanation::kTruncation);
  EXPECT_EQ(why("\"a long te...\"", "\"a long text\""), Explanation::kTruncation);
  EXPECT_EQ(why("\"ab\"", "\"abc\""), Explanation::kNone);
}

TEST_F(ExplanationTest, AccentsComposedOrNotAreOneText) {
  const Difference found = between("\"caf\u00e9\"", "\"cafe\u0301\"");
  EXPECT_EQ(found.explanation, Explanation::kUnicodeForm);
  EXPECT_EQ(found.rule, R"({"path": "$.v", "unicode": "normalise"})");
  // Two marks, in either order; Hangul; kana; a sign that is another letter.
  EXPECT_EQ(why(R"("\u1ec7")", R"("e\u0302\u0323")"), Explanation::kUnicodeForm);
  EXPECT_EQ(why(R"("e\u0302\u0323")", R"("e\u0323\u0302")"), Explanation::kUnicodeForm);
  EXPECT_EQ(why(R"("\uac01")", R"("\u1100\u1161\u11a8")"), Explanation::kUnicodeForm);
  EXPECT_EQ(why(R"("\u304c")", R"("\u304b\u3099")"), Explanation::kUnicodeForm);
  EXPECT_EQ(why(R"("1 \u212b")", R"("1 \u00c5")"), Explanation::kUnicodeForm);
}

TEST_F(ExplanationTest, OtherAccentsAreNotAnotherForm) {
  EXPECT_EQ(why(R"("caf\u00e9 x")", R"("cafe\u0300 x")"), Explanation::kNone);
  EXPECT_EQ(why(R"("e\u0301\u0300")", R"("e\u0300\u0301")"), Explanation::kNone);  // one class
  EXPECT_EQ(why(R"("\ufb01 x")", R"("fi x")"), Explanation::kNone);  // compatible is not the same
  EXPECT_EQ(why(R"("a\u0301b")", R"("ab\u0301")"), Explanation::kNone);
}

TEST_F(ExplanationTest, ARuleNormalisesUnicode) {
  rule("{path: $.v, unicode: normalise}");
  bodies(R"({"v":"caf\u00e9"})", R"({"v":"cafe\u0301"})");
  EXPECT_EQ(outcome(), Outcome::kIgnored) << summary();
  bodies(R"({"v":"caf\u00e9"})", R"({"v":"cafe"})");
  EXPECT_EQ(outcome(), Outcome::kMismatch) << summary();
}

TEST_F(ExplanationTest, HugeNumbersAreNoTrouble) {
  EXPECT_EQ(why("1e999999999999", "1e-999999999999"), Explanation::kNone);
  EXPECT_EQ(why("1e400", "2e400"), Explanation::kNone);
  EXPECT_EQ(why("1" + std::string(5000, '0') + ".5", "1.5"), Explanation::kNone);
  bodies("[0e9999999999999999999999]", "[0.0]");
  EXPECT_EQ(outcome(), Outcome::kMatch);
}

/// Makes pairs of values that people and machines write for the same thing.
class PairMaker {
 public:
  explicit PairMaker(uint64_t seed) : random_(seed) {}

  std::pair<std::string, std::string> next() {
    const std::string number = any_number();
    switch (below(12)) {
      case 0:
        return {number, any_number()};
      case 1:
        return {number, "\"" + number + "\""};
      case 2:
        return {number, number + (number.find('.') == std::string::npos ? ".0" : "0000001")};
      case 3:
        return {number, number.substr(0, number.size() - (number.size() > 3 ? 1 : 0))};
      case 4:
        return {number + "000", number};
      case 5:
        return {"\"" + any_time() + "\"", "\"" + any_time() + "\""};
      case 6:
        return {"\"" + any_time() + "\"", std::to_string(1714560000 + below(3)) + zeros()};
      case 7:
        return {"\"" + any_text() + "\"", "\"" + any_text() + "\""};
      case 8:
        return {"null", below(2) == 0 ? "NaN" : "\"NaN\""};
      case 9:
        return {below(2) == 0 ? "true" : "false", below(2) == 0 ? "\"TRUE\"" : "0"};
      case 10:
        return {std::to_string(1714560000 + below(9)) + zeros(),
                std::to_string(1714560000 + below(9)) + zeros()};
      default:
        return {"\"" + number + "\"", "\"" + any_number() + "\""};
    }
  }

 private:
  uint64_t below(uint64_t bound) { return random_() % bound; }
  std::string zeros() { return std::string(3 * below(4), '0'); }
  std::string any_number() {
    std::string out = below(4) == 0 ? "-" : "";
    out += std::to_string(below(3) == 0 ? random_() : below(30));
    if (below(2) == 0) out += "." + std::to_string(below(2) == 0 ? random_() : below(30));
    if (below(6) == 0) out += "e" + std::to_string(static_cast<int64_t>(below(700)) - 350);
    return out;
  }
  std::string any_time() {
    std::string out = "2024-05-01";
    if (below(5) == 0) return out;
    out += below(2) == 0 ? "T" : " ";
    out += "1" + std::to_string(below(3)) + ":00:00";
    if (below(2) == 0) out += "." + std::to_string(below(1000));
    constexpr const char* kZones[] = {"", "Z", "+00:00", "+02:00", "-0130"};
    return out + kZones[below(5)];
  }
  std::string any_text() {
    constexpr const char* kTexts[] = {"Hello  World",  "hello world",    " hello world ", "Hello W",
                                      "hello\\tworld", "HELLO WORLD...", "Hello W...",    "h"};
    return kTexts[below(8)];
  }

  std::mt19937_64 random_;
};

TEST(Explanation, EveryOfferedRuleRoundTripsAndAcceptsItsDifference) {
  PairMaker pairs(20240501);
  int offered = 0;
  for (int i = 0; i < 20000; ++i) {
    const auto [x, y] = pairs.next();
    const bool table = i % 2 == 0;
    const std::string control = table ? R"([{"k":1,"the v":)" + x + "}]" : "{\"v\":" + x + "}";
    const std::string candidate = table ? R"([{"k":1,"the v":)" + y + "}]" : "{\"v\":" + y + "}";
    const Comparator strict;
    const Comparison found =
        strict.compare({.status = 200, .body = control}, {.status = 200, .body = candidate});
    for (const Difference& difference : found.differences) {
      if (difference.rule.empty()) continue;
      ++offered;
      const auto rule = Rule::parse(difference.rule);
      ASSERT_TRUE(rule.ok()) << difference.rule << ": " << rule.error().context;
      EXPECT_EQ(rule->text(), difference.rule);
      const Comparator lenient(Rules({*rule}));
      const Comparison again =
          lenient.compare({.status = 200, .body = control}, {.status = 200, .body = candidate});
      EXPECT_EQ(again.outcome, Outcome::kIgnored)
          << control << " / " << candidate << " with " << difference.rule;
      EXPECT_EQ(again.rule_hits.at(0), 1U);
    }
  }
  EXPECT_GT(offered, 4000);
}

TEST(Decimal, DistanceIsExact) {
  const auto between = [](const char* a, const char* b) {
    return distance(Decimal(a), Decimal(b))->text();
  };
  EXPECT_EQ(between("0.1", "0.3"), "0.2");
  EXPECT_EQ(between("-0.1", "0.3"), "0.4");
  EXPECT_EQ(between("1e3", "999.999"), "0.001");
  EXPECT_EQ(between("99.5", "-0.5"), "100");
  EXPECT_EQ(between("123456789012345678901234567890", "123456789012345678901234567891"), "1");
  EXPECT_FALSE(distance(Decimal("1e9999"), Decimal("1")));
}

}  // namespace
}  // namespace understudy::compare
