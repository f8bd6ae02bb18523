#pragma once

#include <functional>

#include "api/api.h"
#include "api/call.h"
#include "api/response.h"
#include "base/result.h"
#include "store/cancellable_store.h"

namespace understudy::api {

/// A handler whose questions to the event store end when its client leaves. The dependencies
/// outlive it; those it is called with live as long as the call.
inline std::function<base::Result<Response>(const Call&)> cancellable(
    const Dependencies& dependencies,
    base::Result<Response> (*handle)(const Dependencies&, const Call&)) {
  return [&dependencies, handle](const Call& call) {
    store::CancellableStore events(dependencies.events, call.request().cancellation);
    return handle(Dependencies{.state = dependencies.state,
                               .events = events,
                               .flags = dependencies.flags,
                               .migrations = dependencies.migrations,
                               .clock = dependencies.clock,
                               .reload = dependencies.reload,
                               .ready = dependencies.ready,
                               .sql = dependencies.sql},
                  call);
  };
}

}  // namespace understudy::api
