#pragma once

#include <memory>
#include <string>

#include "base/config_node.h"
#include "base/result.h"
#include "net/tls_context.h"

namespace understudy::proxy {

/// How a service behind `https://host` is reached. `node` is the side's `tls`, null when it has
/// none: then the system's authorities vouch for `host`.
/// Failure: also when a file it names cannot be read or is not what it should be.
base::Result<std::shared_ptr<const net::TlsContext>> parse_tls(const base::ConfigNode* node,
                                                               const std::string& host);

/// How clients reach a listener of ours: `listen_tls`.
base::Result<std::shared_ptr<const net::TlsContext>> parse_listen_tls(const base::ConfigNode& node);

}  // namespace understudy::proxy
