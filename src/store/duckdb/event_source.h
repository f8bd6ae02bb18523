#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "store/duckdb/dataset_view.h"
#include "store/duckdb/sql_expression.h"
#include "store/select.h"

namespace understudy::store {

/// The events of one question as SQL: the stored columns and, as further physical columns, the
/// computed ones the question uses. What is written over it need not tell them apart.
/// Lifetime: select, view and parameters must outlive it. Threads: one at a time.
class EventSource {
 public:
  EventSource(const Select& select, const TableView& view, std::vector<event::Value>& parameters);

  /// The dataset's columns and the computed ones; these hide stored ones of the same name.
  const Schema& schema() const { return schema_; }

  /// A SELECT of seq, ts, rate and the used columns, of the events of the question's time range
  /// and of so many nanoseconds before it.
  std::string sql(const std::vector<bool>& used, std::int64_t look_back_ns = 0) const;

 private:
  const Select& select_;
  const TableView& view_;
  Schema schema_;
  SqlExpressions expressions_;
};

}  // namespace understudy::store
