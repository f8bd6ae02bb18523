#pragma once

#include <nlohmann/json_fwd.hpp>

#include "event/value.h"
#include "query/query_spec.h"

namespace understudy::query {

/// One cell as JSON: integers keep 64 bits, NaN and infinities become null.
nlohmann::ordered_json value_json(const event::Value& value);

/// A specification as JSON, defaults left out.
nlohmann::ordered_json spec_json(const QuerySpec& spec);

}  // namespace understudy::query
