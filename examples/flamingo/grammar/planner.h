#pragma once

#include <string>

#include "dialect/outcome.h"
#include "dialect/plan.h"
#include "dialect/schema.h"
#include "grammar/spec.h"

namespace flamingo {

/// The name of the column that feeds a channel: "count_rows", "mean_delay", "bin_distance",
/// "yearmonth_date", or the field itself.
std::string column_of(const Channel& channel);

/// Compiles a chart to a plan: one query for each extent that a bin needs, and one for the rows.
/// Operands of filters become parameters, never text of a query. Fields that the dataset has not,
/// and operands that do not fit their field, are faults of type "InvalidSpec".
Outcome<Plan> compile(const ChartSpec& spec, const Schema& schema);

}  // namespace flamingo
