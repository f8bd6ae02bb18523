#include "store/duckdb/event_source.h"

#include <algorithm>
#include <set>

#include "base/text.h"
#include "store/duckdb/sql_plan.h"

namespace understudy::store {
namespace {

void collect(const Filter& filter, std::set<std::string>& names) {
  if (filter.kind == Filter::Kind::kTest) names.insert(filter.column);
  for (const Filter& child : filter.children) collect(child, names);
}

/// The columns a question names; all of them when it asks for raw rows with every column.
struct Wanted {
  bool all = false;
  std::set<std::string> names = {};

  bool has(const std::string& name) const { return all || names.contains(name); }
};

Wanted wanted_by(const Select& select) {
  Wanted wanted{.all = select.aggregates.empty() && select.row_columns.empty()};
  collect(select.filter, wanted.names);
  wanted.names.insert(select.group_by.begin(), select.group_by.end());
  wanted.names.insert(select.row_columns.begin(), select.row_columns.end());
  for (const Aggregate& aggregate : select.aggregates) {
    wanted.names.insert(aggregate.column);
    collect(aggregate.filter, wanted.names);
  }
  if (select.sample) collect(select.sample->marked, wanted.names);
  // From the last on, as an expression names only those before it.
  for (auto one = select.computed.rbegin(); one != select.computed.rend(); ++one) {
    if (!wanted.has(one->name)) continue;
    for (std::string& name : columns_of(one->expression)) wanted.names.insert(std::move(name));
  }
  return wanted;
}

}  // namespace

EventSource::EventSource(const Select& select, const TableView& view,
                         std::vector<event::Value>& parameters)
    : select_(select), view_(view), schema_(*view.schema), expressions_(*view.schema, parameters) {
  if (select.computed.empty()) return;
  const Wanted wanted = wanted_by(select);
  for (const Computed& one : select.computed) {
    if (!wanted.has(one.name)) continue;
    PhysicalByType columns = kNowhere;
    for (const event::Type type : expressions_.add(one, schema_.physical.size())) {
      columns[static_cast<std::size_t>(type)] = static_cast<int>(schema_.physical.size());
      schema_.physical.push_back(type);
    }
    schema_.columns.insert_or_assign(one.name, columns);
  }
}

std::string EventSource::sql(const std::vector<bool>& used, std::int64_t look_back_ns) const {
  std::vector<bool> stored = used;
  stored.resize(view_.schema->physical.size());
  const std::vector<bool>& by_expressions = expressions_.used();
  for (std::size_t i = 0; i < by_expressions.size(); ++i) {
    if (by_expressions[i]) stored[i] = true;
  }
  Select range;
  range.start_ns = select_.start_ns - look_back_ns;
  range.end_ns = select_.end_ns;
  std::string source = sql_source(range, view_, stored);
  if (select_.computed.empty()) return source;
  std::vector<std::string> wanted;
  for (std::size_t i = 0; i < used.size(); ++i) {
    if (used[i]) wanted.push_back(base::cat("c", i));
  }
  return expressions_.around(std::move(source), std::move(wanted));
}

}  // namespace understudy::store
