#include "app/descriptor_limit.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include "app/admin_server.h"

namespace understudy::app {
namespace {

constexpr uint64_t kAdminMax = 2048;

TEST(DescriptorDivision, WithEnoughForAllTheAdminInterfaceHasItsUsualBound) {
  const auto division = DescriptorDivision::of(1 << 20, kAdminMax);
  EXPECT_EQ(division.admin_connections_max, kAdminMax);
  EXPECT_EQ(division.data_plane_max, (1u << 20) - kAdminMax - 256);
}

TEST(DescriptorDivision, WithFewEverybodyHasSome) {
  for (const uint64_t limit : {128u, 256u, 1024u, 4096u}) {
    const auto division = DescriptorDivision::of(limit, kAdminMax);
    EXPECT_GE(division.admin_connections_max, 16u) << limit;
    EXPECT_GE(division.data_plane_max, limit / 2) << limit;
    EXPECT_LE(division.data_plane_max + division.admin_connections_max + 48, limit);
  }
  EXPECT_EQ(DescriptorDivision::of(20, kAdminMax).data_plane_max, 0u);
}

TEST(DescriptorLimit, IsRaisedAsFarAsItMayBe) {
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit low{.rlim_cur = 100, .rlim_max = before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &low), 0);
  EXPECT_EQ(raise_descriptor_limit(), before.rlim_max);
  rlimit after{};
  getrlimit(RLIMIT_NOFILE, &after);
  EXPECT_EQ(after.rlim_cur, before.rlim_max);
  setrlimit(RLIMIT_NOFILE, &before);
}

}  // namespace
}  // namespace understudy::app
