#include "dialect/result_set.h"

#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>

namespace flamingo {
namespace {

using nlohmann::json;

template <class Number>
void append_number(std::string& out, Number number) {
  char digits[32];
  const auto end = std::to_chars(digits, digits + sizeof(digits), number);
  out.append(digits, end.ptr);
}

void append_string(std::string& out, std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  out += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20) {
      out += "\\u00";
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    } else {
      out += c;
    }
  }
  out += '"';
}

void append_value(std::string& out, const Value& value) {
  if (const auto* integer = std::get_if<int64_t>(&value)) {
    append_number(out, *integer);
  } else if (const auto* number = std::get_if<double>(&value); number && std::isfinite(*number)) {
    append_number(out, *number);
    if (*number == 0 && std::signbit(*number)) out += ".0";  // "-0" would be read as an integer
  } else if (const auto* text = std::get_if<std::string>(&value)) {
    append_string(out, *text);
  } else {
    out += "null";
  }
}

Fault malformed(std::string message) {
  return {FaultKind::kUnavailable, "MalformedAnswer", std::move(message)};
}

Outcome<Value> value_of(const json& cell, Type type) {
  if (cell.is_null()) return Value{};
  switch (type) {
    case Type::kInteger:
    case Type::kTime:
      if (cell.is_number_integer()) return Value{cell.get<int64_t>()};
      break;
    case Type::kNumber:
      if (cell.is_number()) return Value{cell.get<double>()};
      break;
    case Type::kString:
      if (cell.is_string()) return Value{cell.get<std::string>()};
      break;
    case Type::kBoolean:
      break;
  }
  return malformed("a cell of a column of type " + std::string(type_name(type)) + " holds " +
                   cell.type_name());
}

}  // namespace

std::string to_json(const ResultSet& table) {
  std::string out;
  out.reserve(128 + table.rows.size() * table.columns.size() * 16);
  out += R"({"columns":[)";
  for (size_t i = 0; i < table.columns.size(); ++i) {
    out += i ? R"(,{"name":)" : R"({"name":)";
    append_string(out, table.columns[i].name);
    out += R"(,"type":)";
    append_string(out, type_name(table.columns[i].type));
    out += '}';
  }
  out += R"(],"rows":[)";
  for (size_t row = 0; row < table.rows.size(); ++row) {
    out += row ? ",[" : "[";
    for (size_t i = 0; i < table.rows[row].size(); ++i) {
      if (i) out += ',';
      append_value(out, table.rows[row][i]);
    }
    out += ']';
  }
  out += R"(],"derived":{)";
  bool first = true;
  for (const auto& [name, value] : table.derived) {
    if (!first) out += ',';
    first = false;
    append_string(out, name);
    out += ':';
    append_value(out, value);
  }
  out += "}}";
  return out;
}

Outcome<ResultSet> result_set_from_json(std::string_view text, size_t bytes_max) {
  if (text.size() > bytes_max) return malformed("the answer is larger than the limit");
  const json body = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!body.is_object() || !body.contains("columns") || !body.contains("rows") ||
      !body["columns"].is_array() || !body["rows"].is_array()) {
    return malformed("the answer is not a table");
  }
  ResultSet table;
  for (const json& column : body["columns"]) {
    if (!column.is_object() || !column.contains("name") || !column["name"].is_string() ||
        !column.contains("type") || !column["type"].is_string()) {
      return malformed("a column has no name or no type");
    }
    const auto type = type_from_name(column["type"].get_ref<const std::string&>());
    if (!type) return malformed("a column has an unknown type");
    table.columns.push_back({column["name"].get<std::string>(), *type});
  }
  table.rows.reserve(body["rows"].size());
  for (const json& row : body["rows"]) {
    if (!row.is_array() || row.size() != table.columns.size()) {
      return malformed("a row has not as many cells as there are columns");
    }
    auto& cells = table.rows.emplace_back();
    cells.reserve(row.size());
    for (size_t i = 0; i < row.size(); ++i) {
      TRY_OUTCOME(Value cell, value_of(row[i], table.columns[i].type));
      cells.push_back(std::move(cell));
    }
  }
  if (const auto derived = body.find("derived"); derived != body.end() && derived->is_object()) {
    for (const auto& [name, value] : derived->items()) {
      if (value.is_number_integer()) {
        table.derived[name] = value.get<int64_t>();
      } else if (value.is_number()) {
        table.derived[name] = value.get<double>();
      }
    }
  }
  return table;
}

}  // namespace flamingo
