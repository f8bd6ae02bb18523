#include "query/text_cursor.h"

#include <algorithm>

#include "base/text.h"

namespace understudy::query {

void TextCursor::skip_spaces() {
  while (!done() && (text_[at_] == ' ' || text_[at_] == '\t')) ++at_;
}

bool TextCursor::take(std::string_view word) {
  if (!rest().starts_with(word)) return false;
  at_ += word.size();
  return true;
}

std::string_view TextCursor::take_until(std::string_view stops) {
  const size_t start = at_;
  while (!done() && text_[at_] != ' ' && text_[at_] != '\t' &&
         stops.find(text_[at_]) == std::string_view::npos) {
    ++at_;
  }
  return text_.substr(start, at_ - start);
}

base::Result<std::string> TextCursor::take_quoted() {
  const size_t start = at_;
  const char quote = text_[at_++];
  std::string value;
  while (!done() && text_[at_] != quote) {
    if (text_[at_] == '\\' && at_ + 1 < text_.size()) ++at_;
    value += text_[at_++];
  }
  if (done()) return error_at(start, "this quote is never closed");
  ++at_;
  return value;
}

base::Error TextCursor::error_at(size_t at, std::string_view message) const {
  constexpr size_t kShownMax = 500;
  const std::string shown = base::printable(text_, kShownMax);
  // The caret stands under a character, not under a byte; escapes made by printable count too.
  const std::string before =
      base::printable(text_.substr(0, std::min(at, text_.size())), kShownMax);
  const auto width = static_cast<size_t>(
      std::count_if(before.begin(), before.end(), [](char byte) { return (byte & 0xC0) != 0x80; }));
  return base::invalid(base::cat(option_, " ", shown, "\n",
                                 std::string(option_.size() + 1 + width, ' '), "^ ", message));
}

}  // namespace understudy::query
