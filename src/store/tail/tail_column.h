#pragma once

#include <atomic>
#include <cstdint>
#include <cstring>
#include <memory>
#include <vector>

#include "event/value.h"
#include "store/tail/text_dictionary.h"

namespace understudy::store {

/// Rows of a page: what the query engine takes at once.
inline constexpr std::size_t kPageRows = 2'048;
inline constexpr std::size_t kPageWords = kPageRows / 64;

/// One physical column of a block: values of one type in pages, and which rows have one.
/// A page nobody wrote to does not exist: none of its rows has a value.
/// Threads: one writes; any may read rows that were written before their view of the block was
/// taken, also while later rows of the same page are written.
class TailColumn {
 public:
  TailColumn(event::Type type, std::size_t rows_max);
  ~TailColumn();
  TailColumn(const TailColumn&) = delete;
  TailColumn& operator=(const TailColumn&) = delete;

  event::Type type() const { return type_; }
  /// Gives `row` a value of the column's type. Rows come in ascending order.
  void set(std::size_t row, const event::ValueView& value);
  void unset(std::size_t row);
  /// Whether some value was NaN.
  bool has_nan() const { return has_nan_.load(std::memory_order_relaxed); }
  std::size_t bytes() const { return bytes_ + (texts_ ? texts_->bytes() : 0); }

  /// One page, borrowed; `values` is null when no row of it has a value.
  struct Page {
    const std::atomic<std::uint64_t>* valid = nullptr;
    const void* values = nullptr;  // bool, std::int64_t, double, or std::uint32_t into texts()

    bool has(std::size_t row) const {
      return (valid[row / 64].load(std::memory_order_relaxed) >> (row % 64) & 1) != 0;
    }
    template <class T>
    const T* as() const {
      return static_cast<const T*>(values);
    }
  };
  Page page(std::size_t index) const;
  const TextDictionary& texts() const { return *texts_; }

 private:
  struct Data {
    std::atomic<std::uint64_t> valid[kPageWords] = {};
    std::unique_ptr<char[]> values;
  };

  Data& data_of(std::size_t row);
  std::size_t value_bytes() const;

  const event::Type type_;
  std::vector<std::atomic<Data*>> pages_;
  std::unique_ptr<TextDictionary> texts_;
  std::size_t bytes_ = 0;
  std::atomic<bool> has_nan_ = false;
};

}  // namespace understudy::store
