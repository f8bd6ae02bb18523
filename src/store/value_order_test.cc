#include "store/value_order.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

namespace understudy::store {
namespace {

using event::Value;
using event::ValueView;

constexpr std::int64_t kTwoTo53 = 9'007'199'254'740'992;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

bool less(ValueView a, ValueView b) { return filter_compare(a, b) < 0; }

TEST(ValueOrder, IntsAndDoublesCompareExactlyBeyondTheirCommonRange) {
  EXPECT_TRUE(filter_equal(kTwoTo53, 9007199254740992.0));
  EXPECT_FALSE(filter_equal(kTwoTo53 + 1, 9007199254740992.0));
  EXPECT_TRUE(less(9007199254740992.0, kTwoTo53 + 1));
  EXPECT_TRUE(less(5, 5.5));
  EXPECT_TRUE(less(-5.5, -5));
  EXPECT_TRUE(less(std::numeric_limits<std::int64_t>::max(), 9223372036854775808.0));
  EXPECT_TRUE(less(-kInfinity, std::numeric_limits<std::int64_t>::min()));
  EXPECT_TRUE(filter_equal(std::numeric_limits<std::int64_t>::min(), -9223372036854775808.0));
}

TEST(ValueOrder, KindsDoNotMeet) {
  EXPECT_FALSE(filter_equal(5, "5"));
  EXPECT_FALSE(less(5, "6"));
  EXPECT_FALSE(less("6", 5));
  EXPECT_FALSE(less(ValueView(), 5));
  EXPECT_FALSE(filter_equal(true, 1));
}

TEST(ValueOrder, ResultsHaveOneTotalOrder) {
  const std::vector<Value> ascending = {Value(),
                                        false,
                                        true,
                                        -kInfinity,
                                        std::numeric_limits<std::int64_t>::min(),
                                        -1,
                                        0,
                                        0.0,
                                        5,
                                        5.0,
                                        5.5,
                                        kTwoTo53,
                                        kTwoTo53 + 1,
                                        9007199254740992.0,
                                        kInfinity,
                                        std::nan(""),
                                        "",
                                        "5",
                                        "a",
                                        "\xC3\xA4"};
  for (std::size_t i = 0; i < ascending.size(); ++i) {
    for (std::size_t j = 0; j < ascending.size(); ++j) {
      EXPECT_EQ(order_values(ascending[i].view(), ascending[j].view()) < 0, i < j) << i << " " << j;
      EXPECT_EQ(order_values(ascending[i].view(), ascending[j].view()) == 0, i == j);
    }
  }
  EXPECT_TRUE(order_values(-0.0, 0.0) == 0);
}

TEST(ValueOrder, BoundsKnowWhereInt64Ends) {
  EXPECT_EQ(floor_to_int(2.5).value, 2);
  EXPECT_EQ(ceil_to_int(2.5).value, 3);
  EXPECT_EQ(floor_to_int(-2.5).value, -3);
  EXPECT_EQ(floor_to_int(1e19).where, IntegerBound::Where::kAbove);
  EXPECT_EQ(ceil_to_int(-kInfinity).where, IntegerBound::Where::kBelow);
  EXPECT_EQ(floor_to_int(-9223372036854775808.0).value, std::numeric_limits<std::int64_t>::min());
}

}  // namespace
}  // namespace understudy::store
