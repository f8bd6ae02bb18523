#include "store/memory/memory_store.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "base/rng.h"
#include "base/text.h"
#include "event/column.h"
#include "store/intake.h"
#include "store/memory/evaluate.h"
#include "store/memory/filter_match.h"
#include "store/memory/fold.h"

namespace understudy::store {
namespace {

using event::Column;
using event::Value;
using event::ValueView;

using Key = std::vector<Value>;

struct KeyBefore {
  bool operator()(const Key& a, const Key& b) const {
    for (std::size_t i = 0; i < a.size(); ++i) {
      if (const auto order = order_values(a[i].view(), b[i].view()); order != 0) return order < 0;
    }
    return false;
  }
};

// No event has it: what a name nobody ever sent is looked up as.
constexpr std::uint32_t kUnknownColumn = 0xFFFFFFFF;
// Computed columns are numbered from here on, above all interned names.
constexpr std::uint32_t kFirstComputed = 0x80000000;

/// Column ids for one question, whose computed columns are not interned.
class ColumnIds {
 public:
  void add_computed(const std::string& name) {
    const auto id = kFirstComputed + static_cast<std::uint32_t>(computed_.size());
    computed_.emplace(name, id);
  }
  std::uint32_t operator()(const std::string& name) const {
    const auto found = computed_.find(name);
    if (found != computed_.end()) return found->second;
    return Column::find(name).value_or(Column(kUnknownColumn)).id();
  }

 private:
  std::map<std::string, std::uint32_t> computed_;
};

template <class Row>
ValueView value_of(const Row& row, std::uint32_t column) {
  const auto found = std::lower_bound(row.fields.begin(), row.fields.end(), column,
                                      [](const auto& field, auto id) { return field.first < id; });
  if (found == row.fields.end() || found->first != column) return {};
  return found->second.view();
}

std::int64_t bucket_start(const Select& select, std::int64_t time_ns) {
  const std::int64_t width = *select.bucket_ns;
  const std::int64_t rest = (time_ns % width - select.bucket_origin_ns) % width;
  return time_ns - (rest < 0 ? rest + width : rest);
}

/// The folds of one group, in the order of Select::aggregates.
class Group {
 public:
  explicit Group(const Select& select) {
    for (const Aggregate& aggregate : select.aggregates) folds_.emplace_back(aggregate);
  }
  Fold& fold(std::size_t index) { return folds_[index]; }
  /// The aggregates and the formulas over a time that is so long.
  std::vector<Value> results(const Select& select, std::int64_t width_ns) const {
    std::vector<Value> out;
    for (const Fold& fold : folds_) out.push_back(fold.result(width_ns));
    for (const Formula& formula : select.formulas) out.push_back(evaluate(formula, out));
    return out;
  }

 private:
  std::vector<Fold> folds_;
};

using Groups = std::map<Key, Group, KeyBefore>;

/// A question with its names looked up, asked of one row after another.
class Plan {
 public:
  Plan(const Select& select, const ColumnIds& ids) : select_(select), filter_(select.filter, ids) {
    for (const std::string& name : select.group_by) group_ids_.push_back(ids(name));
    for (const Aggregate& aggregate : select.aggregates) {
      aggregate_ids_.push_back(ids(aggregate.column));
      aggregate_filters_.emplace_back(aggregate.filter, ids);
    }
  }

  /// Whether the row is in the window, or its span, which began before, reaches into it.
  template <class Row>
  bool wants(const Row& row) const {
    if (row.time_ns >= select_.end_ns) return false;
    if (row.time_ns < select_.start_ns && !reaches_in(row)) return false;
    return filter_.matches([&](std::uint32_t id) { return value_of(row, id); });
  }

  template <class Row>
  Key key(const Row& row) const {
    Key key;
    for (const std::uint32_t id : group_ids_) {
      const ValueView value = value_of(row, id);
      key.push_back(value.is_double() ? Value(without_negative_zero(value.as_double()))
                                      : Value(value));
    }
    return key;
  }

  /// Over the whole window.
  template <class Row>
  void feed(const Row& row, Group& group) const {
    for (std::size_t i = 0; i < aggregate_ids_.size(); ++i) {
      if (!counts(row, i)) continue;
      if (is_concurrency(i)) {
        group.fold(i).add_overlap(span_end(row, i) - span_start(row), row.rate);
      } else if (row.time_ns >= select_.start_ns) {
        if (select_.aggregates[i].kind == AggregateKind::kHistogram) {
          group.fold(i).add_at(row.time_ns, value_of(row, aggregate_ids_[i]), row.rate);
        } else {
          group.fold(i).add(value_of(row, aggregate_ids_[i]), row.rate);
        }
      }
    }
  }

  /// By buckets; `group_at` gives the group of the bucket that starts then.
  template <class Row, class GroupAt>
  void feed_buckets(const Row& row, GroupAt group_at) const {
    const std::int64_t width = *select_.bucket_ns;
    if (row.time_ns >= select_.start_ns) group_at(bucket_start(select_, row.time_ns));
    for (std::size_t i = 0; i < aggregate_ids_.size(); ++i) {
      if (!counts(row, i)) continue;
      if (!is_concurrency(i)) {
        if (row.time_ns < select_.start_ns) continue;
        group_at(bucket_start(select_, row.time_ns))
            .fold(i)
            .add(value_of(row, aggregate_ids_[i]), row.rate);
        continue;
      }
      const std::int64_t end = span_end(row, i);
      std::int64_t from = span_start(row);
      while (from < end) {
        const std::int64_t start = bucket_start(select_, from);
        const std::int64_t until = std::min(end, start + width);
        group_at(start).fold(i).add_overlap(until - from, row.rate);
        from = until;
      }
    }
  }

 private:
  bool is_concurrency(std::size_t i) const {
    return select_.aggregates[i].kind == AggregateKind::kConcurrency;
  }

  template <class Row>
  bool counts(const Row& row, std::size_t i) const {
    return aggregate_filters_[i].matches([&](std::uint32_t id) { return value_of(row, id); });
  }

  /// The part of the row's span that is inside the window; nothing when the end is not after it.
  template <class Row>
  std::int64_t span_start(const Row& row) const {
    return std::max(row.time_ns, select_.start_ns);
  }
  template <class Row>
  std::int64_t span_end(const Row& row, std::size_t i) const {
    constexpr double kNsPerMs = 1e6;
    const ValueView value = value_of(row, aggregate_ids_[i]);
    if (!value.is_number()) return span_start(row);
    const double duration_ms = value.as_number();
    if (!std::isfinite(duration_ms) || duration_ms <= 0) return span_start(row);
    const std::int64_t most = select_.end_ns - row.time_ns;
    const double wanted = std::min(duration_ms * kNsPerMs, static_cast<double>(most));
    const std::int64_t end =
        row.time_ns + std::min(static_cast<std::int64_t>(std::round(wanted)), most);
    return std::max(end, span_start(row));
  }

  template <class Row>
  bool reaches_in(const Row& row) const {
    if (row.time_ns < select_.start_ns - kSpanLookBackNs) return false;
    for (std::size_t i = 0; i < aggregate_ids_.size(); ++i) {
      if (is_concurrency(i) && span_end(row, i) > select_.start_ns) return true;
    }
    return false;
  }

  const Select& select_;
  FilterMatch filter_;
  std::vector<std::uint32_t> group_ids_;
  std::vector<std::uint32_t> aggregate_ids_;
  std::vector<FilterMatch> aggregate_filters_;
};

bool passes(const Having& having, const Value& result) {
  const auto order =
      result.is_null() ? std::partial_ordering::unordered : result.as_number() <=> having.value;
  switch (having.op) {
    case FilterOp::kEqual:
      return order == 0;
    case FilterOp::kNotEqual:
      return order != 0;
    case FilterOp::kLess:
      return order < 0;
    case FilterOp::kLessOrEqual:
      return order <= 0;
    case FilterOp::kGreater:
      return order > 0;
    default:
      return order >= 0;
  }
}

std::weak_ordering order_results(const Value& a, const Value& b) {
  if (a.is_null() || b.is_null()) return b.is_null() <=> a.is_null();
  return order_doubles(a.as_number(), b.as_number());
}

/// How long the window is; meant for those that are closed.
std::int64_t window_ns(const Select& select) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(select.end_ns) -
                                   static_cast<std::uint64_t>(select.start_ns));
}

/// How long the part of a bucket is that lies in the window; meant for those that are closed.
std::int64_t bucket_part_ns(const Select& select, std::int64_t start) {
  if (!asks_for_spans(select)) return 0;
  return std::min(start + *select.bucket_ns, select.end_ns) - std::max(start, select.start_ns);
}

struct Chosen {
  Key key;
  std::vector<Value> results;
};

/// having, order and limit: the groups the question keeps, in order. `groups` is sorted by key, and
/// the sort is stable, which settles ties.
std::vector<Chosen> choose(const Select& select, const Groups& groups, bool& truncated) {
  std::vector<Chosen> chosen;
  const std::int64_t width_ns = window_ns(select);
  for (const auto& [key, group] : groups) {
    std::vector<Value> results = group.results(select, width_ns);
    const bool kept = std::all_of(select.having.begin(), select.having.end(),
                                  [&](const auto& h) { return passes(h, results[h.aggregate]); });
    if (kept) chosen.push_back({key, std::move(results)});
  }
  const auto before = [&](const Chosen& a, const Chosen& b) {
    for (const Order& order : select.order) {
      const auto compared = order.by == Order::By::kGroup
                                ? order_values(a.key[order.index].view(), b.key[order.index].view())
                                : order_results(a.results[order.index], b.results[order.index]);
      if (compared != 0) return order.descending ? compared > 0 : compared < 0;
    }
    return false;
  };
  std::stable_sort(chosen.begin(), chosen.end(), before);
  if (chosen.size() > select.limit) {
    truncated = true;
    chosen.resize(select.limit);
  }
  return chosen;
}

/// Copies of the rows with the computed columns as further fields; none without such columns.
template <class Rows>
Rows with_computed(const Select& select, const Rows& rows, ColumnIds& ids) {
  if (select.computed.empty()) return {};
  Rows extended = rows;
  for (const Computed& one : select.computed) {
    std::vector<Value> values;
    for (const auto& row : extended) {
      const auto lookup = [&](const std::string& name) { return value_of(row, ids(name)); };
      values.push_back(evaluate(one.expression, {.time_ns = row.time_ns, .column = lookup}));
    }
    ids.add_computed(one.name);
    const std::uint32_t id = ids(one.name);
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (!values[i].is_null()) extended[i].fields.emplace_back(id, std::move(values[i]));
    }
  }
  return extended;
}

template <class Rows>
base::Result<ResultTable> select_groups(const Select& select, const ColumnIds& ids,
                                        const Rows& rows) {
  const Plan plan(select, ids);
  Groups groups;
  if (select.group_by.empty()) groups.try_emplace(Key{}, select);
  for (const auto& row : rows) {
    if (!plan.wants(row)) continue;
    plan.feed(row, groups.try_emplace(plan.key(row), select).first->second);
  }
  ResultTable table;
  table.columns = group_result_columns(select);
  if (select.few_groups && groups.size() > kFewGroupsMax) {
    return base::error(base::ErrorKind::kLimit, "there are many groups");
  }
  const std::vector<Chosen> chosen = choose(select, groups, table.truncated);
  if (select.rest) {
    for (const Chosen& group : chosen) groups.erase(group.key);
    Group rest(select);
    for (const auto& row : rows) {
      if (plan.wants(row) && groups.contains(plan.key(row))) plan.feed(row, rest);
    }
    table.rows.push_back(rest.results(select, window_ns(select)));
    table.truncated = false;
    return table;
  }
  if (!select.bucket_ns) {
    for (const Chosen& group : chosen) {
      table.rows.push_back(group.key);
      table.rows.back().insert(table.rows.back().end(), group.results.begin(), group.results.end());
    }
    cut_to_limits(table);
    return table;
  }

  std::map<Key, std::map<std::int64_t, Group>, KeyBefore> series;
  for (const Chosen& group : chosen) series.try_emplace(group.key);
  for (const auto& row : rows) {
    if (!plan.wants(row)) continue;
    const auto found = series.find(plan.key(row));
    if (found == series.end()) continue;
    plan.feed_buckets(row, [&](std::int64_t start) -> Group& {
      return found->second.try_emplace(start, select).first->second;
    });
  }
  for (const Chosen& group : chosen) {
    for (const auto& [start, folds] : series.at(group.key)) {
      std::vector<Value> cells = {Value(start)};
      cells.insert(cells.end(), group.key.begin(), group.key.end());
      const std::vector<Value> results = folds.results(select, bucket_part_ns(select, start));
      cells.insert(cells.end(), results.begin(), results.end());
      table.rows.push_back(std::move(cells));
    }
  }
  cut_to_limits(table);
  return table;
}

/// Which rows a sample takes.
class Taken {
 public:
  Taken(const Sample& sample, const ColumnIds& ids)
      : sample_(sample), marked_(sample.marked, ids) {}

  template <class Row>
  bool marks(const Row& row) const {
    return row.time_ns >= sample_.marked_start_ns && row.time_ns < sample_.marked_end_ns &&
           marked_.matches([&](std::uint32_t id) { return value_of(row, id); });
  }
  template <class Row>
  bool takes(const Row& row, std::uint64_t place) const {
    const double share = marks(row) ? sample_.marked_share : sample_.other_share;
    return static_cast<double>(base::Rng(place).next_u64()) < share * 0x1p64;
  }

 private:
  const Sample& sample_;
  FilterMatch marked_;
};

template <class Rows>
ResultTable select_rows(const Select& select, const ColumnIds& ids, const Rows& rows,
                        const std::vector<std::string>& names) {
  const Plan plan(select, ids);
  const std::optional<Taken> taken =
      select.sample ? std::optional<Taken>(std::in_place, *select.sample, ids) : std::nullopt;
  std::vector<std::uint32_t> wanted;
  for (const std::string& name : names) wanted.push_back(ids(name));
  using Row = typename Rows::value_type;
  std::vector<const Row*> found;
  std::uint64_t place = 0;
  for (const Row& row : rows) {
    ++place;
    if (plan.wants(row) && (!taken || taken->takes(row, place))) found.push_back(&row);
  }
  const bool oldest_first = !select.order.empty() && !select.order[0].descending;
  if (!oldest_first) std::reverse(found.begin(), found.end());
  std::stable_sort(found.begin(), found.end(), [&](const Row* a, const Row* b) {
    return oldest_first ? a->time_ns < b->time_ns : a->time_ns > b->time_ns;
  });
  ResultTable table;
  table.columns = row_result_columns(select, names);
  if (found.size() > select.limit) {
    table.truncated = true;
    found.resize(select.limit);
  }
  for (const Row* row : found) {
    std::vector<Value> cells = {Value(row->time_ns), Value(row->rate)};
    if (taken) cells.emplace_back(taken->marks(*row));
    for (const std::uint32_t id : wanted) cells.emplace_back(value_of(*row, id));
    table.rows.push_back(std::move(cells));
  }
  cut_to_limits(table);
  return table;
}

}  // namespace

MemoryStore::MemoryStore(MemoryStoreOptions options) : options_(options) {}

base::Status MemoryStore::append(std::span<const event::Event> events) {
  const std::lock_guard lock(mutex_);
  const auto known = [&](std::string_view name) { return datasets_.contains(name); };
  if (auto status = check_intake(datasets_named(events), datasets_.size(), known); !status.ok()) {
    ++stats_.append_failures;
    return status;
  }
  for (const event::Event& event : events) {
    Dataset& dataset = datasets_[event.dataset()];
    Row row{event.time_unix_ns(), event.sample_rate(), {}};
    std::map<std::uint32_t, Value> fields;
    for (std::size_t i = 0; i < event.size(); ++i) {
      const event::Field field = event.field(i);
      fields.insert_or_assign(field.column.id(), Value(field.value));
    }
    stats_.fields_dropped += event.dropped();
    for (auto& [id, value] : fields) {
      if (value.is_null()) continue;
      if (!dataset.columns.contains(id) && dataset.columns.size() >= kColumnsPerDatasetMax) {
        ++stats_.fields_dropped;
        continue;
      }
      dataset.columns[id].insert(value.type());
      row.fields.emplace_back(id, std::move(value));
    }
    dataset.rows.push_back(std::move(row));
    if (dataset.rows.size() > options_.events_in_memory_max) {
      dataset.rows.pop_front();
      ++stats_.events_aged_out;
    }
  }
  stats_.events_appended += events.size();
  return {};
}

base::Result<ResultTable> MemoryStore::select(const Select& select,
                                              const Cancellation& cancellation) {
  TRY(validate(select));
  if (cancellation.cancelled()) return cancelled_query();
  const std::lock_guard lock(mutex_);
  static const Dataset kEmpty;
  const auto found = datasets_.find(select.dataset);
  const Dataset& dataset = found == datasets_.end() ? kEmpty : found->second;
  ColumnIds ids;
  const std::deque<Row> extended = with_computed(select, dataset.rows, ids);
  const std::deque<Row>& rows = select.computed.empty() ? dataset.rows : extended;
  if (!select.aggregates.empty()) return select_groups(select, ids, rows);
  std::vector<std::string> names = select.row_columns;
  if (names.empty()) {
    std::set<std::string> all;
    for (const auto& [id, types] : dataset.columns) all.emplace(Column(id).name());
    for (const Computed& one : select.computed) all.insert(one.name);
    names.assign(all.begin(), all.end());
  }
  return select_rows(select, ids, rows, names);
}

std::vector<DatasetInfo> MemoryStore::datasets() {
  const std::lock_guard lock(mutex_);
  std::vector<DatasetInfo> out;
  for (const auto& [name, dataset] : datasets_) {
    DatasetInfo info{
        .name = name, .events = dataset.rows.size(), .columns = dataset.columns.size()};
    if (!dataset.rows.empty()) {
      const auto [oldest, newest] =
          std::minmax_element(dataset.rows.begin(), dataset.rows.end(),
                              [](const Row& a, const Row& b) { return a.time_ns < b.time_ns; });
      info.time_min_ns = oldest->time_ns;
      info.time_max_ns = newest->time_ns;
    }
    out.push_back(std::move(info));
  }
  return out;
}

base::Result<std::vector<DatasetColumn>> MemoryStore::columns(std::string_view dataset) {
  const std::lock_guard lock(mutex_);
  const auto found = datasets_.find(dataset);
  if (found == datasets_.end()) {
    return base::error(base::ErrorKind::kNotFound, base::cat("no dataset ", dataset));
  }
  std::vector<DatasetColumn> out;
  for (const auto& [id, types] : found->second.columns) {
    out.push_back({std::string(Column(id).name()), {types.begin(), types.end()}});
  }
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return out;
}

StoreStats MemoryStore::stats() {
  const std::lock_guard lock(mutex_);
  StoreStats stats = stats_;
  for (const auto& [name, dataset] : datasets_) stats.events_queryable += dataset.rows.size();
  return stats;
}

}  // namespace understudy::store
