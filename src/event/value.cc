#include "event/value.h"

#include <cmath>

#include "base/text.h"

namespace understudy::event {

const char* name(Type type) {
  switch (type) {
    case Type::kNull:
      return "null";
    case Type::kBool:
      return "bool";
    case Type::kInt:
      return "int";
    case Type::kDouble:
      return "double";
    case Type::kString:
      return "string";
  }
  return "unknown";
}

bool operator==(const ValueView& a, const ValueView& b) {
  if (a.type() != b.type()) return false;
  switch (a.type()) {
    case Type::kNull:
      return true;
    case Type::kBool:
      return a.as_bool() == b.as_bool();
    case Type::kInt:
      return a.as_int() == b.as_int();
    case Type::kDouble:
      return a.as_double() == b.as_double() ||
             (std::isnan(a.as_double()) && std::isnan(b.as_double()));
    case Type::kString:
      return a.as_string() == b.as_string();
  }
  return false;
}

Value::Value(const ValueView& view) {
  switch (view.type()) {
    case Type::kNull:
      return;
    case Type::kBool:
      data_ = view.as_bool();
      return;
    case Type::kInt:
      data_ = view.as_int();
      return;
    case Type::kDouble:
      data_ = view.as_double();
      return;
    case Type::kString:
      data_ = std::string(view.as_string());
      return;
  }
}

ValueView Value::view() const {
  switch (type()) {
    case Type::kNull:
      return {};
    case Type::kBool:
      return as_bool();
    case Type::kInt:
      return as_int();
    case Type::kDouble:
      return as_double();
    case Type::kString:
      return as_string();
  }
  return {};
}

std::string to_string(const ValueView& value) {
  switch (value.type()) {
    case Type::kNull:
      return "null";
    case Type::kBool:
      return value.as_bool() ? "true" : "false";
    case Type::kInt:
      return base::cat(value.as_int());
    case Type::kDouble: {
      std::string text = base::cat(value.as_double());
      if (text.find_first_not_of("-0123456789") == std::string::npos) text += ".0";
      return text;
    }
    case Type::kString:
      return base::cat('"', value.as_string(), '"');
  }
  return "unknown";
}

std::string to_string(const Value& value) { return to_string(value.view()); }

}  // namespace understudy::event
