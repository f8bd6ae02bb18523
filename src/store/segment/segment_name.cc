#include "store/segment/segment_name.h"

#include <charconv>
#include <cstdio>

#include "base/text.h"

namespace understudy::store {
namespace {

// A folder's name is shorter than what file systems allow; a longer one goes on in a folder inside,
// and its first part ends in a sign that no name has.
constexpr std::size_t kPartBytesMax = 200;
constexpr char kGoesOn = '+';
constexpr std::string_view kHex = "0123456789abcdef";

bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

/// The number that `text` is, all of it.
template <class T>
std::optional<T> number(std::string_view text, int base = 10) {
  T value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (code != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

std::string dataset_folder(std::string_view dataset) {
  std::string out;
  std::size_t part = 0;
  for (const char c : dataset) {
    if (part + 3 > kPartBytesMax) {
      out += kGoesOn;
      out += '/';
      part = 0;
    }
    const auto byte = static_cast<unsigned char>(c);
    const std::size_t before = out.size();
    if (is_plain(c)) {
      out += c;
    } else {
      out += '%';
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    }
    part += out.size() - before;
  }
  return out;
}

std::optional<std::string> dataset_of_folder(std::string_view folder) {
  std::string dataset;
  for (std::size_t i = 0; i < folder.size(); ++i) {
    const char c = folder[i];
    if (is_plain(c)) {
      dataset += c;
    } else if (c == '%' && i + 2 < folder.size()) {
      const auto byte = number<std::uint8_t>(folder.substr(i + 1, 2), 16);
      if (!byte) return std::nullopt;
      dataset += static_cast<char>(*byte);
      i += 2;
    } else if (c == kGoesOn && i + 1 < folder.size() && folder[i + 1] == '/') {
      ++i;
    } else {
      return std::nullopt;
    }
  }
  if (dataset.empty() || dataset_folder(dataset) != folder) return std::nullopt;
  return dataset;
}

std::string segment_file_name(const SegmentName& name) {
  char text[80];
  std::snprintf(text, sizeof(text), "seg-%020llu-%020llu-%08x.parquet",
                static_cast<unsigned long long>(name.claim.from),
                static_cast<unsigned long long>(name.claim.to), name.crc);
  return text;
}

std::optional<SegmentName> parse_segment_file_name(std::string_view name) {
  const auto words = base::split(name.substr(0, name.find('.')), '-');
  if (words.size() != 4) return std::nullopt;
  const auto from = number<std::uint64_t>(words[1]);
  const auto to = number<std::uint64_t>(words[2]);
  const auto crc = number<std::uint32_t>(words[3], 16);
  if (!from || !to || !crc || *from >= *to) return std::nullopt;
  const SegmentName parsed{.claim = {*from, *to}, .crc = *crc};
  if (segment_file_name(parsed) != name) return std::nullopt;
  return parsed;
}

std::string gone_file_name(const GoneMarker& marker) {
  char text[80];
  std::snprintf(text, sizeof(text), "gone-%020llu-%lld", static_cast<unsigned long long>(marker.to),
                static_cast<long long>(marker.time_max_ns));
  return text;
}

std::optional<GoneMarker> parse_gone_file_name(std::string_view name) {
  constexpr std::size_t kDigits = 20;
  if (!name.starts_with("gone-") || name.size() < 5 + kDigits + 2) return std::nullopt;
  const auto to = number<std::uint64_t>(name.substr(5, kDigits));
  const auto time = number<std::int64_t>(name.substr(5 + kDigits + 1));
  if (!to || !time) return std::nullopt;
  const GoneMarker parsed{*to, *time};
  if (gone_file_name(parsed) != name) return std::nullopt;
  return parsed;
}

}  // namespace understudy::store
