#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "query/json_reader.h"
#include "query/query_spec.h"

namespace understudy::query {

/// Parts of a specification, wherever they stand in a JSON text. Every error names its field.
/// The specification is not yet held to the rules that span several fields: see `validate`.
base::Result<QuerySpec> read_spec(const JsonReader& node);
base::Result<std::vector<Filter>> read_filters(const JsonReader& node);
base::Result<FilterCombination> read_combination(const JsonReader& node);
base::Result<std::string> read_column_name(const JsonReader& node);

}  // namespace understudy::query
