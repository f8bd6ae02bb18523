#include "query/known_names.h"

#include <algorithm>
#include <array>
#include <set>

#include "base/text.h"
#include "event/columns.h"
#include "event/event.h"
#include "store/event_store.h"

namespace understudy::query {
namespace {

using base::cat;

struct BuiltInDataset {
  std::string_view name;
  char letter;  // in event::ColumnInfo::datasets
};
constexpr std::array kBuiltIn = {
    BuiltInDataset{event::kEvaluations, 'v'}, BuiltInDataset{event::kDifferences, 'd'},
    BuiltInDataset{event::kErrors, 'e'}, BuiltInDataset{event::kNoise, 'n'}};

/// A column with the place in the question that names it.
struct Named {
  std::string field;
  std::string_view column;
};

std::vector<Named> named_columns(const QuerySpec& spec, std::span<const std::string> columns) {
  std::vector<Named> named;
  const auto add_filters = [&](const std::string& of, const std::vector<Filter>& filters) {
    for (size_t i = 0; i < filters.size(); ++i) {
      named.push_back({cat(of, "filters[", i, "]"), filters[i].column});
    }
  };
  for (size_t i = 0; i < spec.breakdowns.size(); ++i) {
    named.push_back({cat("breakdowns[", i, "]"), spec.breakdowns[i]});
  }
  for (size_t i = 0; i < spec.calculations.size(); ++i) {
    const std::string field = cat("calculations[", i, "]");
    const Calculation& calculation = spec.calculations[i];
    if (!calculation.column.empty()) named.push_back({field, calculation.column});
    add_filters(cat(field, "."), calculation.filters);
  }
  add_filters("", spec.filters);
  for (size_t i = 0; i < columns.size(); ++i) {
    named.push_back({cat("columns[", i, "]"), columns[i]});
  }
  return named;
}

/// What somebody may have meant, as the end of a sentence.
std::string did_you_mean(std::string_view name, const std::set<std::string_view>& known) {
  const std::vector<std::string_view> names(known.begin(), known.end());
  const std::string_view meant = base::nearest(name, names);
  return meant.empty() ? std::string() : cat("; did you mean \"", meant, "\"?");
}

}  // namespace

base::Result<std::vector<std::string>> check_names(store::EventStore& store,
                                                   std::string_view dataset, const QuerySpec& spec,
                                                   std::span<const std::string> columns) {
  const std::vector<store::DatasetInfo> datasets = store.datasets();
  std::set<std::string_view> names;
  for (const BuiltInDataset& one : kBuiltIn) names.insert(one.name);
  for (const store::DatasetInfo& one : datasets) names.insert(one.name);
  if (!names.contains(dataset)) {
    const std::string meant = did_you_mean(dataset, names);
    const std::string name = base::printable(dataset);
    if (!meant.empty()) return base::invalid(cat("dataset: there is no \"", name, "\"", meant));
    return std::vector<std::string>{
        cat("nobody has written to the dataset \"", name, "\" yet; there are ",
            base::join(std::vector<std::string>(names.begin(), names.end()), ", "))};
  }

  const auto seen = store.columns(dataset);
  if (!seen.ok() && seen.error().kind != base::ErrorKind::kNotFound) return seen.error();
  const bool written_to = seen.ok() && !seen->empty();
  std::set<std::string_view> known;
  if (seen.ok()) {
    for (const store::DatasetColumn& column : *seen) known.insert(column.name);
  }
  for (const BuiltInDataset& one : kBuiltIn) {
    if (one.name != dataset) continue;
    for (const event::ColumnInfo& column : event::built_in_columns()) {
      if (column.datasets.find(one.letter) != std::string_view::npos) known.insert(column.name);
    }
  }
  for (const Named& named : named_columns(spec, columns)) {
    if (known.contains(named.column)) continue;
    const std::string meant = did_you_mean(named.column, known);
    if (!written_to && meant.empty()) continue;  // who writes first says what there is
    return base::invalid(cat(named.field, ": \"", dataset, "\" has no column \"",
                             base::printable(named.column), "\"", meant));
  }
  if (written_to) return std::vector<std::string>();
  return std::vector<std::string>{
      cat("nobody has written to the dataset \"", dataset, "\" yet, so the answer is empty")};
}

}  // namespace understudy::query
