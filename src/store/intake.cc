#include "store/intake.h"

#include <algorithm>
#include <set>

#include "base/text.h"
#include "store/event_store.h"

namespace understudy::store {

base::Status check_intake(std::span<const std::string> named, std::size_t datasets,
                          const std::function<bool(std::string_view)>& known) {
  std::set<std::string_view> added;
  for (const std::string& name : named) {
    if (name.empty()) return base::invalid("an event names no dataset");
    if (!known(name)) added.insert(name);
  }
  if (!added.empty() && datasets + added.size() > kDatasetsMax) {
    return base::error(base::ErrorKind::kLimit, base::cat("more than ", kDatasetsMax, " datasets, ",
                                                          *added.begin(), " is refused"));
  }
  return {};
}

std::vector<std::string> datasets_named(std::span<const event::Event> events) {
  std::set<std::string_view> named;
  std::string_view last;
  for (const event::Event& event : events) {
    if (!named.empty() && event.dataset() == last) continue;
    last = event.dataset();
    named.insert(last);
  }
  return {named.begin(), named.end()};
}

std::vector<ResultTable::ResultColumn> group_result_columns(const Select& select) {
  using Kind = ResultTable::Kind;
  std::vector<ResultTable::ResultColumn> columns;
  if (select.bucket_ns) columns.push_back({"time", Kind::kTime});
  if (!select.rest) {
    for (const std::string& name : select.group_by) columns.push_back({name, Kind::kGroup});
  }
  for (const Aggregate& aggregate : select.aggregates) {
    columns.push_back({result_name(aggregate), Kind::kAggregate});
  }
  for (const Formula& formula : select.formulas) {
    columns.push_back({formula.name, Kind::kAggregate});
  }
  return columns;
}

std::vector<ResultTable::ResultColumn> row_result_columns(const Select& select,
                                                          const std::vector<std::string>& names) {
  using Kind = ResultTable::Kind;
  std::vector<ResultTable::ResultColumn> columns = {{"time", Kind::kTime},
                                                    {"sample_rate", Kind::kSampleRate}};
  if (select.sample) columns.push_back({"marked", Kind::kField});
  for (const std::string& name : names) columns.push_back({name, Kind::kField});
  return columns;
}

std::size_t result_rows_max(std::size_t columns) {
  return std::min(kResultRowsMax, std::max<std::size_t>(1, kResultCellsMax / columns));
}

void cut_to_limits(ResultTable& table) {
  const std::size_t most = result_rows_max(table.columns.size());
  if (table.rows.size() <= most) return;
  table.rows.resize(most);
  table.truncated = true;
}

}  // namespace understudy::store
