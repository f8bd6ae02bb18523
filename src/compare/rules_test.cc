#include "compare/rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/config_yaml.h"
#include "compare/comparator_options.h"
#include "compare/path.h"

namespace understudy::compare {
namespace {

using ::testing::HasSubstr;

std::string round_trip(const char* text) {
  const auto path = PathPattern::parse(text);
  return path.ok() ? path->text() : path.error().context;
}

TEST(PathPattern, KeepsItsMeaningInItsCanonicalText) {
  EXPECT_EQ(round_trip("$"), "$");
  EXPECT_EQ(round_trip("$.a.b[0].c"), "$.a.b[0].c");
  EXPECT_EQ(round_trip("$.rows[*][*]"), "$.rows[*][*]");
  EXPECT_EQ(round_trip("$.*"), "$[*]");
  EXPECT_EQ(round_trip("$..name"), "$..name");
  EXPECT_EQ(round_trip("$..*"), "$..[*]");
  EXPECT_EQ(round_trip("$..[2]"), "$..[2]");
  EXPECT_EQ(round_trip("$['two words'][\"it's\"]"), "$['two words']['it\\'s']");
  EXPECT_EQ(round_trip("$..['x.y']"), "$..['x.y']");
  EXPECT_EQ(round_trip("$['a\\u0001\\n']"), "$['a\\u0001\\u000a']");
  EXPECT_EQ(round_trip("$.größe"), "$.größe");
  EXPECT_EQ(round_trip("status"), "status");
  EXPECT_EQ(round_trip("headers.Content-Type"), "headers.content-type");
}

TEST(PathPattern, ErrorsPointAtTheCharacter) {
  EXPECT_THAT(round_trip("rows"), HasSubstr("expected '$', 'status' or 'headers' at character 1"));
  EXPECT_THAT(round_trip("$.rows[x]"),
              HasSubstr("expected an index, '*' or a quoted name at character 8"));
  EXPECT_THAT(round_trip("$.a b"), HasSubstr("at character 4"));
  EXPECT_THAT(round_trip("$."), HasSubstr("expected a name or '*' at character 3"));
  EXPECT_THAT(round_trip("$[1"), HasSubstr("expected ']' at character 4"));
  EXPECT_THAT(round_trip("$['a"), HasSubstr("expected the closing quote at character 5"));
  EXPECT_THAT(round_trip("$['a\\x']"), HasSubstr("an unknown escape at character 5"));
  EXPECT_THAT(round_trip("$['\\ud800']"), HasSubstr("surrogate"));
  EXPECT_THAT(round_trip("$[99999999999]"), HasSubstr("too large"));
  EXPECT_THAT(round_trip("$[-1]"), HasSubstr("at character 3"));
  EXPECT_THAT(round_trip("status.x"), HasSubstr("nothing is below 'status'"));
  EXPECT_THAT(round_trip("headers.a.b"), HasSubstr("one field name"));
  EXPECT_THAT(round_trip(""), HasSubstr("at character 1"));
}

TEST(PathPattern, IsBounded) {
  std::string deep = "$";
  for (int i = 0; i < 100; ++i) deep += ".a";
  EXPECT_THAT(PathPattern::parse(deep).error().context, HasSubstr("more than 64 steps"));
  EXPECT_FALSE(PathPattern::parse("$." + std::string(5000, 'a')).ok());
}

TEST(Rule, ItsTextReadsBackAsTheSameRule) {
  const char* texts[] = {
      R"({"path": "$.a", "ignore": true})",
      R"({"path": "$['a\"b\\\\']", "redact": true})",
      R"({"path": "$.rows", "unordered": true})",
      R"({"path": "$.rows", "match_by": ["id", "a b"]})",
      R"({"path": "$.rows[*][*]", "trim": "all", "case": "ignore", "coerce": ["number", "null"]})",
      R"({"path": "$.name", "unicode": "normalise"})",
      R"({"path": "$..t", "time_unit": "ms:iso"})",
      R"({"path": "$..t", "time_unit": "any", "absolute": 0.005, "relative": 1e-09, "ulps": 4})",
  };
  for (const char* text : texts) {
    const auto rule = Rule::parse(text);
    ASSERT_TRUE(rule.ok()) << rule.error().context;
    const auto again = Rule::parse(rule->text());
    ASSERT_TRUE(again.ok()) << rule->text();
    EXPECT_EQ(*again, *rule) << rule->text();
  }
}

TEST(Rules, ErrorsNameThePlaceAndWhatWasMeant) {
  const auto complaint = [](const char* text) {
    const auto rules = Rules::parse_text(text);
    return rules.ok() ? std::string("accepted") : rules.error().context;
  };
  EXPECT_THAT(complaint("[{path: '$.a', ulp: 4}]"), HasSubstr("ulps"));
  EXPECT_THAT(complaint("[{path: '$.a'}]"), HasSubstr("accepts nothing"));
  EXPECT_THAT(complaint("[{ulps: 4}]"), HasSubstr("path"));
  EXPECT_THAT(complaint("[{path: '$[', ignore: true}]"), HasSubstr("at character 3"));
  EXPECT_THAT(complaint("[{path: '@.a', ignore: true}]"), HasSubstr("enclosing rule"));
  EXPECT_THAT(complaint("[{path: '$.a', absolute: -1}]"), HasSubstr("at least 0"));
  EXPECT_THAT(complaint("[{path: '$.a', time_unit: 'm:s'}]"), HasSubstr("'m' is no time unit"));
  EXPECT_THAT(complaint("[{path: '$.a', coerce: text}]"), HasSubstr("'text' is no coercion"));
  EXPECT_THAT(complaint("[{path: '$.a', case: upper}]"), HasSubstr("ignore or exact"));
  EXPECT_THAT(complaint("[{path: '$.a', ulps: -1}]"), HasSubstr("-1"));
  EXPECT_THAT(complaint("{path: '$.a'}"), HasSubstr("accepted"));  // a section without rules
  EXPECT_THAT(complaint("[{path: '$.a', match_by: []}]"), HasSubstr("at least one"));
}

TEST(Rules, AreBoundedInNumberAndNesting) {
  std::string many = "[";
  for (int i = 0; i < 600; ++i) many += "{path: '$.a', ignore: true},";
  EXPECT_FALSE(Rules::parse_text(many + "]").ok());
  std::string deep = "[{path: '$', ignore: true";
  std::string end = "}]";
  for (int i = 0; i < 10; ++i) {
    deep += ", rules: [{path: '@', ignore: true";
    end += "}]";
  }
  EXPECT_THAT(Rules::parse_text(deep + end).error().context, HasSubstr("nested deeper"));
}

TEST(Rule, WidenedAcceptsWhatEitherAccepts) {
  const auto wide = [](const char* a, const char* b) {
    return Rule::parse(a)->widened(*Rule::parse(b)).text();
  };
  EXPECT_EQ(wide("{path: $.a, ulps: 1}", "{path: $.a, ulps: 3}"), R"({"path": "$.a", "ulps": 3})");
  EXPECT_EQ(wide("{path: $.a, absolute: 0.05}", "{path: $.a, absolute: 0.005}"),
            R"({"path": "$.a", "absolute": 0.05})");
  EXPECT_EQ(wide("{path: $.a, time_unit: 's:ms'}", "{path: $.a, time_unit: 's:us'}"),
            R"({"path": "$.a", "time_unit": "any"})");
}

TEST(ComparatorOptions, AreReadFromTheirSection) {
  const auto read = [](const char* text) {
    return ComparatorOptions::parse(*base::parse_yaml(text, "test.yaml"));
  };
  const auto options =
      read("{differences_max: 7, body_bytes_max: 2MiB, headers: [ETag], rules: []}");
  ASSERT_TRUE(options.ok()) << options.error().context;
  EXPECT_EQ(options->differences_max, 7U);
  EXPECT_EQ(options->body_bytes_max, 2U << 20);
  EXPECT_EQ(options->decoded_bytes_max, 16U << 20);
  EXPECT_EQ(options->headers, std::vector<std::string>{"etag"});
  EXPECT_THAT(read("{differences_max: 0}").error().context, HasSubstr("differences_max"));
  EXPECT_THAT(read("{differences_mx: 1}").error().context, HasSubstr("differences_max"));
  EXPECT_THAT(read("{json_depth_max: 99999}").error().context, HasSubstr("json_depth_max"));
  EXPECT_EQ(*parse_body_kind("table"), BodyKind::kTable);
  EXPECT_FALSE(parse_body_kind("tables").ok());
}

}  // namespace
}  // namespace understudy::compare
