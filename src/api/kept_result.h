#pragma once

#include <string>
#include <string_view>

#include "api/api.h"
#include "api/call.h"

namespace understudy::api {

/// Keeps the answer to a query, a JSON object as text, and gives it back with its "id" in front:
/// the very same can be read at /api/results/{id} as long as it is among the newest
/// (state::kResultLimits). An answer that cannot be kept, as it is too large or the disk is full,
/// has "id": null and "id_reason", and is an answer all the same.
std::string keep_result(const Dependencies& dependencies, const Call& call,
                        std::string_view dataset, const std::string& answer);

}  // namespace understudy::api
