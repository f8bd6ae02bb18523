#include "dialect/value.h"

namespace flamingo {

std::string_view type_name(Type type) {
  switch (type) {
    case Type::kInteger:
      return "integer";
    case Type::kNumber:
      return "number";
    case Type::kString:
      return "string";
    case Type::kTime:
      return "time";
    case Type::kBoolean:
      return "boolean";
  }
  return "unknown";
}

std::optional<Type> type_from_name(std::string_view name) {
  for (const Type type : {Type::kInteger, Type::kNumber, Type::kString, Type::kTime}) {
    if (type_name(type) == name) return type;
  }
  return std::nullopt;
}

}  // namespace flamingo
