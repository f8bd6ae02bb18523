#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "dialect/outcome.h"
#include "dialect/value.h"

namespace flamingo {

struct Column {
  std::string name;
  Type type = Type::kString;
  bool operator==(const Column&) const = default;
};

/// The answer to a plan: a table, and the values that the plan worked out on the way
/// (a bin step, for instance), which a chart needs to draw it.
/// A time cell is the engine's own count since 1970-01-01.
struct ResultSet {
  std::vector<Column> columns;
  std::vector<std::vector<Value>> rows;
  Parameters derived;
  bool operator==(const ResultSet&) const = default;
};

/// The table as {"columns":[{"name":..,"type":..}],"rows":[[..]],"derived":{..}}, doubles in the
/// shortest form that reads back to the same bits. A non-finite number is null.
std::string to_json(const ResultSet& table);

/// Reads what to_json writes. Anything else is a Fault of type "MalformedAnswer".
/// Cost: linear; refuses more than `bytes_max` bytes.
Outcome<ResultSet> result_set_from_json(std::string_view text, size_t bytes_max);

}  // namespace flamingo
