#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

/// Parquet's encodings of values, as bytes appended to a text
/// (https://github.com/apache/parquet-format/blob/master/Encodings.md).
namespace understudy::store::parquet {

/// Bits needed for numbers up to `value`: 0 for 0, 3 for 7.
int bit_width(std::uint64_t value);

/// The RLE and bit-packing hybrid, without a length in front: `codes` as numbers of `width` bits
/// (0 to 32). A run of eight or more equal numbers takes a few bytes.
void append_rle(std::string& out, std::span<const std::uint32_t> codes, int width);

/// The same for `count` numbers of one bit, least significant first from the first word on.
void append_rle_bits(std::string& out, std::span<const std::uint64_t> words, std::size_t count);
/// The same for `count` ones.
void append_rle_ones(std::string& out, std::size_t count);

/// DELTA_BINARY_PACKED of 64-bit integers: blocks of 128, four miniblocks each.
void append_delta(std::string& out, std::span<const std::int64_t> values);

/// PLAIN.
void append_plain(std::string& out, std::span<const std::int64_t> values);
void append_plain(std::string& out, std::span<const double> values);
void append_plain(std::string& out, std::span<const std::string_view> values);
/// One bit each, from bytes that are 0 or 1.
void append_plain_bools(std::string& out, std::span<const std::uint8_t> values);

}  // namespace understudy::store::parquet
