#include "api/table_json.h"

#include <cmath>
#include <utility>

#include "query/rfc3339.h"

namespace understudy::api {

using flags::Value;

Value cell_json(const event::Value& value) {
  switch (value.type()) {
    case event::Type::kNull:
      return {};
    case event::Type::kBool:
      return value.as_bool();
    case event::Type::kInt:
      return value.as_int();
    case event::Type::kDouble:
      return value.as_double();
    case event::Type::kString:
      return value.as_string();
  }
  return {};
}

Value row_json(const store::ResultTable& table, size_t row) {
  Value::Object object;
  for (size_t i = 0; i < table.columns.size(); ++i) {
    const event::Value& cell = table.rows[row][i];
    if (cell.is_null() || table.columns[i].kind == store::ResultTable::Kind::kSampleRate) continue;
    const bool is_time = table.columns[i].kind == store::ResultTable::Kind::kTime && cell.is_int();
    object.push_back({table.columns[i].name, is_time
                                                 ? Value(query::rfc3339_nanoseconds(cell.as_int()))
                                                 : cell_json(cell)});
  }
  return object;
}

std::string_view cell_text(const event::Value& value) {
  return value.is_string() ? std::string_view(value.as_string()) : std::string_view();
}

int64_t cell_count(const event::Value& value) {
  return value.is_number() ? std::llround(value.as_number()) : 0;
}

}  // namespace understudy::api
