// Bodies written to hurt: each must end within its bounds, and say which.
#include <string>

#include "base/text.h"
#include "compare/comparator_fixture.h"

namespace understudy::compare {
namespace {

using ::testing::AnyOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class HostileBodyTest : public ComparatorTest {
 protected:
  HostileBodyTest() { options.body_bytes_max = options.decoded_bytes_max = 32 << 20; }
};

std::string repeated(const std::string& piece, size_t count) {
  std::string out;
  out.reserve(piece.size() * count);
  for (size_t i = 0; i < count; ++i) out += piece;
  return out;
}

TEST_F(HostileBodyTest, TenMegabytesOfBrackets) {
  bodies(std::string(10 << 20, '['), "[]");
  EXPECT_EQ(outcome(), Outcome::kIncomparable);
  EXPECT_THAT(compare().reason, HasSubstr("json_depth_max"));
}

TEST_F(HostileBodyTest, ArraysNestedAsDeepAsIsAllowedOnEveryLevelWithNeighbours) {
  options.json_depth_max = ComparatorOptions::kJsonDepthLimit;
  std::string open;
  std::string close_a;
  std::string close_b;
  for (int i = 0; i < 1000; ++i) {
    open += "[[1,2,3,4,5,6,7,8],";
    close_a += ",3]";
    close_b += ",4]";
  }
  bodies(open + "1" + close_a, open + "2" + close_b);
  EXPECT_EQ(outcome(), Outcome::kMismatch);
  EXPECT_EQ(compare().difference_count(), 1001U);
}

TEST_F(HostileBodyTest, ObjectsWithMembersInReverseOnEveryLevel) {
  std::string a;
  std::string b;
  for (int i = 0; i < 100; ++i) {
    a += "{\"x\":1,\"y\":";
    b += "{\"y\":";
  }
  a += "0" + std::string(100, '}');
  b += "0" + repeated(",\"x\":1}", 100);
  bodies(a, b);
  EXPECT_EQ(outcome(), Outcome::kMatch);
}

TEST_F(HostileBodyTest, AHundredThousandMembersOfOneName) {
  bodies("{" + repeated("\"a\":1,", 100'000) + "\"b\":1}",
         "{\"b\":1" + repeated(",\"a\":1", 100'000) + "}");
  EXPECT_EQ(outcome(), Outcome::kMatch);
}

TEST_F(HostileBodyTest, AHundredThousandMembersInAnotherOrder) {
  std::string a;
  std::string b;
  for (int i = 0; i < 100'000; ++i) {
    const std::string member = "\"key" + std::to_string(i) + "\":1";
    a += (a.empty() ? "" : ",") + member;
    b.insert(0, member + (b.empty() ? "" : ","));
    if (b.size() > 200'000) break;
  }
  bodies("{" + a + "}", "{" + b + "}");
  EXPECT_EQ(outcome(), Outcome::kMatch);
}

TEST_F(HostileBodyTest, ManyUnorderedItemsThatAreAllAlmostAlike) {
  rule("{path: $, unordered: true}");
  rule("{path: '$[*].v', absolute: 1}");
  bodies("[" + repeated("{\"v\":1},", 50'000) + "{\"v\":1}]",
         "[" + repeated("{\"v\":9},", 50'000) + "{\"v\":9}]");
  EXPECT_EQ(outcome(), Outcome::kMismatch);
}

TEST_F(HostileBodyTest, UnorderedInsideUnorderedInsideUnordered) {
  rule("{path: $, unordered: true}");
  rule("{path: '$..*', unordered: true}");
  rule("{path: '$..*', ulps: 1}");
  std::string a = "1";
  std::string b = "2";
  for (int i = 0; i < 12; ++i) {
    a = "[" + a + "," + a + "]";
    b = "[" + b + "," + b + "]";
  }
  bodies(a, b);
  EXPECT_THAT(outcome(), AnyOf(Outcome::kMismatch, Outcome::kIncomparable));
}

TEST_F(HostileBodyTest, AStringOfManyMegabytes) {
  bodies("[\"" + std::string(20 << 20, 'a') + "\"]", "[\"" + std::string(20 << 20, 'b') + "\"]");
  EXPECT_EQ(outcome(), Outcome::kMismatch);
  EXPECT_LE(compare().differences[0].control_value.size(), options.value_bytes_max);
}

TEST_F(HostileBodyTest, ANumberOfAMillionDigits) {
  bodies("[" + std::string(1 << 20, '1') + "]", "[" + std::string(1 << 20, '2') + "]");
  EXPECT_EQ(outcome(), Outcome::kMismatch);
  rule("{path: '$[*]', absolute: 1, relative: 0.1, ulps: 3, coerce: all, time_unit: any}");
  EXPECT_EQ(outcome(), Outcome::kMismatch);
}

TEST_F(HostileBodyTest, EveryRowHasOtherColumns) {
  std::string a;
  std::string b;
  for (int i = 0; i < 10'000; ++i) {
    a += (a.empty() ? "" : ",") + std::string("{\"a") + std::to_string(i) + "\":1}";
    b += (b.empty() ? "" : ",") + std::string("{\"b") + std::to_string(i) + "\":1}";
  }
  bodies("[" + a + "]", "[" + b + "]");
  EXPECT_EQ(outcome(), Outcome::kMismatch);
}

TEST_F(HostileBodyTest, AColumnNameOfAMegabyteIsNotRepeatedInTheReport) {
  const std::string name(1 << 20, 'n');
  bodies("[{\"" + name + "\":1}]", "[{\"" + name + "\":2}]");
  EXPECT_LE(difference().path.size(), options.path_bytes_max + 8);
  EXPECT_LE(difference().path_pattern.size(), options.path_bytes_max + 8);
  EXPECT_LE(difference().column.size(), options.value_bytes_max + 8);
  EXPECT_EQ(difference().rule, "");
}

std::string numbered(size_t count, const std::string& before, const std::string& behind) {
  std::string out;
  for (size_t i = 0; i < count; ++i) {
    out += base::cat(i == 0 ? "" : ",", before, i, behind);
  }
  return out;
}

TEST_F(HostileBodyTest, RowsMuchLongerThanTheListOfTheirColumns) {
  const std::string rows = numbered(400, "[" + repeated("1,", 4090), "]");
  bodies("{\"columns\":[\"a\"],\"rows\":[" + rows + "]}",
         "{\"columns\":[\"b\"],\"rows\":[" + rows + "]}");
  EXPECT_THAT(found(), ElementsAre("missing $.rows[*].a", "extra $.rows[*].b"));
}

TEST_F(HostileBodyTest, ShortRowsMatchedByTheLastOfManyColumns) {
  rule("{path: $.rows, match_by: [c3999]}");
  const std::string columns = "{\"columns\":[" + numbered(4000, "\"c", "\"") + "],\"rows\":[";
  bodies(columns + numbered(200'000, "[", "]") + "]}",
         columns + "[7]," + numbered(199'999, "[", "]") + "]}");
  EXPECT_EQ(outcome(), Outcome::kMismatch);
}

TEST_F(HostileBodyTest, ManyRulesThatHoldAtAnyDepth) {
  for (int i = 0; i < 500; ++i) rule(base::cat("{path: '$..a..b..c..k", i, "', ignore: true}"));
  std::string open;
  for (int i = 0; i < 40; ++i) open += "{\"a\":{\"b\":{\"c\":";
  bodies(open + "1" + std::string(120, '}'), open + "2" + std::string(120, '}'));
  EXPECT_EQ(outcome(), Outcome::kMismatch);
}

TEST_F(HostileBodyTest, WorkRunsOutInsteadOfTime) {
  options.work_max = 1'000'000;
  rule("{path: $, unordered: true}");
  rule("{path: '$[*][*]', absolute: 1}");
  bodies("[" + repeated("[1,5],", 100'000) + "[1,5]]",
         "[" + repeated("[1,9],", 100'000) + "[1,9]]");
  EXPECT_EQ(outcome(), Outcome::kIncomparable);
  EXPECT_THAT(compare().reason, HasSubstr("work_max"));
}

}  // namespace
}  // namespace understudy::compare
