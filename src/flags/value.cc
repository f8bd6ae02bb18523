#include "flags/value.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"

namespace understudy::flags {
namespace {

bool equal_numbers(const Value& a, const Value& b) {
  if (a.is_integer() && b.is_integer()) return a.as_integer() == b.as_integer();
  return a.as_number() == b.as_number();
}

bool equal_objects(const Value::Object& a, const Value::Object& b) {
  if (a.size() != b.size()) return false;
  for (const Value::Member& member : a) {
    const auto other = std::find_if(b.begin(), b.end(), [&](const Value::Member& candidate) {
      return candidate.name == member.name;
    });
    if (other == b.end() || !(other->value == member.value)) return false;
  }
  return true;
}

/// The length of the valid UTF-8 sequence at the start of `text`, or 0.
size_t utf8_sequence(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto continues = [&](size_t i, unsigned low = 0x80, unsigned high = 0xBF) {
    return i < text.size() && byte(i) >= low && byte(i) <= high;
  };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return continues(1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    const unsigned low = first == 0xE0 ? 0xA0 : 0x80;
    const unsigned high = first == 0xED ? 0x9F : 0xBF;  // no surrogates
    return continues(1, low, high) && continues(2) ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    const unsigned low = first == 0xF0 ? 0x90 : 0x80;
    const unsigned high = first == 0xF4 ? 0x8F : 0xBF;
    return continues(1, low, high) && continues(2) && continues(3) ? 4 : 0;
  }
  return 0;
}

}  // namespace

bool Value::as_bool() const {
  const bool* value = std::get_if<bool>(&data_);
  return value != nullptr && *value;
}

double Value::as_number() const {
  if (const int64_t* integer = std::get_if<int64_t>(&data_)) return static_cast<double>(*integer);
  if (const double* number = std::get_if<double>(&data_)) return *number;
  return 0;
}

int64_t Value::as_integer() const {
  if (const int64_t* integer = std::get_if<int64_t>(&data_)) return *integer;
  if (const double* number = std::get_if<double>(&data_)) {
    if (std::trunc(*number) == *number && std::abs(*number) < 0x1p63) {
      return static_cast<int64_t>(*number);
    }
  }
  return 0;
}

const std::string& Value::as_string() const {
  static const std::string kNone;
  const std::string* value = std::get_if<std::string>(&data_);
  return value != nullptr ? *value : kNone;
}

const Value::List& Value::as_list() const {
  static const List kNone;
  const List* value = std::get_if<List>(&data_);
  return value != nullptr ? *value : kNone;
}

const Value::Object& Value::as_object() const {
  static const Object kNone;
  const Object* value = std::get_if<Object>(&data_);
  return value != nullptr ? *value : kNone;
}

const Value* Value::find(std::string_view name) const {
  for (const Member& member : as_object()) {
    if (member.name == name) return &member.value;
  }
  return nullptr;
}

void Value::set(std::string_view name, Value value) {
  if (!is_object()) data_ = Object{};
  Object& object = std::get<Object>(data_);
  for (Member& member : object) {
    if (member.name == name) {
      member.value = std::move(value);
      return;
    }
  }
  object.push_back({std::string(name), std::move(value)});
}

bool operator==(const Value& a, const Value& b) {
  if (a.is_number() && b.is_number()) return equal_numbers(a, b);
  if (a.data_.index() != b.data_.index()) return false;
  if (a.is_object()) return equal_objects(a.as_object(), b.as_object());
  if (a.is_list()) return a.as_list() == b.as_list();
  if (a.is_string()) return a.as_string() == b.as_string();
  if (a.is_bool()) return a.as_bool() == b.as_bool();
  return true;
}

void append_json_string(std::string& out, std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  out += '"';
  while (!text.empty()) {
    const char letter = text.front();
    size_t length = 1;
    switch (letter) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        if (static_cast<unsigned char>(letter) < 0x20) {
          out += "\\u00";
          out += kHex[static_cast<unsigned char>(letter) >> 4];
          out += kHex[static_cast<unsigned char>(letter) & 15];
        } else if (const size_t sequence = utf8_sequence(text); sequence > 0) {
          length = sequence;
          out += text.substr(0, length);
        } else {
          out += "\xEF\xBF\xBD";
        }
    }
    text.remove_prefix(length);
  }
  out += '"';
}

void append_json(std::string& out, const Value& value) {
  if (value.is_bool()) {
    out += value.as_bool() ? "true" : "false";
  } else if (value.is_integer()) {
    base::append_text(out, value.as_integer());
  } else if (value.is_number()) {
    const double number = value.as_number();
    if (std::isfinite(number)) {
      base::append_text(out, number);
    } else {
      out += "null";
    }
  } else if (value.is_string()) {
    append_json_string(out, value.as_string());
  } else if (value.is_list()) {
    out += '[';
    bool first = true;
    for (const Value& item : value.as_list()) {
      if (!first) out += ',';
      first = false;
      append_json(out, item);
    }
    out += ']';
  } else if (value.is_object()) {
    out += '{';
    bool first = true;
    for (const Value::Member& member : value.as_object()) {
      if (!first) out += ',';
      first = false;
      append_json_string(out, member.name);
      out += ':';
      append_json(out, member.value);
    }
    out += '}';
  } else {
    out += "null";
  }
}

std::string to_json(const Value& value) {
  std::string out;
  append_json(out, value);
  return out;
}

}  // namespace understudy::flags
