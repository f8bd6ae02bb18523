#include "store/text_case.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/utf8.h"

namespace understudy::store {
namespace {

struct LowerCaseRange {
  std::uint32_t first;
  std::uint32_t last;
  std::uint32_t step;  // between letters
  std::int32_t add;    // to a letter
};

#include "store/lower_case.inc"

std::uint32_t lower_case(std::uint32_t point) {
  const auto range =
      std::lower_bound(kLowerCaseRanges.begin(), kLowerCaseRanges.end(), point,
                       [](const LowerCaseRange& one, std::uint32_t at) { return one.last < at; });
  if (range == kLowerCaseRanges.end() || point < range->first) return point;
  if ((point - range->first) % range->step != 0) return point;
  return static_cast<std::uint32_t>(static_cast<std::int32_t>(point) + range->add);
}

/// One code point and its length in bytes; length 0 when the text does not begin with UTF-8.
struct Decoded {
  std::uint32_t point = 0;
  std::size_t bytes = 0;
};

Decoded decode(std::string_view text) {
  const auto at = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const auto first = at(0);
  if (first < 0x80) return {first, 1};
  const std::size_t bytes = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < bytes) return {};
  std::uint32_t point = first & (0x7FU >> bytes);
  for (std::size_t i = 1; i < bytes; ++i) {
    if ((at(i) & 0xC0) != 0x80) return {};
    point = point << 6 | (at(i) & 0x3FU);
  }
  constexpr std::array<std::uint32_t, 5> kLeast = {0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = point >= 0xD800 && point < 0xE000;
  if (point < kLeast[bytes] || point > 0x10FFFF || surrogate) return {};
  return {point, bytes};
}

}  // namespace

std::string lower_case(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const char letter = text[0];
    if (letter >= 'A' && letter <= 'Z') {
      out.push_back(static_cast<char>(letter + ('a' - 'A')));
      text.remove_prefix(1);
      continue;
    }
    const Decoded decoded = decode(text);
    const std::size_t bytes = std::max<std::size_t>(decoded.bytes, 1);
    const std::uint32_t lower = decoded.point < 0x80 ? decoded.point : lower_case(decoded.point);
    if (decoded.bytes == 0 || lower == decoded.point) {
      out.append(text.substr(0, bytes));
    } else {
      base::append_utf8(out, lower);
    }
    text.remove_prefix(bytes);
  }
  return out;
}

std::optional<std::int64_t> code_points(std::string_view text) {
  std::int64_t count = 0;
  while (!text.empty()) {
    const Decoded decoded = decode(text);
    if (decoded.bytes == 0) return std::nullopt;
    text.remove_prefix(decoded.bytes);
    ++count;
  }
  return count;
}

}  // namespace understudy::store
