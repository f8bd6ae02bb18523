#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/request.h"
#include "api/response.h"
#include "api/route.h"

namespace understudy::api {

/// Keeps web pages of other origins out, which can make a person's browser send requests here.
/// Whoever can connect without a browser may do everything. Returns the refusal, or nothing.
///
/// Host must be an IP address, "localhost" or one of `host_names`: otherwise a page could point a
/// DNS name of its own at this address and be of the same origin (DNS rebinding).
std::optional<Response> refuse_foreign_host(const Request& request,
                                            const std::vector<std::string>& host_names);
/// A field that decides about the request may stand in it once: of two, only one would be judged.
std::optional<Response> refuse_repeated_fields(const Request& request);
/// A request that may change something and names an Origin must name our own.
std::optional<Response> refuse_foreign_origin(const Request& request);
/// A body must be declared as JSON, which no HTML form can do and no script of another origin can
/// without asking first (and we never allow it).
std::optional<Response> refuse_other_content(const Request& request, const Route& route);

}  // namespace understudy::api
