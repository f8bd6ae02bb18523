#pragma once

#include <string>

#include "dialect/value.h"
#include "grammar/spec.h"

namespace flamingo {

/// A Vega-Lite specification, without data, that draws the rows a chart's plan answers with: every
/// channel names a column, nothing is left to aggregate. `derived` are the plan's derived values,
/// from which bins get their width.
std::string drawing_json(const ChartSpec& spec, const Parameters& derived);

}  // namespace flamingo
