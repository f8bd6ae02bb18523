#include "query/run_query.h"

#include <algorithm>

#include "base/text.h"
#include "query/plan.h"
#include "store/event_store.h"

namespace understudy::query {
namespace {

using base::Result;

constexpr int64_t kNsPerS = 1'000'000'000;

// The second after now, so that what was written a moment ago is inside.
int64_t now_s(const base::Clock& clock) { return clock.unix_ns() / kNsPerS + 1; }

base::Status expect_width(const store::ResultTable& table, size_t width) {
  for (const auto& row : table.rows) {
    if (row.size() == width) continue;
    return base::error(base::ErrorKind::kInternal, base::cat("the store gave a row of ", row.size(),
                                                             " cells, expected ", width));
  }
  return {};
}

}  // namespace

Result<QueryResult> run_query(store::EventStore& store, std::string_view dataset,
                              const QuerySpec& spec, const base::Clock& clock) {
  const int64_t started_ns = clock.steady_ns();
  QueryResult result;
  result.spec = spec;
  TRY_ASSIGN(result.window, resolve_time_window(spec, now_s(clock)));
  result.columns = spec.breakdowns;
  result.breakdowns = spec.breakdowns.size();
  for (const Calculation& calculation : spec.calculations) {
    result.columns.push_back(calculation.key());
  }

  store::Select groups = plan_groups(spec, dataset, result.window);
  TRY_ASSIGN(store::ResultTable found, store.select(groups));
  TRY(expect_width(found, result.columns.size()));
  result.results = std::move(found.rows);
  result.groups_cut = found.truncated;

  TRY_ASSIGN(store::ResultTable total, store.select(plan_total(spec, dataset, result.window)));
  TRY(expect_width(total, spec.calculations.size()));
  result.total.resize(result.breakdowns);
  if (!total.rows.empty()) {
    std::move(total.rows[0].begin(), total.rows[0].end(), std::back_inserter(result.total));
  } else {
    result.total.resize(result.columns.size());
  }

  if (!spec.disable_series && !result.results.empty()) {
    groups.bucket_ns = result.window.granularity_s * kNsPerS;
    TRY_ASSIGN(store::ResultTable series, store.select(groups));
    TRY(expect_width(series, result.columns.size() + 1));
    // The store also cuts here for the groups; only the points are new.
    result.series_cut = series.rows.size() >= store::kResultRowsMax;
    result.series.reserve(series.rows.size());
    for (auto& row : series.rows) {
      SeriesPoint point;
      point.time_s = row[0].is_int() ? row[0].as_int() / kNsPerS : 0;
      point.cells.assign(std::make_move_iterator(row.begin() + 1),
                         std::make_move_iterator(row.end()));
      result.series.push_back(std::move(point));
    }
    std::stable_sort(
        result.series.begin(), result.series.end(),
        [](const SeriesPoint& a, const SeriesPoint& b) { return a.time_s < b.time_s; });
  }
  // Asked last: what leaves while the query runs is missing from it too.
  result.complete_since_ns = store::complete_since(store, dataset, result.window.start_s * kNsPerS);
  result.elapsed_us = (clock.steady_ns() - started_ns) / 1'000;
  return result;
}

Result<RawEvents> run_raw_query(store::EventStore& store, std::string_view dataset,
                                const RawQuery& query, const base::Clock& clock) {
  if (query.limit < 1 || query.limit > RawQuery::kRowsMax) {
    return base::invalid(
        base::cat("limit: ", query.limit, " is not within 1 and ", RawQuery::kRowsMax));
  }
  if (!query.scope.breakdowns.empty() || !query.scope.orders.empty() ||
      !query.scope.havings.empty()) {
    return base::invalid("events are listed newest first, without breakdowns, orders or havings");
  }
  TRY_ASSIGN(const TimeWindow window, resolve_time_window(query.scope, now_s(clock)));
  store::Select select;
  select.dataset = std::string(dataset);
  select.start_ns = window.start_s * kNsPerS;
  select.end_ns = window.end_s * kNsPerS;
  select.filter = plan_filter(query.scope.filters, query.scope.filter_combination);
  select.row_columns = query.columns;
  select.limit = static_cast<size_t>(query.limit);
  TRY_ASSIGN(store::ResultTable table, store.select(select));

  // The store puts time and sample rate in front of the columns asked for.
  constexpr size_t kLeading = 2;
  TRY(expect_width(table, table.columns.size()));
  if (table.columns.size() < kLeading) {
    return base::error(base::ErrorKind::kInternal, "the store gave rows without a time");
  }
  RawEvents events;
  events.more = table.truncated;
  events.complete_since_ns = store::complete_since(store, dataset, select.start_ns);
  for (size_t i = kLeading; i < table.columns.size(); ++i) {
    events.columns.push_back(table.columns[i].name);
  }
  for (auto& row : table.rows) {
    events.times_ns.push_back(row[0].is_int() ? row[0].as_int() : 0);
    events.rows.emplace_back(std::make_move_iterator(row.begin() + kLeading),
                             std::make_move_iterator(row.end()));
  }
  return events;
}

}  // namespace understudy::query
