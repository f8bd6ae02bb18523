#pragma once

#include <cctype>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.h"

namespace understudy::judge::testing {

/// The numbers in the rest of the line of docs/judging.md that begins with `begin`, without their
/// thousands' commas. Empty when there is no such line.
inline std::vector<double> documented_numbers(const std::string& file, std::string_view begin) {
  std::ifstream text(file);
  std::vector<double> numbers;
  for (std::string line; std::getline(text, line);) {
    if (!line.starts_with(begin)) continue;
    std::string number;
    for (const char letter : line.substr(begin.size()) + " ") {
      const bool digit = std::isdigit(static_cast<unsigned char>(letter)) != 0;
      if (digit || (letter == '.' && !number.empty())) {
        number += letter;
      } else if (letter != ',' && !number.empty()) {
        numbers.push_back(base::parse_double(number).value_or(-1));
        number.clear();
      }
    }
    return numbers;
  }
  return numbers;
}

}  // namespace understudy::judge::testing
