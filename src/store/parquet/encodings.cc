#include "store/parquet/encodings.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <limits>

#include "event/varint.h"

namespace understudy::store::parquet {
namespace {

static_assert(std::endian::native == std::endian::little);

// The hybrid counts literals in groups of eight.
constexpr std::size_t kGroup = 8;

constexpr std::size_t kDeltaBlock = 128;
constexpr std::size_t kDeltaMiniblocks = 4;
constexpr std::size_t kDeltaMiniblock = kDeltaBlock / kDeltaMiniblocks;

/// Collects numbers of a few bits each into bytes, least significant first.
class BitPacker {
 public:
  explicit BitPacker(std::string& out) : out_(out) {}

  void add(std::uint64_t value, int width) {
    held_ |= value << held_bits_;
    held_bits_ += width;
    if (held_bits_ < 64) return;
    append(held_, 8);
    held_bits_ -= 64;
    // What of `value` did not fit; a shift by 64 would not be one.
    held_ = held_bits_ == 0 ? 0 : value >> (width - held_bits_);
  }
  void finish() {
    append(held_, static_cast<std::size_t>((held_bits_ + 7) / 8));
    held_ = 0;
    held_bits_ = 0;
  }

 private:
  void append(std::uint64_t bits, std::size_t bytes) {
    char raw[8];
    std::memcpy(raw, &bits, sizeof(raw));
    out_.append(raw, bytes);
  }

  std::string& out_;
  std::uint64_t held_ = 0;
  int held_bits_ = 0;
};

void append_literals(std::string& out, std::span<const std::uint32_t> codes, int width) {
  if (codes.empty()) return;
  const std::size_t groups = (codes.size() + kGroup - 1) / kGroup;
  event::append_varint(out, groups << 1 | 1);
  BitPacker packer(out);
  for (const std::uint32_t code : codes) packer.add(code, width);
  for (std::size_t i = codes.size(); i < groups * kGroup; ++i) packer.add(0, width);
  packer.finish();
}

void append_run(std::string& out, std::uint32_t code, std::size_t count, int width) {
  event::append_varint(out, count << 1);
  char raw[4];
  std::memcpy(raw, &code, sizeof(raw));
  out.append(raw, static_cast<std::size_t>((width + 7) / 8));
}

template <class T>
void append_raw(std::string& out, std::span<const T> values) {
  out.append(reinterpret_cast<const char*>(values.data()), values.size_bytes());
}

}  // namespace

int bit_width(std::uint64_t value) { return static_cast<int>(std::bit_width(value)); }

void append_rle(std::string& out, std::span<const std::uint32_t> codes, int width) {
  std::size_t literals = 0;  // where those begin that are not written yet
  std::size_t i = 0;
  while (i < codes.size()) {
    std::size_t run = i + 1;
    while (run < codes.size() && codes[run] == codes[i]) ++run;
    if (run - i >= kGroup) {
      append_literals(out, codes.subspan(literals, i - literals), width);
      append_run(out, codes[i], run - i, width);
      literals = i = run;
    } else {
      i += kGroup;
    }
  }
  append_literals(out, codes.subspan(literals), width);
}

void append_rle_bits(std::string& out, std::span<const std::uint64_t> words, std::size_t count) {
  const std::string_view bytes(reinterpret_cast<const char*>(words.data()), words.size_bytes());
  const std::size_t groups = (count + kGroup - 1) / kGroup;
  const auto literal = [&](std::size_t from, std::size_t to) {
    if (from == to) return;
    event::append_varint(out, (to - from) << 1 | 1);
    out.append(bytes.substr(from, to - from));
  };
  // Runs of whole groups only; the last group may have bits beyond the count, which nobody reads.
  constexpr std::size_t kRunGroupsMin = 4;
  std::size_t literals = 0;
  std::size_t i = 0;
  while (i < groups) {
    const char byte = bytes[i];
    std::size_t run = i + 1;
    if (byte == 0 || byte == '\xFF') {
      while (run < groups && bytes[run] == byte) ++run;
    }
    if (run - i >= kRunGroupsMin) {
      literal(literals, i);
      append_run(out, byte == 0 ? 0 : 1, std::min(run * kGroup, count) - i * kGroup, 1);
      literals = run;
    }
    i = run;
  }
  literal(literals, groups);
}

void append_rle_ones(std::string& out, std::size_t count) { append_run(out, 1, count, 1); }

void append_delta(std::string& out, std::span<const std::int64_t> values) {
  event::append_varint(out, kDeltaBlock);
  event::append_varint(out, kDeltaMiniblocks);
  event::append_varint(out, values.size());
  event::append_varint(out, event::zigzag(values.empty() ? 0 : values[0]));
  std::array<std::uint64_t, kDeltaBlock> deltas;
  // Differences wrap around, here and where they are read.
  for (std::size_t at = 1; at < values.size(); at += kDeltaBlock) {
    const std::size_t count = std::min(kDeltaBlock, values.size() - at);
    std::int64_t least = std::numeric_limits<std::int64_t>::max();
    for (std::size_t i = 0; i < count; ++i) {
      deltas[i] = static_cast<std::uint64_t>(values[at + i]) -
                  static_cast<std::uint64_t>(values[at + i - 1]);
      least = std::min(least, static_cast<std::int64_t>(deltas[i]));
    }
    event::append_varint(out, event::zigzag(least));
    std::array<int, kDeltaMiniblocks> widths = {};
    for (std::size_t i = 0; i < count; ++i) deltas[i] -= static_cast<std::uint64_t>(least);
    for (std::size_t i = count; i < kDeltaBlock; ++i) deltas[i] = 0;
    for (std::size_t m = 0; m < kDeltaMiniblocks; ++m) {
      std::uint64_t all = 0;
      for (std::size_t i = 0; i < kDeltaMiniblock; ++i) all |= deltas[m * kDeltaMiniblock + i];
      widths[m] = bit_width(all);
      out.push_back(static_cast<char>(widths[m]));
    }
    for (std::size_t m = 0; m < kDeltaMiniblocks; ++m) {
      if (widths[m] == 0) continue;
      BitPacker packer(out);
      for (std::size_t i = 0; i < kDeltaMiniblock; ++i) {
        packer.add(deltas[m * kDeltaMiniblock + i], widths[m]);
      }
      packer.finish();
    }
  }
}

void append_plain(std::string& out, std::span<const std::int64_t> values) {
  append_raw(out, values);
}
void append_plain(std::string& out, std::span<const double> values) { append_raw(out, values); }

void append_plain(std::string& out, std::span<const std::string_view> values) {
  for (const std::string_view value : values) {
    const auto size = static_cast<std::uint32_t>(value.size());
    char raw[4];
    std::memcpy(raw, &size, sizeof(raw));
    out.append(raw, sizeof(raw));
    out.append(value);
  }
}

void append_plain_bools(std::string& out, std::span<const std::uint8_t> values) {
  BitPacker packer(out);
  for (const std::uint8_t value : values) packer.add(value, 1);
  packer.finish();
}

}  // namespace understudy::store::parquet
