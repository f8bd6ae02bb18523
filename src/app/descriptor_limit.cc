#include "app/descriptor_limit.h"

#include <sys/resource.h>

#include <algorithm>

namespace understudy::app {

uint64_t raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  const rlim_t before = limit.rlim_cur;
  limit.rlim_cur = limit.rlim_max;
  return setrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : before;
}

DescriptorDivision DescriptorDivision::of(uint64_t limit, size_t admin_connections_max) {
  // Standard streams, the event log with its next file, SQLite's three, the engine's library and
  // what it spills, the loops' own.
  constexpr uint64_t kFilesMin = 48;
  constexpr uint64_t kFilesMax = 256;
  constexpr uint64_t kAdminMin = 16;
  const uint64_t files = std::clamp(limit / 8, kFilesMin, kFilesMax);
  const uint64_t admin = std::min<uint64_t>(admin_connections_max, std::max(limit / 32, kAdminMin));
  DescriptorDivision division;
  division.data_plane_max = limit > files + admin ? limit - files - admin : 0;
  division.admin_connections_max = admin;
  return division;
}

}  // namespace understudy::app
