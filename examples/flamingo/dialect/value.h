#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace flamingo {

/// The types a column, an expression or a parameter can have.
enum class Type {
  kInteger,  // 64 bits, signed
  kNumber,   // IEEE 754 double
  kString,   // UTF-8, compared by bytes
  kTime,     // a moment in UTC, held as a count since 1970-01-01
  kBoolean,  // the result of a condition; never a column
};

/// "integer", "number", "string", "time" or "boolean": the names of manifests and answers.
std::string_view type_name(Type type);
std::optional<Type> type_from_name(std::string_view name);

/// One cell. A time is an int64_t; its column's type says so, the holder says in which unit.
using Value = std::variant<std::monostate, int64_t, double, std::string>;

/// The parameters of a query by name, without the colon.
using Parameters = std::map<std::string, Value, std::less<>>;

}  // namespace flamingo
