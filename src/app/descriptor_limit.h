#pragma once

#include <cstddef>
#include <cstdint>

namespace understudy::app {

/// Raises the process's limit of open files as far as it may, and gives it.
uint64_t raise_descriptor_limit();

/// How the process's file descriptors are divided. What clients and services may hold is what is
/// left once the store, the log files and the admin interface have theirs, so that these go on
/// working however many clients come.
struct DescriptorDivision {
  uint64_t data_plane_max = 0;
  size_t admin_connections_max = 0;

  /// Of `limit` in all; an admin interface gets at most `admin_connections_max`. Pure.
  static DescriptorDivision of(uint64_t limit, size_t admin_connections_max);
};

}  // namespace understudy::app
