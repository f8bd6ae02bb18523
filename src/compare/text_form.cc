#include "compare/text_form.h"

#include <algorithm>
#include <cstdint>

#include "base/text.h"
#include "base/utf8.h"

namespace understudy::compare {

namespace {

uint32_t hex_quad(std::string_view text) {
  uint32_t code = 0;
  for (const char letter : text) {
    const auto digit = static_cast<unsigned char>(letter);
    code = code << 4 | (digit <= '9' ? digit - '0' : (digit | 0x20U) - 'a' + 10);
  }
  return code;
}

uint32_t lower(uint32_t code) {
  if (code < 0x80) return code >= 'A' && code <= 'Z' ? code + 32 : code;
  if (code >= 0xC0 && code <= 0xDE) return code == 0xD7 ? code : code + 32;
  if (code >= 0x100 && code <= 0x137) return code == 0x130 ? code : code | 1;
  if (code >= 0x139 && code <= 0x148) return code + (code & 1);
  if (code >= 0x14A && code <= 0x177) return code | 1;
  if (code == 0x178) return 0xFF;
  if (code >= 0x179 && code <= 0x17E) return code + (code & 1);
  if (code >= 0x391 && code <= 0x3A9) return code + 32;
  if (code >= 0x400 && code <= 0x40F) return code + 80;
  if (code >= 0x410 && code <= 0x42F) return code + 32;
  return code;
}

bool is_white(char letter) { return letter == ' ' || (letter >= '\t' && letter <= '\r'); }

}  // namespace

Character front_character(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const uint32_t first = byte(0);
  if (first < 0x80) return {first, 1};
  const size_t bytes = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < bytes) return {0, 0};
  uint32_t code = first & (0x7FU >> bytes);
  for (size_t i = 1; i < bytes; ++i) {
    if ((byte(i) & 0xC0U) != 0x80) return {0, 0};
    code = code << 6 | (byte(i) & 0x3FU);
  }
  if (bytes == 3 && (code < 0x800 || (code >= 0xD800 && code < 0xE000))) return {0, 0};
  if (bytes == 4 && (code < 0x10000 || code > 0x10FFFF)) return {0, 0};
  return {code, bytes};
}

std::string unescaped(std::string_view raw) {
  std::string out;
  out.reserve(raw.size());
  for (size_t i = 0; i < raw.size();) {
    if (raw[i] != '\\') {
      const size_t next = std::min(raw.find('\\', i), raw.size());
      out.append(raw, i, next - i);
      i = next;
      continue;
    }
    if (i + 1 >= raw.size()) break;
    const char kind = raw[i + 1];
    i += 2;
    switch (kind) {
      case 'b':
        out += '\b';
        break;
      case 'f':
        out += '\f';
        break;
      case 'n':
        out += '\n';
        break;
      case 'r':
        out += '\r';
        break;
      case 't':
        out += '\t';
        break;
      case 'u': {
        uint32_t code = hex_quad(raw.substr(i, 4));
        i = std::min(i + 4, raw.size());
        if (code >= 0xD800 && code < 0xDC00 && raw.substr(i, 2) == "\\u" && i + 6 <= raw.size()) {
          const uint32_t low = hex_quad(raw.substr(i + 2, 4));
          if (low >= 0xDC00 && low < 0xE000) {
            code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
            i += 6;
          }
        }
        base::append_utf8(out, code);
        break;
      }
      default:
        out += kind;
    }
  }
  return out;
}

std::string presentable(std::string_view text, size_t bytes_max) {
  std::string out;
  while (!text.empty()) {
    const Character character = front_character(text);
    const std::string_view piece =
        character.bytes == 0 ? std::string_view("\xEF\xBF\xBD") : text.substr(0, character.bytes);
    if (out.size() + piece.size() > bytes_max) break;
    out += piece;
    text.remove_prefix(std::max<size_t>(character.bytes, 1));
  }
  return out;
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    if (static_cast<unsigned char>(text[0]) < 0x80) {
      text.remove_prefix(1);
      continue;
    }
    const size_t bytes = front_character(text).bytes;
    if (bytes == 0) return false;
    text.remove_prefix(bytes);
  }
  return true;
}

std::string trimmed(std::string_view text, Trim trim) {
  if (trim == Trim::kNone) return std::string(text);
  const auto white_front = [](std::string_view rest) -> size_t {
    if (rest.empty()) return 0;
    if (is_white(rest[0])) return 1;
    return rest.starts_with("\xC2\xA0") ? 2 : 0;
  };
  std::string out;
  bool gap = false;
  size_t kept = 0;  // bytes of `out` up to its last character that is no white space
  while (!text.empty()) {
    const size_t white = white_front(text);
    if (white != 0) {
      if (trim == Trim::kAll) {
        gap = true;
      } else if (!out.empty()) {
        out.append(text.substr(0, white));
      }
      text.remove_prefix(white);
      continue;
    }
    if (gap && !out.empty()) out += ' ';
    gap = false;
    out += text[0];
    kept = out.size();
    text.remove_prefix(1);
  }
  out.resize(kept);
  return out;
}

std::string case_folded(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const Character character = front_character(text);
    if (character.bytes == 0) {
      out += text[0];
      text.remove_prefix(1);
      continue;
    }
    base::append_utf8(out, lower(character.code));
    text.remove_prefix(character.bytes);
  }
  return out;
}

}  // namespace understudy::compare
