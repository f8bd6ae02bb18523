#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace understudy::store {

/// What a statement of a person reads, found in the tree that DuckDB's own parser made of it
/// (json_serialize_sql, which takes SELECT statements only).
struct SqlReads {
  std::vector<std::string> tables;   // names in FROM, as written
  std::vector<std::string> written;  // names the statement itself defines (WITH)
};

/// kInvalid unless it is exactly one SELECT that reads tables by their plain names, calls no table
/// function but range, generate_series and unnest, and no function that tells of the process, its
/// settings or its files. Pure. Cost: linear in the tree.
base::Result<SqlReads> check_sql(std::string_view tree_json);

}  // namespace understudy::store
