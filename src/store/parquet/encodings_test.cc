#include "store/parquet/encodings.h"

#include <gtest/gtest.h>

#include <cstring>
#include <limits>

#include "base/rng.h"
#include "event/varint.h"

namespace understudy::store::parquet {
namespace {

/// Reads back what the specification says, one number at a time.
class Bits {
 public:
  explicit Bits(std::string_view bytes) : bytes_(bytes) {}

  std::uint64_t varint() {
    const char* at = bytes_.data() + at_;
    std::uint64_t value = 0;
    EXPECT_TRUE(event::read_varint(at, bytes_.data() + bytes_.size(), value));
    at_ = static_cast<std::size_t>(at - bytes_.data());
    return value;
  }
  std::uint64_t byte() { return static_cast<unsigned char>(bytes_.at(at_++)); }
  /// `count` numbers of `width` bits, which begin at a whole byte.
  std::vector<std::uint64_t> packed(std::size_t count, int width) {
    std::vector<std::uint64_t> values(count);
    for (std::size_t i = 0; i < count * static_cast<std::size_t>(width); ++i) {
      const std::uint64_t bit = static_cast<unsigned char>(bytes_.at(at_ + i / 8)) >> (i % 8) & 1;
      values[i / static_cast<std::size_t>(width)] |= bit << (i % static_cast<std::size_t>(width));
    }
    at_ += (count * static_cast<std::size_t>(width) + 7) / 8;
    return values;
  }
  bool ended() const { return at_ == bytes_.size(); }

 private:
  std::string_view bytes_;
  std::size_t at_ = 0;
};

std::vector<std::uint32_t> read_rle(const std::string& bytes, std::size_t count, int width) {
  Bits bits(bytes);
  std::vector<std::uint32_t> values;
  while (values.size() < count) {
    const std::uint64_t header = bits.varint();
    if ((header & 1) != 0) {
      for (const std::uint64_t value : bits.packed((header >> 1) * 8, width)) {
        values.push_back(static_cast<std::uint32_t>(value));
      }
    } else {
      std::uint32_t value = 0;
      for (int i = 0; i < (width + 7) / 8; ++i) {
        value |= static_cast<std::uint32_t>(bits.byte() << (8 * i));
      }
      values.insert(values.end(), header >> 1, value);
    }
  }
  EXPECT_TRUE(bits.ended());
  values.resize(count);
  return values;
}

std::vector<std::int64_t> read_delta(const std::string& bytes) {
  Bits bits(bytes);
  const std::uint64_t block = bits.varint();
  const std::uint64_t miniblocks = bits.varint();
  const std::uint64_t count = bits.varint();
  auto last = static_cast<std::uint64_t>(event::unzigzag(bits.varint()));
  std::vector<std::int64_t> values;
  if (count > 0) values.push_back(static_cast<std::int64_t>(last));
  while (values.size() < count) {
    const auto least = static_cast<std::uint64_t>(event::unzigzag(bits.varint()));
    std::vector<int> widths;
    for (std::uint64_t i = 0; i < miniblocks; ++i) widths.push_back(static_cast<int>(bits.byte()));
    for (const int width : widths) {
      const std::size_t size = block / miniblocks;
      const auto deltas = width == 0 ? std::vector<std::uint64_t>(size) : bits.packed(size, width);
      for (const std::uint64_t delta : deltas) {
        if (values.size() == count) break;
        last += least + delta;
        values.push_back(static_cast<std::int64_t>(last));
      }
    }
  }
  EXPECT_TRUE(bits.ended());
  return values;
}

TEST(RleTest, ReadsBackWhateverTheRuns) {
  base::Rng rng(7);
  for (const int width : {1, 2, 3, 7, 8, 9, 16, 17, 31, 32}) {
    for (int round = 0; round < 50; ++round) {
      std::vector<std::uint32_t> codes;
      const std::size_t wanted = rng.below(300);
      while (codes.size() < wanted) {
        const std::size_t run = rng.below(2) == 0 ? 1 + rng.below(40) : 1;
        const auto code = static_cast<std::uint32_t>(rng.below(std::uint64_t{1} << width));
        codes.insert(codes.end(), run, code);
      }
      std::string out;
      append_rle(out, codes, width);
      EXPECT_EQ(read_rle(out, codes.size(), width), codes) << width;
    }
  }
}

TEST(RleTest, OneNumberOverAndOverTakesAFewBytes) {
  std::string out;
  append_rle(out, std::vector<std::uint32_t>(100'000, 5), 3);
  EXPECT_LE(out.size(), 4u);
}

TEST(RleTest, BitsReadBackWhateverTheRuns) {
  base::Rng rng(8);
  for (int round = 0; round < 300; ++round) {
    const std::size_t count = 1 + rng.below(1'000);
    std::vector<std::uint64_t> words((count + 63) / 64);
    std::vector<std::uint32_t> expected(count);
    const std::uint64_t flip_one_in = 1 + rng.below(200);
    std::uint32_t bit = 0;
    for (std::size_t i = 0; i < count; ++i) {
      if (rng.below(flip_one_in) == 0) bit = 1 - bit;
      expected[i] = bit;
      words[i / 64] |= std::uint64_t{bit} << (i % 64);
    }
    std::string out;
    append_rle_bits(out, words, count);
    EXPECT_EQ(read_rle(out, count, 1), expected);
  }
}

TEST(DeltaTest, ReadsBackAnyIntegers) {
  using Limits = std::numeric_limits<std::int64_t>;
  base::Rng rng(9);
  for (const std::size_t count : {0, 1, 2, 31, 32, 33, 127, 128, 129, 130, 257, 5'000}) {
    std::vector<std::int64_t> ascending, extreme, any, constant(count, -3);
    std::int64_t time = 1'700'000'000'000'000'000;
    for (std::size_t i = 0; i < count; ++i) {
      ascending.push_back(time += static_cast<std::int64_t>(rng.below(1'000'000)));
      extreme.push_back(rng.below(2) == 0 ? Limits::min() : Limits::max());
      any.push_back(static_cast<std::int64_t>(rng.next_u64()));
    }
    for (const auto& values : {ascending, extreme, any, constant}) {
      std::string out;
      append_delta(out, values);
      EXPECT_EQ(read_delta(out), values) << count;
    }
  }
}

}  // namespace
}  // namespace understudy::store::parquet
