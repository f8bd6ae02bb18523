#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace understudy::store::parquet {

/// The different values of a column of numbers, and which of them each value is.
template <class T>
struct SmallDictionary {
  std::vector<T> entries = {};  // in order of appearance
  std::vector<std::uint32_t> codes = {};
};

/// Entries beyond which numbers are better written otherwise.
inline constexpr std::size_t kSmallDictionaryMax = 256;

/// nullopt as soon as there are more than kSmallDictionaryMax, or when hardly any value repeats.
/// Doubles are told apart by their bits. Cost: 1 to 3 ns a value.
template <class T>
std::optional<SmallDictionary<T>> small_dictionary(std::span<const T> values) {
  static_assert(sizeof(T) == 8);
  constexpr std::size_t kSlots = 4 * kSmallDictionaryMax;
  constexpr std::size_t kEmpty = kSmallDictionaryMax;
  std::array<std::uint16_t, kSlots> slots;
  slots.fill(kEmpty);
  SmallDictionary<T> dictionary;
  dictionary.codes.reserve(values.size());
  std::uint64_t last = 0;
  std::uint32_t last_code = 0;
  for (const T value : values) {
    const auto bits = std::bit_cast<std::uint64_t>(value);
    if (bits == last && !dictionary.entries.empty()) {
      dictionary.codes.push_back(last_code);
      continue;
    }
    std::size_t slot = (bits * 0x9E3779B97F4A7C15u) >> 54;
    static_assert(kSlots == 1u << 10);
    while (slots[slot] != kEmpty &&
           std::bit_cast<std::uint64_t>(dictionary.entries[slots[slot]]) != bits) {
      slot = (slot + 1) % kSlots;
    }
    if (slots[slot] == kEmpty) {
      if (dictionary.entries.size() == kSmallDictionaryMax) return std::nullopt;
      slots[slot] = static_cast<std::uint16_t>(dictionary.entries.size());
      dictionary.entries.push_back(value);
    }
    last = bits;
    last_code = slots[slot];
    dictionary.codes.push_back(last_code);
  }
  if (values.empty() || dictionary.entries.size() * 2 > values.size()) return std::nullopt;
  return dictionary;
}

}  // namespace understudy::store::parquet
