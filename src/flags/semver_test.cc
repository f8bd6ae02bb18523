#include "flags/semver.h"

#include <gtest/gtest.h>

#include "flags/rfc3339.h"

namespace understudy::flags {
namespace {

SemVer version(std::string_view text) {
  const std::optional<SemVer> parsed = SemVer::parse(text);
  EXPECT_TRUE(parsed.has_value()) << text;
  return parsed.value_or(SemVer{});
}

TEST(SemVer, OrdersAsTheSpecificationSays) {
  const char* const ascending[] = {"1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta",
                                   "1.0.0-beta",  "1.0.0-beta.2",  "1.0.0-beta.11",
                                   "1.0.0-rc.1",  "1.0.0",         "1.0.1",
                                   "1.1.0",       "1.10.0",        "2.0.0"};
  for (size_t i = 0; i + 1 < std::size(ascending); ++i) {
    EXPECT_LT(version(ascending[i]), version(ascending[i + 1])) << ascending[i];
  }
}

TEST(SemVer, MissingPartsAreZeroAndBuildMetadataDoesNotCount) {
  EXPECT_EQ(version("2"), version("2.0.0"));
  EXPECT_EQ(version("2.0"), version("2.0.0+build.7"));
  EXPECT_EQ(version("2-rc1"), version("2.0.0-rc1"));
}

TEST(SemVer, RefusesWhatIsNoVersion) {
  for (const char* text : {"", "v2.0.0", "02.0.0", "2.0.0.0", "2.", "2.x", "2.0.0-", "2.0.0-01",
                           "2.0.0-a..b", "2.0.0+", "-1", " 2.0.0", "99999999999999999999.0.0"}) {
    EXPECT_FALSE(SemVer::parse(text)) << text;
  }
}

TEST(Rfc3339, ReadsTheSameMomentInEveryZone) {
  EXPECT_EQ(parse_rfc3339_ms("1970-01-01T00:00:00Z"), 0.0);
  EXPECT_EQ(parse_rfc3339_ms("2017-12-06T00:00:00.000-07:00"), 1512543600000.0);
  EXPECT_EQ(parse_rfc3339_ms("2017-12-06T07:00:00Z"), 1512543600000.0);
  EXPECT_EQ(parse_rfc3339_ms("2017-12-06t07:00:00.5z"), 1512543600500.0);
  EXPECT_EQ(parse_rfc3339_ms("2024-02-29T12:00:00+05:30"), 1709188200000.0);
}

TEST(Rfc3339, RefusesEverythingElse) {
  for (const char* text : {"", "2017-12-06", "2017-12-06X00:00:00.000-07:00", "00:00:00.000-07:00",
                           "1512543600000", "2017-12-06T00:00:00", "2017-12-06T00:00:00.Z",
                           "2017-02-29T00:00:00Z", "2017-13-01T00:00:00Z", "2017-12-06T24:00:00Z",
                           "2017-12-06T00:00:00Zx", "2017-12-06T00:00:00+0530", "badstring"}) {
    EXPECT_FALSE(parse_rfc3339_ms(text)) << text;
  }
}

}  // namespace
}  // namespace understudy::flags
