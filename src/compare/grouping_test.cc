#include "compare/grouping.h"

#include "compare/comparator_fixture.h"

namespace understudy::compare {
namespace {

using ::testing::HasSubstr;

class GroupingTest : public ComparatorTest {
 protected:
  void add_all(DifferenceGroups& groups) {
    for (const Difference& difference : compare().differences) groups.add("query", difference);
  }
};

TEST_F(GroupingTest, DifferencesOfOneCauseAreOneGroupWithTheRuleThatAcceptsThemAll) {
  DifferenceGroups groups;
  bodies(
      R"([{"v":0.3,"n":"a"},{"v":0.7,"n":"b"},{"v":1.5,"n":"c"}])",
      R"([{"v":0.30000000000000004,"n":"a"},{"v":0.7000000000000003,"n":"b"},{"v":1.5,"n":"x"}])");
  add_all(groups);
  const auto found = groups.groups();
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].count, 2U);
  EXPECT_EQ(found[0].distance_max, 3);
  EXPECT_EQ(found[0].rule, R"({"path": "$[*].v", "ulps": 3})");
  EXPECT_EQ(found[0].describe(), "66.7% float within 3 ULP at $[*].v (2)");
  EXPECT_EQ(found[1].describe(), "33.3% cell unexplained at $[*].n (1)");

  rule(found[0].rule);
  EXPECT_EQ(compare().difference_count(), 1U);
}

TEST_F(GroupingTest, BeyondTheBoundNewKindsAreOnlyCounted) {
  DifferenceGroups groups({.groups_max = 2, .examples_max = 1});
  bodies(R"({"a":1,"b":1,"c":1})", R"({"a":2,"b":2,"c":2})");
  add_all(groups);
  add_all(groups);
  EXPECT_EQ(groups.groups().size(), 2U);
  EXPECT_EQ(groups.groups()[0].count, 2U);
  EXPECT_EQ(groups.groups()[0].examples.size(), 1U);
  EXPECT_EQ(groups.ungrouped(), 2U);
  EXPECT_EQ(groups.total(), 6U);
}

TEST_F(GroupingTest, GroupsOfTwoThreadsAddUp) {
  DifferenceGroups one;
  DifferenceGroups two;
  bodies(R"({"a":1.5})", R"({"a":1.5000000000000002})");
  add_all(one);
  bodies(R"({"a":1.5})", R"({"a":1.5000000000000004})");
  add_all(two);
  add_all(two);
  one.merge(two);
  ASSERT_EQ(one.groups().size(), 1U);
  EXPECT_EQ(one.groups()[0].count, 3U);
  EXPECT_THAT(one.groups()[0].rule, HasSubstr("\"ulps\": 2"));
}

}  // namespace
}  // namespace understudy::compare
