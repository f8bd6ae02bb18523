#include "query/expression_text.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/text.h"
#include "base/utf8.h"
#include "event/column.h"
#include "event/event.h"

namespace understudy::query {
namespace {

using base::cat;
using base::Result;

// White space beyond ASCII, by Unicode.
constexpr std::array<std::string_view, 19> kSpaces = {
    "\xC2\x85",     "\xC2\xA0",     "\xE1\x9A\x80", "\xE2\x80\x80", "\xE2\x80\x81",
    "\xE2\x80\x82", "\xE2\x80\x83", "\xE2\x80\x84", "\xE2\x80\x85", "\xE2\x80\x86",
    "\xE2\x80\x87", "\xE2\x80\x88", "\xE2\x80\x89", "\xE2\x80\x8A", "\xE2\x80\xA8",
    "\xE2\x80\xA9", "\xE2\x80\xAF", "\xE2\x81\x9F", "\xE3\x80\x80"};
constexpr std::string_view kColumnSigns = "=+?:/-";  // that could be meant as operators
constexpr std::size_t kShownBefore = 60;             // bytes of the line, around an error
constexpr std::size_t kShownAfter = 40;

bool is_digit(char letter) { return letter >= '0' && letter <= '9'; }
bool is_letter(char letter) {
  return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z');
}
bool is_beyond_ascii(char letter) { return (letter & 0x80) != 0; }
bool is_inner_byte(char letter) { return (letter & 0xC0) == 0x80; }
bool is_name_letter(char letter) { return is_letter(letter) || is_digit(letter) || letter == '_'; }

int hex_value(char letter) {
  if (is_digit(letter)) return letter - '0';
  const char lower = static_cast<char>(letter | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char byte) { return !is_inner_byte(byte); }));
}

}  // namespace

std::size_t ExpressionText::space_bytes() const {
  const char letter = peek();
  if (letter == ' ' || (letter >= '\t' && letter <= '\r')) return 1;
  if (!is_beyond_ascii(letter)) return 0;
  const std::string_view rest = text_.substr(at_);
  for (const std::string_view space : kSpaces) {
    if (rest.starts_with(space)) return space.size();
  }
  return 0;
}

void ExpressionText::skip_spaces() {
  while (const std::size_t bytes = space_bytes()) at_ += bytes;
}

bool ExpressionText::take(std::string_view sign) {
  if (!text_.substr(at_).starts_with(sign)) return false;
  at_ += sign.size();
  return true;
}

bool ExpressionText::take_word(std::string_view word) {
  if (!base::equals_ignore_case(text_.substr(at_, word.size()), word)) return false;
  if (is_name_letter(peek(word.size()))) return false;
  at_ += word.size();
  return true;
}

std::string_view ExpressionText::take_name() {
  const std::size_t start = at_;
  if (!is_letter(peek())) return {};
  while (is_name_letter(peek())) ++at_;
  return text_.substr(start, at_ - start);
}

Result<std::string_view> ExpressionText::take_number() {
  const std::size_t start = at_;
  const auto digits = [&] {
    const std::size_t first = at_;
    while (is_digit(peek())) ++at_;
    return at_ > first;
  };
  digits();
  if (peek() == '.') {
    ++at_;
    if (!digits()) return error("expected a digit behind the point");
  }
  if (peek() == 'e' || peek() == 'E') {
    ++at_;
    if (peek() == '+' || peek() == '-') ++at_;
    if (!digits()) return error("expected the digits of an exponent");
  }
  if (is_name_letter(peek()) || peek() == '.') return error("a number does not go on like this");
  return text_.substr(start, at_ - start);
}

Result<std::string> ExpressionText::take_escape() {
  const std::size_t start = at_;  // at the backslash
  ++at_;
  const char kind = peek();
  constexpr std::string_view kLetters = "abfnrtv\\'\"";
  constexpr std::string_view kMeant = "\a\b\f\n\r\t\v\\'\"";
  if (const std::size_t found = kLetters.find(kind); kind != '\0' && found != kLetters.npos) {
    ++at_;
    return std::string(1, kMeant[found]);
  }
  std::size_t count = 0;
  std::uint32_t base = 16;
  switch (kind) {
    case 'x':
      count = 2;
      break;
    case 'u':
      count = 4;
      break;
    case 'U':
      count = 8;
      break;
    default:
      base = 8;
      count = 3;
  }
  if (base == 16) ++at_;
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < count; ++i, ++at_) {
    const int digit = hex_value(peek());
    if (digit < 0 || static_cast<std::uint32_t>(digit) >= base) {
      return error_at(
          start,
          "not an escape; known are \\a \\b \\f \\n \\r \\t \\v \\\\ \\' \\\" \\101 \\x41 "
          "\\u0041 \\U00000041, and `raw text` has none");
    }
    value = value * base + static_cast<std::uint32_t>(digit);
  }
  const bool point = kind == 'u' || kind == 'U';
  if (!point && value > 0xFF) return error_at(start, "an escape of a byte is at most \\377");
  if (point && (value > 0x10FFFF || (value >= 0xD800 && value < 0xE000))) {
    return error_at(start, "not a Unicode character");
  }
  if (!point) return std::string(1, static_cast<char>(static_cast<unsigned char>(value)));
  std::string character;
  base::append_utf8(character, static_cast<std::uint32_t>(value));
  return character;
}

Result<std::string> ExpressionText::take_quoted() {
  const std::size_t start = at_;
  const char quote = peek();
  ++at_;
  std::string value;
  while (!done() && peek() != quote) {
    if (quote == '"' && peek() == '\\') {
      TRY_ASSIGN(const std::string meant, take_escape());
      value += meant;
    } else {
      value += peek();
      ++at_;
    }
  }
  if (done()) return error_at(start, "this quote is never closed");
  ++at_;
  if (!event::is_utf8(value)) return error_at(start, "the escapes do not make UTF-8");
  return value;
}

Result<std::string> ExpressionText::take_column() {
  const std::size_t start = at_;
  ++at_;
  std::string column;
  if (peek() == '"' || peek() == '`') {
    TRY_ASSIGN(column, take_quoted());
  } else {
    const std::size_t first = at_;
    while (is_name_letter(peek()) || peek() == '.' ||
           (!done() && kColumnSigns.find(peek()) != kColumnSigns.npos) ||
           (is_beyond_ascii(peek()) && space_bytes() == 0)) {
      ++at_;
    }
    column = std::string(text_.substr(first, at_ - first));
    if (column.find_first_of(kColumnSigns) != column.npos) column_with_sign_until_ = at_;
  }
  if (column.empty()) return error_at(start, "expected the name of a column behind the $");
  if (column.size() > event::kColumnNameBytesMax) {
    return error_at(start, cat("a column name has at most ", event::kColumnNameBytesMax, " bytes"));
  }
  return column;
}

base::Error ExpressionText::error_at(std::size_t at, std::string_view message) const {
  at = std::min(at, text_.size());
  const std::size_t line_break = at == 0 ? text_.npos : text_.rfind('\n', at - 1);
  std::size_t from = line_break == text_.npos ? 0 : line_break + 1;
  std::size_t to = std::min(text_.find('\n', at), text_.size());
  const bool cut = at - from > kShownBefore;
  if (cut) from = at - kShownBefore;
  to = std::min(to, at + kShownAfter);
  while (from < at && is_inner_byte(text_[from])) ++from;
  while (to < text_.size() && to > at && is_inner_byte(text_[to])) --to;
  constexpr std::size_t kAll = 1'000;
  const std::string before =
      cat(cut ? "..." : "", base::printable(text_.substr(from, at - from), kAll));
  return base::invalid(cat(message, " (character ", characters(text_.substr(0, at)) + 1, ")\n    ",
                           before, base::printable(text_.substr(at, to - at), kAll), "\n    ",
                           std::string(characters(before), ' '), "^"));
}

}  // namespace understudy::query
