#include "query/heatmap.h"

#include <utility>

#include "query/plan.h"
#include "store/event_store.h"

namespace understudy::query {
namespace {

constexpr int64_t kNsPerS = 1'000'000'000;

base::Result<Histograms> count(store::EventStore& store, const store::Select& select) {
  TRY_ASSIGN(const store::ResultTable table, store.select(select));
  Histograms histograms;
  const size_t groups = select.group_by.size();
  for (const Row& row : table.rows) {
    if (row.size() != groups + 1 || !row[groups].is_string()) {
      return base::error(base::ErrorKind::kInternal, "the store gave no histogram");
    }
    TRY_ASSIGN(store::Histogram histogram, store::Histogram::from_bytes(row[groups].as_string()));
    histograms.emplace(group_of(row, groups), std::move(histogram));
  }
  return histograms;
}

Heatmap draw(const store::Histogram& histogram, const store::BinLayout& layout) {
  Heatmap map{.logarithmic = layout.logarithmic,
              .edges = layout.edges,
              .total = histogram.total(),
              .not_numbers = histogram.not_numbers()};
  for (auto& [start_ns, counts] : histogram.counts(layout)) {
    map.times_s.push_back(start_ns / kNsPerS);
    map.counts.push_back(std::move(counts));
  }
  return map;
}

/// Asks for the histograms of these groups, of which there are few.
base::Result<Histograms> count_in(store::EventStore& store, std::string_view dataset,
                                  const Calculation& calculation, const std::vector<Row>& groups,
                                  const QueryResult& result) {
  const QuerySpec& spec = result.spec;
  store::Select select = plan_events(spec, dataset, result.window);
  select.group_by = spec.breakdowns;
  select.limit = only_groups_limit(groups.size());
  const bool all_groups =
      !result.groups_cut && spec.havings.empty() && groups.size() == result.results.size();
  if (!all_groups && !spec.breakdowns.empty()) {
    TRY_ASSIGN(store::Filter only, plan_only_groups(spec, groups));
    select.filter = store::all_of({std::move(select.filter), std::move(only)});
  }
  select.aggregates.push_back(plan_histogram(calculation, result.window));
  return count(store, select);
}

}  // namespace

base::Status add_heatmaps(store::EventStore& store, std::string_view dataset,
                          const Histograms* counted, QueryResult& result) {
  const QuerySpec& spec = result.spec;
  std::vector<Row> groups = result.results;
  if (groups.size() > kHeatmapGroupsMax) groups.resize(kHeatmapGroupsMax);
  for (const Calculation& calculation : spec.calculations) {
    if (calculation.op != CalculationOp::kHeatmap || groups.empty()) continue;
    Histograms asked;
    if (counted == nullptr) {
      TRY_ASSIGN(asked, count_in(store, dataset, calculation, groups, result));
    }
    const Histograms& histograms = counted == nullptr ? asked : *counted;

    store::Histogram all(result.window.granularity_s * kNsPerS, 0);
    for (const Row& row : groups) {
      const auto found = histograms.find(group_of(row, result.breakdowns));
      if (found != histograms.end()) all.merge(found->second);
    }
    const store::BinLayout layout = all.choose_layout();
    for (const Row& row : groups) {
      const Row group = group_of(row, result.breakdowns);
      const auto found = histograms.find(group);
      Heatmap map = found == histograms.end() ? Heatmap{} : draw(found->second, layout);
      map.key = calculation.key();
      map.column = calculation.column;
      map.group = group;
      map.edges = layout.edges;
      map.logarithmic = layout.logarithmic;
      result.heatmaps.push_back(std::move(map));
    }
    result.heatmaps_cut = groups.size() < result.results.size() || result.groups_cut;
  }
  return {};
}

}  // namespace understudy::query
