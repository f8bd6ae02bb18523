#pragma once

#include <cstdint>
#include <memory>

#include "net/tcp_stream.h"
#include "proxy/accounting.h"
#include "proxy/client_connections.h"
#include "proxy/migration_options.h"
#include "proxy/side_health.h"

namespace understudy::proxy {

/// A migration as the proxy gives it to its workers to run.
struct Placement {
  std::shared_ptr<const MigrationOptions> options;
  std::shared_ptr<Accounting> accounting;
  net::SocketAddress address;  // the one that is really bound
  std::shared_ptr<ClientConnections> clients;
  std::shared_ptr<SideHealth> control_health;    // null: it is not asked
  std::shared_ptr<SideHealth> candidate_health;  // likewise
  uint32_t shadow_connections_max = 0;           // to each service, over all workers
};

}  // namespace understudy::proxy
