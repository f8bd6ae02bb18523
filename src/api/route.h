#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/call.h"
#include "api/response.h"
#include "base/result.h"
#include "state/api_key.h"

namespace understudy::api {

/// What a request of a route may carry as body.
enum class BodyKind {
  kNone,    // nothing is read
  kJson,    // Content-Type must be application/json, also for an empty body
  kIngest,  // the same, may be compressed, and as long as ingest_body_bytes_max
};

/// What answering takes, so that the one kind never waits behind the other.
enum class Work {
  kPrompt,   // flags, records, intake: memory and the disk
  kQueries,  // questions to the event store, seconds in the worst case
};

/// One method on one path pattern.
struct Route {
  std::string_view method;
  std::string_view path;  // "/api/flags/{key}/history"; {x} is one segment
  BodyKind body = BodyKind::kNone;
  /// Query parameters it knows; others are refused.
  std::vector<std::string_view> parameters;
  /// An Error becomes a response by its kind, see error_response.h.
  std::function<base::Result<Response>(const Call&)> handle;
  /// Clients of other products add parameters of their own here: none is refused.
  bool any_parameters = false;
  /// What a key must allow. Nothing: kRead for a GET, kOperate for all else.
  std::optional<state::Permission> permission = {};
  Work work = Work::kPrompt;
  enum class Access { kWithKey, kAnybody } access = Access::kWithKey;
};

inline state::Permission permission_of(const Route& route) {
  return route.permission.value_or(route.method == "GET" ? state::Permission::kRead
                                                         : state::Permission::kOperate);
}

using Routes = std::vector<Route>;

}  // namespace understudy::api
