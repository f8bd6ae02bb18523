#pragma once

// Byte classes of the HTTP/1 grammar and scans for the first byte outside of one. Internal to the
// codec: everything here works on raw memory between two pointers and reads nothing outside.

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace understudy::http::bytes {

enum Class : std::uint8_t {
  kToken = 1,   // tchar, RFC 9110 5.6.2
  kValue = 2,   // field-vchar, obs-text, SP, HTAB
  kTarget = 4,  // what may stand in a request target: no control byte, no space; obs-text passes
  kDigit = 8,
  kHexDigit = 16,
  kHost = 32,  // unreserved and sub-delims of RFC 3986 without the comma
};

constexpr std::array<std::uint8_t, 256> make_classes() {
  std::array<std::uint8_t, 256> classes{};
  for (unsigned byte = 0; byte < 256; ++byte) {
    const bool alpha = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
    const bool digit = byte >= '0' && byte <= '9';
    const bool hex = digit || (byte >= 'a' && byte <= 'f') || (byte >= 'A' && byte <= 'F');
    const auto in = [byte](std::string_view set) {
      return byte != 0 && byte < 0x80 && set.find(static_cast<char>(byte)) != set.npos;
    };
    unsigned bits = 0;
    if (alpha || digit || in("!#$%&'*+-.^_`|~")) bits |= kToken;
    if (byte == '\t' || (byte >= 0x20 && byte != 0x7f)) bits |= kValue;
    if (byte > 0x20 && byte != 0x7f) bits |= kTarget;
    if (digit) bits |= kDigit;
    if (hex) bits |= kHexDigit;
    if (alpha || digit || in("-._~!$&'()*+;=")) bits |= kHost;
    classes[byte] = static_cast<std::uint8_t>(bits);
  }
  return classes;
}
inline constexpr std::array<std::uint8_t, 256> kClasses = make_classes();

inline bool is(char byte, Class wanted) noexcept {
  return (kClasses[static_cast<unsigned char>(byte)] & wanted) != 0;
}

/// 0 to 15, or -1.
inline int hex_value(char byte) noexcept {
  if (byte >= '0' && byte <= '9') return byte - '0';
  const char lower = static_cast<char>(byte | 0x20);
  if (lower >= 'a' && lower <= 'f') return lower - 'a' + 10;
  return -1;
}

inline char to_lower(char byte) noexcept {
  return byte >= 'A' && byte <= 'Z' ? static_cast<char>(byte | 0x20) : byte;
}

inline bool is_space(char byte) noexcept { return byte == ' ' || byte == '\t'; }

inline std::string_view trim(std::string_view text) noexcept {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

inline bool equals_ignore_case(std::string_view text, std::string_view lower_case) noexcept {
  if (text.size() != lower_case.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (to_lower(text[i]) != lower_case[i]) return false;
  }
  return true;
}

/// First byte in [at, end) that is not of this class, or `end`.
inline const char* skip(const char* at, const char* end, Class wanted) noexcept {
  while (at != end && is(*at, wanted)) ++at;
  return at;
}

/// First byte in [at, end) that may not stand in a field value, or `end`.
inline const char* skip_value(const char* at, const char* end) noexcept {
#if defined(__SSE2__)
  const __m128i controls = _mm_set1_epi8(0x1f);
  const __m128i tab = _mm_set1_epi8('\t');
  const __m128i del = _mm_set1_epi8(0x7f);
  for (; end - at >= 16; at += 16) {
    const __m128i block = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    const __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(block, controls), block);
    const __m128i bad = _mm_or_si128(_mm_andnot_si128(_mm_cmpeq_epi8(block, tab), control),
                                     _mm_cmpeq_epi8(block, del));
    const unsigned mask = static_cast<unsigned>(_mm_movemask_epi8(bad));
    if (mask != 0) return at + std::countr_zero(mask);
  }
#endif
  return skip(at, end, kValue);
}

/// First byte in [at, end) that may not stand in a request target, or `end`.
inline const char* skip_target(const char* at, const char* end) noexcept {
#if defined(__SSE2__)
  const __m128i space = _mm_set1_epi8(0x20);
  const __m128i del = _mm_set1_epi8(0x7f);
  for (; end - at >= 16; at += 16) {
    const __m128i block = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    const __m128i bad =
        _mm_or_si128(_mm_cmpeq_epi8(_mm_min_epu8(block, space), block), _mm_cmpeq_epi8(block, del));
    const unsigned mask = static_cast<unsigned>(_mm_movemask_epi8(bad));
    if (mask != 0) return at + std::countr_zero(mask);
  }
#endif
  return skip(at, end, kTarget);
}

/// First byte in [at, end) that is not a token byte, or `end`. Letters, digits, `-` and `_` are
/// recognised sixteen at a time, the rare others one by one.
inline const char* skip_token(const char* at, const char* end) noexcept {
#if defined(__SSE2__)
  while (end - at >= 16) {
    const __m128i block = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    const __m128i lower = _mm_or_si128(block, _mm_set1_epi8(0x20));
    // Signed comparisons: bytes from 0x80 on are negative and fall out of every range.
    const __m128i alpha = _mm_and_si128(_mm_cmpgt_epi8(lower, _mm_set1_epi8('a' - 1)),
                                        _mm_cmplt_epi8(lower, _mm_set1_epi8('z' + 1)));
    const __m128i digit = _mm_and_si128(_mm_cmpgt_epi8(block, _mm_set1_epi8('0' - 1)),
                                        _mm_cmplt_epi8(block, _mm_set1_epi8('9' + 1)));
    const __m128i dash = _mm_or_si128(_mm_cmpeq_epi8(block, _mm_set1_epi8('-')),
                                      _mm_cmpeq_epi8(block, _mm_set1_epi8('_')));
    const unsigned good =
        static_cast<unsigned>(_mm_movemask_epi8(_mm_or_si128(_mm_or_si128(alpha, digit), dash)));
    if (good == 0xffff) {
      at += 16;
      continue;
    }
    at += std::countr_one(good);
    if (!is(*at, kToken)) return at;
    ++at;
  }
#endif
  return skip(at, end, kToken);
}

/// Calls `visit` with each member of a comma-separated list, trimmed, empty ones left out, until
/// it returns false.
template <typename Visit>
void for_each_list_member(std::string_view list, Visit visit) {
  while (!list.empty()) {
    const std::size_t comma = list.find(',');
    const std::string_view member = trim(list.substr(0, comma));
    if (!member.empty() && !visit(member)) return;
    if (comma == list.npos) return;
    list.remove_prefix(comma + 1);
  }
}

}  // namespace understudy::http::bytes
