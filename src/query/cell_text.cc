#include "query/cell_text.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "base/text.h"

namespace understudy::query {

std::string short_number(double number) {
  std::array<char, 40> text{};
  const int size = std::snprintf(text.data(), text.size(), "%.6g", number == 0 ? 0.0 : number);
  return {text.data(), static_cast<size_t>(size)};
}

size_t character_count(std::string_view text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char byte) { return (byte & 0xC0) != 0x80; }));
}

std::string exact_text(const event::Value& value) {
  switch (value.type()) {
    case event::Type::kNull:
      return {};
    case event::Type::kBool:
      return value.as_bool() ? "true" : "false";
    case event::Type::kInt:
      return base::cat(value.as_int());
    case event::Type::kDouble:
      return base::cat(value.as_double());
    case event::Type::kString:
      return value.as_string();
  }
  return {};
}

std::string cell_text(const event::Value& value, std::string_view null_text, size_t width_max) {
  if (value.is_null()) return std::string(null_text);
  if (value.is_double()) return short_number(value.as_double());
  if (!value.is_string()) return exact_text(value);
  // Four bytes a character at most, so no character within the width is lost here.
  std::string text = base::printable(value.as_string(), width_max * 4);
  if (character_count(text) <= width_max) return text;
  size_t bytes = 0;
  for (size_t seen = 0; bytes < text.size(); ++bytes) {
    if ((text[bytes] & 0xC0) != 0x80 && ++seen == width_max) break;
  }
  return base::cat(text.substr(0, bytes), "…");
}

}  // namespace understudy::query
