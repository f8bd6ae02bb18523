#include "http/trace_context.h"

#include <gtest/gtest.h>

#include <string>

namespace understudy::http {
namespace {

constexpr std::string_view kParent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

TEST(TraceparentTest, RoundTrips) {
  const auto parent = parse_traceparent(kParent);
  ASSERT_TRUE(parent.has_value());
  EXPECT_TRUE(parent->sampled());
  EXPECT_EQ(trace_id_hex(parent->trace_id), "0af7651916cd43dd8448eb211c80319c");
  EXPECT_EQ(span_id_hex(parent->parent_id), "b7ad6b7169203331");
  EXPECT_EQ(format_traceparent(*parent), kParent);
}

TEST(TraceparentTest, KeepsTheRandomFlagAndWritesUnknownFlagsAsZero) {
  const std::string head(kParent.substr(0, 53));
  EXPECT_EQ(format_traceparent(*parse_traceparent(head + "ff")), head + "03");
  EXPECT_EQ(format_traceparent(*parse_traceparent(head + "02")), head + "02");
  EXPECT_FALSE(parse_traceparent(head + "02")->sampled());
}

TEST(TraceparentTest, RefusesWhatTheSpecificationCallsInvalid) {
  for (std::string_view bad : {
           "",
           "00",
           "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
           "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
           "00-00000000000000000000000000000000-b7ad6b7169203331-01",
           "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
           "00-0AF7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
           "00-0af7651916cd43dd8448eb211c80319c-B7ad6b7169203331-01",
           "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0A",
           "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-x",
           "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01 ",
           "00_0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
           "00-0af7651916cd43dd8448eb211c80319g-b7ad6b7169203331-01",
           "0x-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
           "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01x",
       }) {
    EXPECT_FALSE(parse_traceparent(bad).has_value()) << bad;
  }
}

TEST(TraceparentTest, AHigherVersionIsReadAsVersionZero) {
  const auto parent =
      parse_traceparent("cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-what-comes-later");
  ASSERT_TRUE(parent.has_value());
  EXPECT_EQ(format_traceparent(*parent), kParent);
  EXPECT_TRUE(parse_traceparent("01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"));
}

TEST(TraceContextTest, ContinuesTheCallersTraceWithANewSpan) {
  base::Rng rng(1);
  const Fields fields{{"traceparent", kParent}, {"tracestate", "a=1"}, {"tracestate", "b=2"}};
  TraceContext context;
  continue_or_begin_trace(fields, rng, context);
  EXPECT_TRUE(context.remote);
  EXPECT_EQ(format_traceparent(context.parent), kParent);
  EXPECT_EQ(context.tracestate, "a=1,b=2");
  const TraceParent child = child_of(context.parent, rng);
  EXPECT_EQ(child.trace_id, context.parent.trace_id);
  EXPECT_NE(child.parent_id, context.parent.parent_id);
  EXPECT_EQ(child.flags, context.parent.flags);
}

TEST(TraceContextTest, WithoutAValidParentThereIsNoTraceUnlessOneIsBegun) {
  base::Rng rng(1);
  for (const Fields& fields :
       {Fields{{"tracestate", "a=1"}}, Fields{{"traceparent", "00-x"}, {"tracestate", "a=1"}},
        Fields{{"traceparent", kParent}, {"traceparent", kParent}, {"tracestate", "a=1"}}}) {
    TraceContext none;
    continue_trace(fields, none);
    EXPECT_FALSE(none.present);
    EXPECT_EQ(none.tracestate, "");
    TraceContext context;
    continue_or_begin_trace(fields, rng, context);
    EXPECT_TRUE(context.present);
    EXPECT_FALSE(context.remote);
    EXPECT_EQ(context.tracestate, "");
    EXPECT_TRUE(context.parent.sampled());
    EXPECT_TRUE(parse_traceparent(format_traceparent(context.parent)).has_value());
    EXPECT_NE(trace_id_hex(context.parent.trace_id), std::string(kParent.substr(3, 32)));
  }
}

TEST(TraceContextTest, AnInvalidTracestateDoesNotCostTheTrace) {
  TraceContext context;
  continue_trace(Fields{{"traceparent", kParent}, {"tracestate", "A=1"}}, context);
  EXPECT_TRUE(context.remote);
  EXPECT_EQ(context.tracestate, "");
}

std::optional<std::string> combined(std::string_view value) {
  return combine_tracestate(Fields{{"tracestate", value}});
}

TEST(TracestateTest, DropsEmptyMembersAndSpace) {
  EXPECT_EQ(combined(" a=1 ,\t, tenant@vendor=x y ,"), "a=1,tenant@vendor=x y");
  EXPECT_EQ(combined(""), "");
}

TEST(TracestateTest, RefusesMalformedRepeatedAndTooManyMembers) {
  for (std::string_view bad :
       {"a", "a=", "=1", "A=1", "a b=1", "_a=1", "a=1=2", "a=1,a=2", "a=\xc3\xa9"}) {
    EXPECT_EQ(combined(bad), std::nullopt) << bad;
  }
  EXPECT_EQ(combined(std::string(257, 'k') + "=1"), std::nullopt);
  EXPECT_EQ(combined("k=" + std::string(257, 'v')), std::nullopt);
  std::string many;
  for (int i = 0; i < 32; ++i) many += "k" + std::to_string(i) + "=1,";
  EXPECT_TRUE(combined(many).has_value());
  EXPECT_EQ(combined(many + "k32=1"), std::nullopt);
}

TEST(TracestateTest, ShortensByWholeMembersLargeOnesFirst) {
  const std::string large = "large=" + std::string(200, 'x');
  std::string members = "first=1," + large;
  for (int i = 0; i < 4; ++i) members += ",k" + std::to_string(i) + "=" + std::string(90, 'v');
  const auto shortened = combined(members);
  ASSERT_TRUE(shortened.has_value());
  EXPECT_LE(shortened->size(), 512U);
  EXPECT_EQ(shortened->find("large"), std::string::npos);
  EXPECT_NE(shortened->find("first=1,k0="), std::string::npos);
  EXPECT_NE(shortened->find("k3="), std::string::npos);
  std::string small;
  for (int i = 0; i < 30; ++i) small += "k" + std::to_string(i) + "=0123456789012345678,";
  const auto cut = combined(small);
  ASSERT_TRUE(cut.has_value());
  EXPECT_LE(cut->size(), 512U);
  EXPECT_TRUE(cut->starts_with("k0="));
  EXPECT_EQ(cut->find("k29="), std::string::npos);
}

TEST(TracestateTest, OneMemberOverTheLimitLeavesNothing) {
  EXPECT_EQ(combined(std::string(256, 'k') + "=" + std::string(256, 'v')), "");
}

}  // namespace
}  // namespace understudy::http
