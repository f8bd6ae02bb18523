#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

namespace understudy::query {

/// The text of an expression, read from the left into words: names, numbers, texts, signs. Knows
/// letters, not what they mean together.
/// Lifetime: the text, which must be UTF-8, must outlive it.
class ExpressionText {
 public:
  explicit ExpressionText(std::string_view text) : text_(text) {}

  std::size_t at() const { return at_; }
  bool done() const { return at_ >= text_.size(); }
  /// The next byte, '\0' at the end.
  char peek(std::size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }

  /// Skips white space as Unicode has it.
  void skip_spaces();
  /// Takes exactly this when the text goes on with it.
  bool take(std::string_view sign);
  /// Takes a word in any case when it stands alone, not as the beginning of another.
  bool take_word(std::string_view word);
  /// Takes letters, digits and _; empty when there is no letter.
  std::string_view take_name();
  /// Takes digits, with a point and an exponent; must stand at a digit or a point before one.
  base::Result<std::string_view> take_number();
  /// Takes "text" with Go's escapes, or `raw text`. Must stand at a quote.
  base::Result<std::string> take_quoted();
  /// Takes $name, $"name" or $`name`. Must stand at the dollar.
  base::Result<std::string> take_column();
  /// Whether the character before is the last of a column without quotes that has a sign in it.
  bool after_column_with_sign() const { return column_with_sign_until_ == at_; }

  base::Error error(std::string_view message) const { return error_at(at_, message); }
  base::Error error_at(std::size_t at, std::string_view message) const;

 private:
  base::Result<std::string> take_escape();
  std::size_t space_bytes() const;

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t column_with_sign_until_ = static_cast<std::size_t>(-1);
};

}  // namespace understudy::query
