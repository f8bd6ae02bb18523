#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/result.h"
#include "proxy/migration_options.h"

namespace understudy::proxy {

/// What one migration may hold of the process's file descriptors, over all workers.
struct DescriptorShare {
  uint32_t clients_max = 0;             // connections of clients
  uint32_t shadow_connections_max = 0;  // to each service, for shadow calls
};

struct DescriptorBudget {
  std::vector<DescriptorShare> shares;  // one per migration, in their order
  bool lowered = false;                 // some got less than their options ask for
};

/// Divides `descriptors` among the migrations so that neither a client that is let in nor its calls
/// to the services ever meet an exhausted process. A client needs up to three descriptors: its own
/// and, because connections are kept, one to each service. When there are not enough, every
/// migration gets the same part of what it asks for, of which shadow calls have at most a quarter.
/// Failure: not even one client for each migration. Pure.
base::Result<DescriptorBudget> share_descriptors(
    uint64_t descriptors, const std::vector<std::shared_ptr<const MigrationOptions>>& migrations,
    uint32_t workers);

}  // namespace understudy::proxy
