#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "compare/rules.h"

namespace understudy::compare {

/// The text a JSON string stands for, without its quotes. Halves of surrogate pairs become three
/// bytes of their own, so that different strings stay different. `raw` has valid escapes.
std::string unescaped(std::string_view raw);

/// A character, and how many bytes it takes; 0 bytes for what is no valid UTF-8.
struct Character {
  uint32_t code;
  size_t bytes;
};

/// The one at the front of a text that is not empty.
Character front_character(std::string_view text);

/// `text` as it may be shown: valid UTF-8 (what is not becomes U+FFFD), at most `bytes_max` bytes,
/// cut at a character.
std::string presentable(std::string_view text, size_t bytes_max);

bool is_utf8(std::string_view text);

/// Without white space at the ends (kEnds), and with every run inside as one space (kAll).
/// White space: ASCII and the no-break space.
std::string trimmed(std::string_view text, Trim trim);

/// Lower case of ASCII, Latin, Greek and Cyrillic letters; other characters stay.
std::string case_folded(std::string_view text);

}  // namespace understudy::compare
