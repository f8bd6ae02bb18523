#include "query/column_difference.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "store/histogram.h"
#include "store/value_order.h"

namespace understudy::query {
namespace {

constexpr double kMeasureShare = 0.95;
constexpr size_t kMeasureValuesMin = 20;
constexpr size_t kValueEventsMin = 5;
constexpr size_t kValuesCompared = 100;
constexpr size_t kValuesShown = 20;
constexpr double kMeasureChance = 1.628;    // the 1% point of the Kolmogorov distribution
constexpr double kDimensionChance = 1.518;  // sqrt(ln(100) / 2)

/// The two sides of something: events by their rates.
struct Sides {
  double selection = 0;
  double baseline = 0;

  void add(const ColumnCell& cell) { (cell.selected ? selection : baseline) += cell.weight; }
  Sides shares_of(const Sides& all) const {
    return {all.selection > 0 ? selection / all.selection : 0,
            all.baseline > 0 ? baseline / all.baseline : 0};
  }
  double difference() const { return std::abs(selection - baseline); }
};

struct Counted {
  Sides sides{};
  size_t events = 0;
};

struct ViewBefore {
  bool operator()(const event::ValueView& a, const event::ValueView& b) const {
    return store::order_values(a, b) < 0;
  }
};
using Values = std::map<event::ValueView, Counted, ViewBefore>;

bool is_finite_number(const event::ValueView& value) {
  return value.is_int() || (value.is_double() && std::isfinite(value.as_double()));
}

/// A column's cells, counted.
struct Column {
  Sides all{};
  Sides missing{};
  Values values{};
  double chance_unit = 0;  // sqrt(1/n + 1/m)
  size_t existing = 0;
  size_t numbers = 0;
};

Column count(const std::vector<ColumnCell>& cells) {
  Column column;
  Sides squares;
  for (const ColumnCell& cell : cells) {
    column.all.add(cell);
    squares.add({.weight = cell.weight * cell.weight, .selected = cell.selected});
    if (cell.value.is_null()) {
      column.missing.add(cell);
      continue;
    }
    ++column.existing;
    column.numbers += is_finite_number(cell.value) ? 1 : 0;
    Counted& counted = column.values[cell.value];
    counted.sides.add(cell);
    ++counted.events;
  }
  const auto inverse = [](double sum, double sum_of_squares) {
    return sum > 0 ? sum_of_squares / (sum * sum) : 1;
  };
  column.chance_unit = std::sqrt(inverse(column.all.selection, squares.selection) +
                                 inverse(column.all.baseline, squares.baseline));
  return column;
}

double score_of(double distance, double chance) {
  if (chance >= 1 || distance <= chance) return 0;
  return (distance - chance) / (1 - chance);
}

/// What one share is expected to differ by when the selection is random.
double expected_difference(const Sides& part, const Column& column) {
  const double share =
      (part.selection + part.baseline) / (column.all.selection + column.all.baseline);
  constexpr double kMeanOfNormal = 0.7978845608028654;  // sqrt(2 / pi), the mean of |N(0, 1)|
  return kMeanOfNormal * std::sqrt(share * (1 - share)) * column.chance_unit;
}

void compare_dimension(const Column& column, const SideTotals& totals, ColumnDifference& found) {
  struct Shown {
    event::ValueView value;
    Sides sides;
    double rank;
  };
  std::vector<Shown> shown;
  Sides other;
  const auto leave_out = [&](const Sides& sides) {
    other.selection += sides.selection;
    other.baseline += sides.baseline;
  };
  for (const auto& [value, counted] : column.values) {
    if (counted.events < kValueEventsMin) {
      leave_out(counted.sides);
      continue;
    }
    const Sides shares = counted.sides.shares_of(column.all);
    shown.push_back({value, counted.sides, std::max(shares.selection, shares.baseline)});
  }
  std::stable_sort(shown.begin(), shown.end(),
                   [](const Shown& a, const Shown& b) { return a.rank > b.rank; });
  for (size_t i = kValuesCompared; i < shown.size(); ++i) leave_out(shown[i].sides);
  if (shown.size() > kValuesCompared) shown.resize(kValuesCompared);

  double expected = 0;
  const auto compare = [&](const Sides& sides) {
    found.distance += sides.shares_of(column.all).difference() / 2;
    expected += expected_difference(sides, column) / 2;
  };
  compare(column.missing);
  compare(other);
  for (const Shown& one : shown) compare(one.sides);
  found.distance = std::min(found.distance, 1.0);
  found.score = score_of(found.distance, expected + kDimensionChance * column.chance_unit);

  for (size_t i = kValuesShown; i < shown.size(); ++i) leave_out(shown[i].sides);
  if (shown.size() > kValuesShown) shown.resize(kValuesShown);
  const Sides other_shares = other.shares_of(column.all);
  found.other_selection = other_shares.selection;
  found.other_baseline = other_shares.baseline;
  for (const Shown& one : shown) {
    const Sides shares = one.sides.shares_of(column.all);
    found.values.push_back(
        {.value = event::Value(one.value),
         .selection = shares.selection,
         .baseline = shares.baseline,
         .selection_count = std::llround(shares.selection * static_cast<double>(totals.selection)),
         .baseline_count = std::llround(shares.baseline * static_cast<double>(totals.baseline))});
  }
}

void compare_measure(const std::vector<ColumnCell>& cells, const Column& column,
                     ColumnDifference& found) {
  // What is no number is missing for a measure. Values come in ascending order.
  Sides reached = column.missing;
  for (const auto& [value, counted] : column.values) {
    if (is_finite_number(value)) continue;
    reached.selection += counted.sides.selection;
    reached.baseline += counted.sides.baseline;
  }
  const Sides missing = reached.shares_of(column.all);
  found.missing_selection = missing.selection;
  found.missing_baseline = missing.baseline;
  found.distance = missing.difference();
  for (auto value = column.values.begin(); value != column.values.end();) {
    if (!is_finite_number(value->first)) {
      ++value;
      continue;
    }
    const double number = value->first.as_number();  // an int and an equal double are one place
    for (; value != column.values.end() && is_finite_number(value->first) &&
           value->first.as_number() == number;
         ++value) {
      reached.selection += value->second.sides.selection;
      reached.baseline += value->second.sides.baseline;
    }
    found.distance = std::max(found.distance, reached.shares_of(column.all).difference());
  }
  found.score = score_of(found.distance, kMeasureChance * column.chance_unit);

  store::Histogram selection(1, 0);
  store::Histogram baseline(1, 0);
  for (const ColumnCell& cell : cells) {
    if (!is_finite_number(cell.value)) continue;
    (cell.selected ? selection : baseline)
        .add(0, cell.value.as_number(), static_cast<int64_t>(cell.weight));
  }
  store::Histogram both = selection;
  both.merge(baseline);
  const store::BinLayout layout = both.choose_layout();
  if (layout.edges.size() < 2) return;
  found.edges = layout.edges;
  const auto shares = [&](const store::Histogram& histogram, double all) {
    std::vector<double> bins(layout.edges.size() - 1);
    for (const auto& [start, counts] : histogram.counts(layout)) {
      for (size_t i = 0; i < counts.size(); ++i) {
        bins[i] += all > 0 ? static_cast<double>(counts[i]) / all : 0;
      }
    }
    return bins;
  };
  found.selection = shares(selection, column.all.selection);
  found.baseline = shares(baseline, column.all.baseline);
}

}  // namespace

ColumnDifference compare_column(const std::vector<ColumnCell>& cells, const SideTotals& totals) {
  const Column column = count(cells);
  ColumnDifference found;
  const Sides missing = column.missing.shares_of(column.all);
  found.missing_selection = missing.selection;
  found.missing_baseline = missing.baseline;
  const auto distinct_numbers = static_cast<size_t>(
      std::count_if(column.values.begin(), column.values.end(),
                    [](const auto& value) { return is_finite_number(value.first); }));
  found.measure =
      distinct_numbers > kMeasureValuesMin &&
      static_cast<double>(column.numbers) >= kMeasureShare * static_cast<double>(column.existing);
  if (found.measure) {
    compare_measure(cells, column, found);
  } else {
    compare_dimension(column, totals, found);
  }
  return found;
}

}  // namespace understudy::query
