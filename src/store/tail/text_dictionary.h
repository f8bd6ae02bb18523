#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

namespace understudy::store {

/// A text in 16 bytes: up to 12 bytes lie inside, longer ones elsewhere. The layout is the query
/// engine's own, so that rows are handed over by copying these 16 bytes (checked in tail_scan.cc).
struct TailText {
  std::uint32_t size = 0;
  union {
    char inlined[12] = {};
    struct {
      char prefix[4];
      const char* data;
    } __attribute__((packed)) outside;
  };

  static constexpr std::size_t kInlineMax = 12;
  std::string_view view() const {
    return size <= kInlineMax ? std::string_view(inlined, size)
                              : std::string_view(outside.data, size);
  }
};
static_assert(sizeof(TailText) == 16);

/// The texts of one column of a block, each under a number. Equal texts share a number as long as
/// that pays; a column whose texts hardly repeat (ids) gets a number per text and no search.
/// Texts of hostile choice cost no more: a search gives up after a few steps and the text is kept
/// twice, which is only less compact.
/// Ownership: owns the bytes; a text once added never moves.
/// Threads: one adds; any may read texts that were added before their view of the block was taken.
class TextDictionary {
 public:
  explicit TextDictionary(std::size_t texts_max);

  std::uint32_t add(std::string_view text);
  const TailText& at(std::uint32_t number) const {
    return pages_[number / kTextsPerPage][number % kTextsPerPage];
  }
  std::uint32_t size() const { return count_; }
  /// Whether texts were added without a search for an equal one.
  bool repeats() const { return repeats_; }
  std::size_t bytes() const { return bytes_; }
  std::size_t text_bytes() const { return text_bytes_; }

 private:
  static constexpr std::size_t kTextsPerPage = 512;

  std::uint32_t append(std::string_view text);
  char* allocate(std::size_t size);
  void grow();

  std::vector<std::unique_ptr<TailText[]>> pages_;  // of a fixed number, made when needed
  std::vector<std::unique_ptr<char[]>> chunks_;
  char* free_ = nullptr;
  std::size_t free_bytes_ = 0;
  std::size_t chunk_bytes_ = 256;
  std::vector<std::uint32_t> slots_;  // number + 1; 0 is free
  std::uint32_t count_ = 0;
  std::uint32_t last_ = 0;
  std::uint64_t added_ = 0;
  bool repeats_ = false;
  std::size_t bytes_ = 0;
  std::size_t text_bytes_ = 0;
};

}  // namespace understudy::store
