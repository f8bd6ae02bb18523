#pragma once

#include <cstddef>
#include <string>

#include "query/query_result.h"

namespace understudy::query {

/// The size of a chart in characters.
struct ChartOptions {
  size_t width = 80;   // of the plot, without the axis labels
  size_t height = 12;  // lines of the plot of one calculation
  size_t groups_max = 8;
};

/// The series as charts for a terminal (UTF-8, no colours): one plot per calculation, one line per
/// group drawn in Braille dots (2 x 4 per character) with the group's letter where it ends, axis
/// labels and a legend. Groups beyond groups_max are counted in the legend, not drawn. A bucket
/// without a value is a gap.
std::string render_chart(const QueryResult& result, const ChartOptions& options = {});

}  // namespace understudy::query
