#include "compare/canonical_form.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "base/utf8.h"
#include "compare/text_form.h"

namespace understudy::compare {

namespace {

struct Decomposition {
  uint16_t code;
  uint16_t first;   // may be taken apart itself
  uint16_t second;  // 0: there is none
};

/// Marks of one combining class. Marks of different classes behind one letter have no order.
struct CombiningRange {
  uint16_t from;
  uint16_t to;
  uint8_t order;
};

#include "compare/canonical_forms.inc"

struct Mark {
  uint32_t code;
  uint8_t order;
};

uint8_t combining_order(uint32_t code) {
  const auto range =
      std::lower_bound(kCombining.begin(), kCombining.end(), code,
                       [](const CombiningRange& one, uint32_t wanted) { return one.to < wanted; });
  return range != kCombining.end() && range->from <= code ? range->order : 0;
}

/// Appends the parts of one character.
void take_apart(uint32_t code, std::vector<Mark>& out) {
  constexpr uint32_t kHangul = 0xAC00;
  constexpr uint32_t kHangulEnd = 0xD7A4;
  if (code >= kHangul && code < kHangulEnd) {  // Unicode, section 3.12
    const uint32_t index = code - kHangul;
    out.push_back({0x1100 + index / 588, 0});
    out.push_back({0x1161 + index % 588 / 28, 0});
    if (index % 28 != 0) out.push_back({0x11A7 + index % 28, 0});
    return;
  }
  const auto found =
      std::lower_bound(kDecompositions.begin(), kDecompositions.end(), code,
                       [](const Decomposition& one, uint32_t wanted) { return one.code < wanted; });
  if (found == kDecompositions.end() || found->code != code) {
    out.push_back({code, combining_order(code)});
    return;
  }
  take_apart(found->first, out);
  if (found->second != 0) take_apart(found->second, out);
}

}  // namespace

std::string canonical_form(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  std::vector<Mark> parts;  // of one character
  std::vector<Mark> marks;  // behind the last letter
  const auto flush = [&] {
    std::stable_sort(marks.begin(), marks.end(),
                     [](const Mark& a, const Mark& b) { return a.order < b.order; });
    for (const Mark& mark : marks) base::append_utf8(out, mark.code);
    marks.clear();
  };
  while (!text.empty()) {
    const Character character = front_character(text);
    if (character.bytes <= 1) {
      flush();
      out += text[0];
      text.remove_prefix(1);
      continue;
    }
    parts.clear();
    take_apart(character.code, parts);
    for (const Mark& part : parts) {
      if (part.order != 0) {
        marks.push_back(part);
        continue;
      }
      flush();
      base::append_utf8(out, part.code);
    }
    text.remove_prefix(character.bytes);
  }
  flush();
  return out;
}

}  // namespace understudy::compare
