#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace understudy::query {

/// Walks over one option as typed at a terminal; its errors show the text and point at the place:
///
///     --where duration_ms >> 100
///                          ^ expected a value
/// Lifetime: the text must outlive it.
class TextCursor {
 public:
  TextCursor(std::string_view option, std::string_view text) : option_(option), text_(text) {}

  size_t at() const { return at_; }
  void move_to(size_t at) { at_ = at; }
  bool done() const { return at_ >= text_.size(); }
  std::string_view rest() const { return text_.substr(at_); }

  void skip_spaces();
  /// Takes `word` when the text goes on with it.
  bool take(std::string_view word);
  /// Takes letters up to one of `stops`, a space or the end.
  std::string_view take_until(std::string_view stops);
  /// Takes a text in single or double quotes, with a backslash before a quote or backslash. An
  /// error when it does not end. Must stand at a quote.
  base::Result<std::string> take_quoted();
  bool at_quote() const { return !done() && (text_[at_] == '"' || text_[at_] == '\''); }

  base::Error error(std::string_view message) const { return error_at(at_, message); }
  base::Error error_at(size_t at, std::string_view message) const;

 private:
  std::string option_;
  std::string_view text_;
  size_t at_ = 0;
};

}  // namespace understudy::query
