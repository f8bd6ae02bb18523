#include "data/csv_reader.h"

#include <algorithm>

namespace flamingo {

bool CsvReader::next(std::vector<std::string_view>& cells) {
  cells.clear();
  unescaped_.clear();
  if (rest_.empty()) return false;
  // Views into unescaped_ must survive the cells after them.
  unescaped_.reserve(64);
  for (;;) {
    if (!rest_.empty() && rest_[0] == '"' && unescaped_.size() < unescaped_.capacity()) {
      cells.push_back(quoted());
    } else {
      const size_t end = std::min(rest_.find_first_of(",\n"), rest_.size());
      std::string_view cell = rest_.substr(0, end);
      rest_.remove_prefix(end);
      if (!cell.empty() && cell.back() == '\r') cell.remove_suffix(1);
      cells.push_back(cell);
    }
    if (rest_.empty()) return true;
    const char separator = rest_[0];
    rest_.remove_prefix(1);
    if (separator == '\n') return true;
  }
}

std::string_view CsvReader::quoted() {
  std::string& cell = unescaped_.emplace_back();
  rest_.remove_prefix(1);
  while (!rest_.empty()) {
    const size_t quote = std::min(rest_.find('"'), rest_.size());
    cell += rest_.substr(0, quote);
    rest_.remove_prefix(std::min(quote + 1, rest_.size()));
    if (rest_.empty() || rest_[0] != '"') break;
    cell += '"';
    rest_.remove_prefix(1);
  }
  // What stands between the closing quote and the separator is not data.
  rest_.remove_prefix(std::min(rest_.find_first_of(",\n"), rest_.size()));
  return cell;
}

}  // namespace flamingo
