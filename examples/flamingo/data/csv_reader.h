#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace flamingo {

/// Reads CSV (RFC 4180) from memory, one record at a time. Cells are views into the text, or into
/// the reader for quoted ones with escaped quotes, and live until the next call.
class CsvReader {
 public:
  explicit CsvReader(std::string_view text) : rest_(text) {}

  /// Fills `cells` with the next record. False at the end of the text.
  bool next(std::vector<std::string_view>& cells);

 private:
  std::string_view quoted();

  std::string_view rest_;
  std::vector<std::string> unescaped_;
};

}  // namespace flamingo
