#include "query/run_query.h"

#include <algorithm>
#include <map>
#include <optional>

#include "base/text.h"
#include "query/heatmap.h"
#include "query/plan.h"
#include "query/row_order.h"
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

/// One question to the store after another, and their numbers put into the columns of an answer.
class Runner {
 public:
  Runner(store::EventStore& store, const QuerySpec& spec, std::string_view dataset,
         const TimeWindow& window)
      : store_(store),
        spec_(spec),
        window_(window),
        plan_(plan_groups(spec, dataset, window)),
        total_(plan_.total()) {}

  const store::Select& groups() const { return plan_.groups; }
  const store::Select& total() const { return total_; }
  size_t numbers() const { return plan_.numbers.size(); }

  /// Buckets begin so far beside the multiples of their width.
  void shift_buckets(int64_t seconds) {
    const int64_t origin_s = seconds % window_.granularity_s;
    origin_ns_ = (origin_s < 0 ? origin_s + window_.granularity_s : origin_s) * kNsPerS;
  }

  /// Asks for these groups, about so many, in place of those that havings and the limit choose.
  void restrict_to(store::Filter filter, size_t groups) {
    store::Select& select = plan_.groups;
    select.filter = store::all_of({std::move(select.filter), std::move(filter)});
    select.having.clear();
    select.limit = only_groups_limit(groups);
  }

  bool has_rates() const {
    return std::find(plan_.rates.begin(), plan_.rates.end(), true) != plan_.rates.end();
  }

  struct Rows {
    std::vector<Row> rows{};
    bool cut = false;
  };
  Result<Rows> rows(const store::Select& select) {
    TRY_ASSIGN(store::ResultTable table, store_.select(select));
    TRY(expect_width(table, width(select)));
    Rows found{.cut = table.truncated};
    for (auto& cells : table.rows) found.rows.push_back(to_row(plan_, select, std::move(cells), 0));
    return found;
  }

  /// The groups with the heatmap of each in the same pass. Nothing when the question is of another
  /// kind, or the store has too many groups for it.
  Result<std::optional<Rows>> rows_with_heatmap(std::string_view dataset, Histograms& counted) {
    const auto both = plan_groups_with_heatmap(spec_, dataset, window_);
    if (!both) return std::optional<Rows>();
    const store::Select& select = both->plan.groups;
    auto table = store_.select(select);
    if (!table.ok() && table.error().kind == base::ErrorKind::kLimit) return std::optional<Rows>();
    if (!table.ok()) return table.error();
    TRY(expect_width(*table, width(select)));
    Rows found{.cut = table->truncated};
    for (auto& cells : table->rows) {
      const event::Value& bytes = cells[select.group_by.size() + both->histogram];
      if (!bytes.is_string()) {
        return base::error(base::ErrorKind::kInternal, "the store gave no histogram");
      }
      TRY_ASSIGN(store::Histogram histogram, store::Histogram::from_bytes(bytes.as_string()));
      counted.emplace(group_of(cells), std::move(histogram));
      found.rows.push_back(to_row(both->plan, select, std::move(cells), 0));
    }
    return std::optional<Rows>(std::move(found));
  }

  struct Series {
    std::vector<SeriesPoint> points{};  // by time
    bool cut = false;
  };
  Result<Series> series(store::Select select) {
    select.bucket_ns = window_.granularity_s * kNsPerS;
    select.bucket_origin_ns = origin_ns_;
    TRY_ASSIGN(store::ResultTable table, store_.select(select));
    TRY(expect_width(table, width(select) + 1));
    Series found{.cut = table.rows.size() >= store::kResultRowsMax};
    found.points.reserve(table.rows.size());
    for (auto& cells : table.rows) {
      const int64_t time_s = cells[0].is_int() ? cells[0].as_int() / kNsPerS : 0;
      found.points.push_back({time_s, to_row(plan_, select, std::move(cells), 1)});
    }
    // The store gives one group after the other, each by time: what a difference needs.
    const size_t breakdowns = spec_.breakdowns.size();
    for (size_t i = 0; i < plan_.rates.size(); ++i) {
      if (plan_.rates[i]) to_differences(found.points, breakdowns + i);
    }
    std::stable_sort(
        found.points.begin(), found.points.end(),
        [](const SeriesPoint& a, const SeriesPoint& b) { return a.time_s < b.time_s; });
    return found;
  }

  /// A rate over the whole window is the mean of its differences.
  void set_rates(std::vector<Row>& rows, const std::vector<SeriesPoint>& series) const {
    const size_t breakdowns = spec_.breakdowns.size();
    for (size_t i = 0; i < plan_.rates.size(); ++i) {
      if (!plan_.rates[i]) continue;
      std::map<Row, std::pair<double, double>, RowBefore> sums;
      for (const SeriesPoint& point : series) {
        const event::Value& cell = point.cells[breakdowns + i];
        if (!cell.is_number()) continue;
        auto& [sum, count] = sums[group_of(point.cells)];
        sum += cell.as_number();
        count += 1;
      }
      for (Row& row : rows) {
        const auto found = sums.find(group_of(row));
        row[breakdowns + i] = found == sums.end()
                                  ? event::Value()
                                  : event::Value(found->second.first / found->second.second);
      }
    }
  }

  Row group_of(const Row& row) const {
    return Row(row.begin(), row.begin() + static_cast<std::ptrdiff_t>(spec_.breakdowns.size()));
  }

 private:
  static size_t width(const store::Select& select) {
    return (select.rest ? 0 : select.group_by.size()) + select.aggregates.size() +
           select.formulas.size();
  }

  /// The store's cells from `first` on: groups, when there are some, and numbers.
  Row to_row(const GroupPlan& plan, const store::Select& select, Row cells, size_t first) const {
    const size_t groups = select.rest ? 0 : select.group_by.size();
    Row row(spec_.breakdowns.size());
    for (size_t i = 0; i < groups; ++i) row[i] = std::move(cells[first + i]);
    for (const size_t number : plan.numbers) row.push_back(cells[first + groups + number]);
    return row;
  }

  /// What a bucket has less what the bucket right before it had; null when either has no number.
  void to_differences(std::vector<SeriesPoint>& points, size_t column) const {
    event::Value last;
    for (size_t i = 0; i < points.size(); ++i) {
      const bool follows = i > 0 &&
                           points[i].time_s == points[i - 1].time_s + window_.granularity_s &&
                           group_of(points[i].cells) == group_of(points[i - 1].cells);
      event::Value& cell = points[i].cells[column];
      const event::Value now = cell;
      const bool both = follows && now.is_number() && last.is_number();
      cell = both ? event::Value(now.as_number() - last.as_number()) : event::Value();
      last = now;
    }
  }

  store::EventStore& store_;
  const QuerySpec& spec_;
  const TimeWindow& window_;
  GroupPlan plan_;
  const store::Select total_;
  int64_t origin_ns_ = 0;
};

/// Everything of an answer that is about one window.
/// `found` are the groups, when they are known.
base::Status answer(Runner& runner, const QuerySpec& spec, std::optional<Runner::Rows> found,
                    QueryResult& result) {
  const store::Select& groups = runner.groups();
  // Heatmaps alone: only which groups there are is left to ask.
  const bool no_numbers = runner.numbers() == 0;
  if (no_numbers && spec.breakdowns.empty()) {
    result.results.emplace_back();
    return {};
  }
  if (!found) {
    TRY_ASSIGN(found, runner.rows(groups));
  }
  result.results = std::move(found->rows);
  result.groups_cut = found->cut;
  if (no_numbers) return {};
  // Without breakdowns the one group is all there is.
  const bool one_group = spec.breakdowns.empty() && spec.havings.empty();
  const bool wants_total = !spec.disable_total_by_aggregate;
  if (wants_total) {
    if (one_group) {
      result.total = result.results.empty() ? Row(result.columns.size()) : result.results[0];
    } else {
      TRY_ASSIGN(auto total, runner.rows(runner.total()));
      result.total = total.rows.empty() ? Row(result.columns.size()) : std::move(total.rows[0]);
    }
  }
  const bool rates = runner.has_rates();
  if ((!spec.disable_series || rates) && !result.results.empty()) {
    TRY_ASSIGN(auto series, runner.series(groups));
    result.series_cut = series.cut;
    result.series = std::move(series.points);
    if (rates) runner.set_rates(result.results, result.series);
  }
  if (wants_total && (!spec.disable_series || rates)) {
    if (one_group) {
      result.total_series = result.series;
    } else {
      TRY_ASSIGN(auto series, runner.series(runner.total()));
      result.total_series = std::move(series.points);
    }
    if (rates) {
      std::vector<Row> total = {std::move(result.total)};
      runner.set_rates(total, result.total_series);
      result.total = std::move(total[0]);
    }
  }
  if (spec.disable_series) {
    result.series.clear();
    result.total_series.clear();
  }
  if (!spec.disable_other_by_aggregate && !spec.breakdowns.empty() &&
      (result.groups_cut || !spec.havings.empty())) {
    store::Select rest = groups;
    rest.rest = true;
    TRY_ASSIGN(auto other, runner.rows(rest));
    std::vector<Row> rows = std::move(other.rows);
    runner.set_rates(rows, {});  // the rest has no series
    if (!rows.empty()) result.other = std::move(rows[0]);
  }
  return {};
}

/// The same question about the window before. When the main answer left groups out, those it has
/// are asked for, whatever their rank was then.
Result<Comparison> compare(store::EventStore& store, std::string_view dataset,
                           const QuerySpec& spec, const QueryResult& main) {
  const int64_t offset_s = *spec.compare_time_offset_s;
  QueryResult then;
  then.columns = main.columns;
  then.breakdowns = main.breakdowns;
  then.window = main.window;
  then.window.start_s -= offset_s;
  then.window.end_s -= offset_s;
  QuerySpec asked = spec;
  asked.disable_other_by_aggregate = true;
  Runner runner(store, asked, dataset, then.window);
  runner.shift_buckets(-offset_s);
  const bool only_main = main.groups_cut || !spec.havings.empty();
  if (only_main && !spec.breakdowns.empty()) {
    TRY_ASSIGN(store::Filter only, plan_only_groups(spec, main.results));
    runner.restrict_to(std::move(only), main.results.size());
  }
  TRY(answer(runner, asked, std::nullopt, then));
  Comparison comparison{.offset_s = offset_s};
  std::map<Row, size_t, RowBefore> rank;
  for (const Row& row : main.results) rank.emplace(runner.group_of(row), rank.size());
  const auto rank_of = [&](const Row& row) {
    const auto found = rank.find(runner.group_of(row));
    return found == rank.end() ? rank.size() : found->second;
  };
  const auto left_out = [&](const Row& row) { return only_main && rank_of(row) == rank.size(); };
  std::erase_if(then.results, left_out);
  std::erase_if(then.series, [&](const SeriesPoint& point) { return left_out(point.cells); });
  std::stable_sort(then.results.begin(), then.results.end(),
                   [&](const Row& a, const Row& b) { return rank_of(a) < rank_of(b); });
  for (SeriesPoint& point : then.series) point.time_s += offset_s;
  comparison.results = std::move(then.results);
  comparison.series = std::move(then.series);
  comparison.total = std::move(then.total);
  comparison.complete_since_ns =
      store::complete_since(store, dataset, then.window.start_s * kNsPerS);
  return comparison;
}

}  // namespace

Result<QueryResult> run_query(store::EventStore& store, std::string_view dataset,
                              const QuerySpec& spec, const base::Clock& clock) {
  const int64_t started_ns = clock.steady_ns();
  QueryResult result;
  result.spec = spec;
  TRY_ASSIGN(result.window, resolve_time_window(spec, now_s(clock)));
  result.columns = result_columns(spec);
  result.breakdowns = spec.breakdowns.size();
  Runner runner(store, spec, dataset, result.window);
  Histograms counted;
  std::optional<Runner::Rows> groups;
  const bool asks_for_groups = runner.numbers() > 0 || !spec.breakdowns.empty();
  if (asks_for_groups) {
    TRY_ASSIGN(groups, runner.rows_with_heatmap(dataset, counted));
  }
  const bool have_heatmap = groups.has_value();
  TRY(answer(runner, spec, std::move(groups), result));
  TRY(add_heatmaps(store, dataset, have_heatmap ? &counted : nullptr, result));
  if (spec.compare_time_offset_s) {
    TRY_ASSIGN(result.comparison, compare(store, dataset, spec, result));
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
  store::Select select = plan_events(query.scope, dataset, window);
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
