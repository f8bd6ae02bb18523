#include "store/text_number.h"

#include <charconv>
#include <cmath>

#include "base/text.h"

namespace understudy::store {

event::Value number_of_text(std::string_view text) {
  if (text.starts_with('+')) {
    text.remove_prefix(1);
    if (text.starts_with('-')) return {};
  }
  if (text.find_first_not_of("0123456789+-.eE") != std::string_view::npos) return {};
  if (const auto whole = base::parse_int64(text)) return *whole;
  double number = 0;
  const char* const end = text.data() + text.size();
  const auto [at, failure] = std::from_chars(text.data(), end, number);
  if (failure != std::errc() || at != end || !std::isfinite(number)) return {};
  return number;
}

}  // namespace understudy::store
