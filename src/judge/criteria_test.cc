#include "judge/criteria.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/config_yaml.h"

namespace understudy::judge {
namespace {

using testing::HasSubstr;

base::Result<Criteria> parse(const std::string& yaml) {
  auto node = base::parse_yaml(yaml, "understudy.yaml");
  EXPECT_TRUE(node.ok()) << node.error().context;
  return Criteria::parse(*node);
}

std::string error_of(const std::string& yaml) {
  auto criteria = parse(yaml);
  if (criteria.ok()) return "accepted";
  return criteria.error().context;
}

constexpr const char* kDesignExample = R"(
- { success_rate: { no_worse_by: 0.1% } }
- { latency: { quantile: p50, at_most: 1.10 } }
- { latency: { quantile: p99, at_most: 1.20 }, route: query }
- { latency: { quantile: 0.999, at_most: 250ms } }
- { difference_rate: { at_most: 0.01% } }
- { error_classes: { forbid: [Throttled, ProvisionedThroughputExceededException] } }
- { evidence: { evaluations_min: 10000, duration_min: 10m } }
)";

TEST(Criteria, ReadsEveryKind) {
  auto criteria = parse(kDesignExample);
  ASSERT_TRUE(criteria.ok()) << criteria.error().context;
  EXPECT_EQ(criteria->canonical_text(),
            "success_rate no_worse_by 0.001\n"
            "latency p50 at_most 1.1\n"
            "latency p99 at_most 1.2 route query\n"
            "latency p99.9 at_most 250ms\n"
            "difference_rate at_most 0.0001\n"
            "error_classes forbid ProvisionedThroughputExceededException,Throttled\n"
            "evidence evaluations_min 10000 duration_min 600s\n"
            "confidence 0.95\n");
}

TEST(Criteria, NothingAgreedIsAnEmptyList) {
  auto criteria = parse("");
  ASSERT_TRUE(criteria.ok());
  EXPECT_TRUE(criteria->list.empty());
}

TEST(Criteria, HashIsTheSameForTheSameMeaning) {
  auto one = parse(
      "- { evidence: { duration_min: 10m, evaluations_min: 5 } }\n"
      "- { success_rate: { no_worse_by: 0.1% } }\n");
  auto two = parse(
      "- evidence: { evaluations_min: 5, duration_min: 600s }\n"
      "- success_rate: { no_worse_by: 0.001 }\n"
      "- confidence: 95%\n");
  ASSERT_TRUE(one.ok());
  ASSERT_TRUE(two.ok()) << two.error().context;
  EXPECT_EQ(one->hash(), two->hash());
  EXPECT_EQ(one->hash().size(), 64U);
}

TEST(Criteria, HashChangesWithAMarginAndWithTheConfidence) {
  const auto hash = [](const std::string& yaml) { return parse(yaml)->hash(); };
  const std::string agreed = "- { success_rate: { no_worse_by: 0.1% } }\n";
  EXPECT_NE(hash(agreed), hash("- { success_rate: { no_worse_by: 0.2% } }\n"));
  EXPECT_NE(hash(agreed), hash(agreed + "- { confidence: 99% }\n"));
}

TEST(Criteria, HashIsSha256OfTheCanonicalText) {
  // printf 'success_rate no_worse_by 0.001\nconfidence 0.95\n' | sha256sum
  EXPECT_EQ(parse("- { success_rate: { no_worse_by: 0.1% } }\n")->hash(),
            "904ef66622f1d7cbdfb5185d884ba6ecb6442440e3cdee6fd35ab87f0bd0b002");
}

TEST(Criteria, QuantilesAreReadAsPeopleWriteThem) {
  EXPECT_DOUBLE_EQ(parse_quantile("p50").value(), 0.5);
  EXPECT_DOUBLE_EQ(parse_quantile("P99").value(), 0.99);
  EXPECT_DOUBLE_EQ(parse_quantile("p999").value(), 0.999);
  EXPECT_DOUBLE_EQ(parse_quantile("p99.9").value(), 0.999);
  EXPECT_DOUBLE_EQ(parse_quantile("0.999").value(), 0.999);
  EXPECT_DOUBLE_EQ(parse_quantile("p5").value(), 0.05);
  for (const char* wrong :
       {"", "p", "p0", "p100", "p150", "p1000", "1", "0", "-0.5", "p-5", "median", "99"}) {
    EXPECT_FALSE(parse_quantile(wrong)) << wrong;
  }
  EXPECT_EQ(quantile_name(0.999), "p99.9");
  EXPECT_EQ(quantile_name(0.5), "p50");
}

// Errors.

TEST(Criteria, UnknownKeyNamesTheNearestAndThePlace) {
  EXPECT_THAT(error_of("- { sucess_rate: { no_worse_by: 0.1% } }"), HasSubstr("success_rate"));
  const std::string message = error_of("- { latency: { quantile: p50, atmost: 1.1 } }");
  EXPECT_THAT(message, HasSubstr("understudy.yaml:1"));
  EXPECT_THAT(message, HasSubstr("at_most"));
}

TEST(Criteria, AMarginOfZeroIsRefusedWithTheReason) {
  EXPECT_THAT(error_of("- { success_rate: { no_worse_by: 0 } }"),
              HasSubstr("0 can never be shown"));
  EXPECT_THAT(error_of("- { difference_rate: { at_most: 0% } }"),
              HasSubstr("0 can never be shown"));
}

TEST(Criteria, ValuesOutOfRangeAreRefused) {
  for (const char* wrong :
       {"- { success_rate: { no_worse_by: 150% } }",
        "- { success_rate: { no_worse_by: -1% } }",
        "- { success_rate: {} }",
        "- { latency: { quantile: p50 } }",
        "- { latency: { quantile: p200, at_most: 1.1 } }",
        "- { latency: { quantile: p50, at_most: fast } }",
        "- { latency: { quantile: p50, at_most: 0 } }",
        "- { latency: { quantile: p50, at_most: 0ms } }",
        "- { latency: { quantile: [p50], at_most: 1.1 } }",
        "- { evidence: {} }",
        "- { evidence: { evaluations_min: 0 } }",
        "- { error_classes: { forbid: [] } }",
        "- { error_classes: { forbid: x } }",
        "- { confidence: 5% }",
        "- { confidence: 100% }",
        "- { confidence: 95% }\n- { confidence: 99% }",
        "- 5",
        "- {}",
        "success_rate: 1",
        "- { confidence: 95%, route: query }",
        "- { success_rate: { no_worse_by: 1% }, evidence: { evaluations_min: 5 } }"}) {
    EXPECT_NE(error_of(wrong), "accepted") << wrong;
  }
}

TEST(Criteria, TheSameQuestionTwiceIsRefused) {
  EXPECT_THAT(error_of("- { latency: { quantile: p99, at_most: 1.1 } }\n"
                       "- { latency: { quantile: 0.99, at_most: 1.2 } }\n"),
              HasSubstr("given twice"));
  EXPECT_EQ(error_of("- { latency: { quantile: p99, at_most: 1.1 } }\n"
                     "- { latency: { quantile: p99, at_most: 1.2 }, route: query }\n"),
            "accepted");
}

TEST(Criteria, TooManyEntriesAreRefused) {
  std::string yaml;
  for (int i = 0; i < 65; ++i) {
    yaml += "- { success_rate: { no_worse_by: 1% }, route: r" + std::to_string(i) + " }\n";
  }
  EXPECT_THAT(error_of(yaml), HasSubstr("more than 64"));
}

}  // namespace
}  // namespace understudy::judge
