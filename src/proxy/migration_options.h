#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/config_node.h"
#include "base/result.h"
#include "flags/mode.h"
#include "http/limits.h"
#include "http/url.h"
#include "net/h1_server.h"
#include "net/tls_context.h"

namespace understudy::proxy {

/// How a service is asked whether it can do its work.
struct HealthOptions {
  std::string path;  // as it is sent, without the path of the service's url
  std::chrono::nanoseconds interval = std::chrono::seconds(5);  // from one check to the next
  std::chrono::nanoseconds timeout = std::chrono::seconds(1);   // until the whole answer is there
  uint32_t unhealthy_after = 3;                                 // failed checks in a row
  uint32_t healthy_after = 2;                                   // checks in a row that passed

  bool operator==(const HealthOptions&) const = default;
};

/// One of the two services.
struct SideOptions {
  http::OriginUrl url;
  /// Linux sends a lost SYN again after 1 s, so that less would make each lost one a failure. A
  /// connection has never longer than `timeout`.
  std::chrono::nanoseconds connect_timeout = std::chrono::seconds(3);
  /// From where there is a connection to the last byte of the answer's head, and between two pieces
  /// of its body; for a shadow call from the start, with its connect, to the last byte.
  std::chrono::nanoseconds timeout = std::chrono::seconds(30);
  /// Connections at once over all workers; beyond it the client gets 503, a shadow call is shed.
  uint32_t connections_max = 4096;
  /// A connection unused for so long is closed.
  std::chrono::nanoseconds idle_timeout = std::chrono::seconds(50);
  /// What the service sees as Host: the client's, or that of the url.
  enum class HostHeader { kClient, kUrl } host = HostHeader::kClient;
  std::optional<HealthOptions> health;  // none: it is not asked
  /// How an https service is talked to; null: in plain text.
  std::shared_ptr<const net::TlsContext> tls;
};

/// Bounds of the calls nobody waits for. Past any of them the call is shed or given up, and the
/// evaluation says why.
struct ShadowOptions {
  uint32_t in_flight_max = 256;              // over all workers
  uint64_t request_bytes_max = 1 << 20;      // of one request's body kept for the shadow
  uint64_t answer_bytes_max = 1 << 20;       // of each answer kept for the comparison, at first
  uint64_t dropped_bytes_max = 64ull << 20;  // of an answer, most of it read only to be dropped
  uint64_t memory_bytes_max = 256ull << 20;  // of all of them together, over all workers
  uint32_t breaker_failures = 20;            // connects or deadlines missed in a row that open it
  std::chrono::nanoseconds breaker_open_for = std::chrono::seconds(1);
};

/// Where the key that keeps a user in one mode comes from.
struct BucketBy {
  enum class Source {
    kRandom,          // nothing configured: each request on its own
    kHeader,          // name
    kCookie,          // name
    kQueryParameter,  // name
    kClientAddress,
    kJsonField,  // name is a JSON pointer into the body: /account/id
  };
  Source source = Source::kRandom;
  std::string name;
  /// Of a body that must be read before the mode is known. A larger one counts as without key:
  /// the request gets a mode of its own, and its event says why.
  uint64_t body_bytes_max = 64 * 1024;

  static base::Result<BucketBy> parse(const base::ConfigNode& node);
};

struct RouteOptions {
  std::string name;
  std::vector<std::string> methods;  // empty: any
  std::string path = "*";            // literal segments, `{name}` one segment, `*` the rest
  std::string host;                  // empty: any; case-insensitive, without port
  std::string header_name;           // empty: not looked at
  std::string header_value;          // empty: the header only has to be there
  bool safe_to_repeat = false;       // GET, HEAD and OPTIONS always are
  std::string compare;               // how answers are lifted; empty: auto. See compare::BodyKind

  static base::Result<RouteOptions> parse(const base::ConfigNode& node);
};

/// One hot swap as the proxy needs to know it.
struct MigrationOptions {
  std::string name;
  std::string mode_flag;      // "<name>.mode"
  std::string compare_flag;   // "<name>.compare"
  std::string listen;         // empty: this migration runs in a process of its own, through the SDK
  std::string listen_source;  // where that stands: "understudy.yaml:12: migrations[0].listen"
  std::shared_ptr<const net::TlsContext> listen_tls;  // null: clients come in plain text
  SideOptions control;
  SideOptions candidate;
  ShadowOptions shadow;
  BucketBy bucket_by;
  std::vector<RouteOptions> routes;  // empty: every request takes part
  /// `compare.noise_sample`: of the evaluations that call the other side to compare, the share in
  /// which control is called a second time, to learn where it differs from itself. 0: never.
  double noise_share = 0;
  bool fallback_to_control = false;
  bool via = false;               // adds Via on both ways
  bool forwarded_headers = true;  // X-Forwarded-For, -Proto, -Host towards both sides
  /// The W3C trace a request belongs to, towards both sides.
  enum class Trace {
    kUntouched,  // its fields pass through
    kContinue,   // each call gets a span of its own; without a trace none is begun, so that the
                 // services go on sampling as they do
    kBegin,      // the same, and a request without a trace begins one, sampled
  } trace = Trace::kContinue;
  net::H1ServerOptions server;
  /// Client connections at once, over all workers; a further one is answered with 503 and closed.
  uint32_t connections_max = 10'000;
  /// While no byte goes either way on a connection that was upgraded.
  std::chrono::nanoseconds upgrade_idle_timeout = std::chrono::minutes(10);

  /// Reads the keys of `migrations[i]` that concern the proxy; leaves the others alone.
  static base::Result<MigrationOptions> parse(const base::ConfigNode& node);
  /// The keys it reads, for whoever checks for unknown ones.
  static std::vector<std::string_view> keys();
};

/// Whether both say the same in every setting, so that a migration runs on as it does. With TLS
/// never: its files are read anew, and may have changed.
bool same_settings(const MigrationOptions& a, const MigrationOptions& b);
/// Whether a service is called in the same way by both, so that connections to it may be kept. How
/// it is asked for its health does not matter.
bool same_service(const SideOptions& a, const SideOptions& b);

}  // namespace understudy::proxy
