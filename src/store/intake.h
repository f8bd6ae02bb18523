#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "event/event.h"
#include "store/select.h"

/// What every engine does alike before it stores and after it has computed.
namespace understudy::store {

/// Whether events can be taken that name these datasets: none is without a name, and no more than
/// kDatasetsMax come to be beside the `datasets` there are.
base::Status check_intake(std::span<const std::string> named, std::size_t datasets,
                          const std::function<bool(std::string_view)>& known);
/// The datasets that events name, each once.
std::vector<std::string> datasets_named(std::span<const event::Event> events);

/// The columns of an answer.
std::vector<ResultTable::ResultColumn> group_result_columns(const Select& select);
std::vector<ResultTable::ResultColumn> row_result_columns(const Select& select,
                                                          const std::vector<std::string>& names);

/// The most rows an answer of that many columns may have.
std::size_t result_rows_max(std::size_t columns);
/// Cuts an answer to result_rows_max and marks it.
void cut_to_limits(ResultTable& table);

}  // namespace understudy::store
