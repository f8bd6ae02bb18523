#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace understudy::base {

inline void append_text(std::string& out, std::string_view text) { out.append(text); }
inline void append_text(std::string& out, const char* text) { out.append(text); }
inline void append_text(std::string& out, const std::string& text) { out.append(text); }
inline void append_text(std::string& out, char letter) { out.push_back(letter); }
inline void append_text(std::string& out, bool value) { out.append(value ? "true" : "false"); }
/// The shortest decimal text that reads back as the same double.
void append_text(std::string& out, double value);
void append_int(std::string& out, int64_t value);
void append_uint(std::string& out, uint64_t value);
template <std::integral T>
requires(!std::same_as<T, bool> && !std::same_as<T, char>) void append_text(std::string& out,
                                                                            T value) {
  if constexpr (std::is_signed_v<T>) {
    append_int(out, static_cast<int64_t>(value));
  } else {
    append_uint(out, static_cast<uint64_t>(value));
  }
}

/// Joins texts and numbers into one string: cat("port ", 80, " is in use").
template <class... Parts>
std::string cat(const Parts&... parts) {
  std::string out;
  (append_text(out, parts), ...);
  return out;
}

/// The parts of `text` between separators; always at least one, parts may be empty.
std::vector<std::string_view> split(std::string_view text, char separator);
std::string join(std::span<const std::string> parts, std::string_view separator);

/// Without leading and trailing spaces, tabs, CR and LF.
std::string_view trim(std::string_view text);
/// ASCII only; other bytes stay as they are.
std::string to_lower(std::string_view text);
bool equals_ignore_case(std::string_view a, std::string_view b);

/// Strict: the whole text is one decimal number in range, without sign (uint), spaces or suffix.
std::optional<int64_t> parse_int64(std::string_view text);
std::optional<uint64_t> parse_uint64(std::string_view text);
/// Strict: the whole text is one finite decimal number; "inf", "nan" and hex are refused.
std::optional<double> parse_double(std::string_view text);

/// Lower-case hexadecimal of bytes or of a fixed-width number (16 digits).
std::string hex(std::span<const uint8_t> bytes);
std::string hex(uint64_t value);

/// The candidate with the smallest edit distance to `word`, or empty when none is near enough to
/// be what a person meant (more than a third of the letters differ). Cost: linear in candidates.
std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates);

/// At most `bytes_max` bytes of `text`, never ending inside a UTF-8 sequence.
std::string_view cut_utf8(std::string_view text, size_t bytes_max);

/// Text made safe for one log line or error message: control characters become \xNN, and what is
/// longer than `bytes_max` is cut and marked with "...".
std::string printable(std::string_view text, size_t bytes_max = 120);

}  // namespace understudy::base
