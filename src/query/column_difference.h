#pragma once

#include <cstdint>
#include <vector>

#include "event/value.h"
#include "query/bubble_up.h"

namespace understudy::query {

/// What one column has in one event.
struct ColumnCell {
  event::ValueView value{};  // null when it is missing
  double weight = 1;         // sample rate
  bool selected = false;
};

/// How many events the two sides have in all, to turn shares into counts.
struct SideTotals {
  int64_t selection = 0;
  int64_t baseline = 0;
};

/// Compares a column between selected and other events. Pure.
///
/// A measure, when at least 95 in 100 of its values are finite numbers and more than 20 of them
/// differ: the distance is the greatest difference between the two cumulative distributions
/// (Kolmogorov-Smirnov), with missing below all numbers. Otherwise a dimension: half the sum of the
/// differences of shares (total variation) over its values, missing included. Values that fewer
/// than 5 of the events looked at have, and those beyond the 100 largest, count as one, "other": a
/// column in which each event has a value of its own differs in nothing.
///
/// The score is (distance - chance) / (1 - chance), at least 0. `chance` is what a random selection
/// of the same size passes once in a hundred times: 1.63 * r for a measure, and for a dimension the
/// expected distance plus 1.52 * r (McDiarmid's inequality), with r = sqrt(1/n + 1/m) and n and m
/// the events of each side, where unequal sample rates make them fewer: (sum of rates)^2 / (sum of
/// squared rates).
ColumnDifference compare_column(const std::vector<ColumnCell>& cells, const SideTotals& totals);

}  // namespace understudy::query
