#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "query/json_reader.h"
#include "query/query_spec.h"

namespace understudy::query {

/// Every field a specification may have.
inline constexpr std::string_view kSpecFields[] = {"breakdowns",
                                                   "calculations",
                                                   "filters",
                                                   "filter_combination",
                                                   "granularity",
                                                   "orders",
                                                   "havings",
                                                   "limit",
                                                   "start_time",
                                                   "end_time",
                                                   "time_range",
                                                   "calculated_fields",
                                                   "formulas",
                                                   "compare_time_offset_seconds",
                                                   "disable_series",
                                                   "disable_total_by_aggregate",
                                                   "disable_other_by_aggregate"};

/// Parts of a specification, wherever they stand in a JSON text. Every error names its field.
/// The specification is not yet held to the rules that span several fields: see `validate`.
base::Result<QuerySpec> read_spec(const JsonReader& node);
base::Result<std::vector<Filter>> read_filters(const JsonReader& node);
base::Result<FilterCombination> read_combination(const JsonReader& node);
base::Result<std::string> read_column_name(const JsonReader& node);

}  // namespace understudy::query
