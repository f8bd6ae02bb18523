#pragma once

#include <span>
#include <string>
#include <vector>

#include "store/duckdb/database.h"
#include "store/duckdb/dataset_view.h"
#include "store/select.h"

namespace understudy::store {

/// Writes conditions as SQL over the physical columns of a dataset. Every expression is true or
/// false, never null, so that NOT is the complement store/select.h promises. Values become
/// parameters; only generated names and our own words become text.
/// Lifetime: schema and parameters must outlive it. Threads: one at a time.
class SqlFilter {
 public:
  SqlFilter(const Schema& schema, std::vector<event::Value>& parameters)
      : schema_(schema), parameters_(parameters) {}

  std::string write(const Filter& filter);
  /// Every physical column the conditions written so far look at.
  const std::vector<bool>& used() const { return used_; }
  /// Marks a physical column as used and gives its name: c7.
  std::string column(int physical);

 private:
  std::string write_test(const Filter& filter);
  std::string equal_to_any(const PhysicalByType& columns, std::span<const event::Value> values);
  std::string compare(const PhysicalByType& columns, FilterOp op, const event::Value& value);
  std::string compare_ints(int physical, FilterOp op, const event::Value& value);
  std::string compare_doubles(int physical, FilterOp op, const event::Value& value);
  std::string text_test(const PhysicalByType& columns, const char* function,
                        const event::Value& value);
  std::string exists(const PhysicalByType& columns);
  std::string test(int physical, const char* op, const event::Value& value);
  std::string parameter(const event::Value& value);

  const Schema& schema_;
  std::vector<event::Value>& parameters_;
  std::vector<bool> used_;
};

/// The conditions joined by AND or OR, as a balanced tree (DuckDB limits how deep an expression
/// is); `none` when there are none.
std::string join_conditions(const std::vector<std::string>& conditions, const char* word,
                            const char* none);

}  // namespace understudy::store
