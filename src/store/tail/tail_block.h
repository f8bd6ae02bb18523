#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>

#include "event/value.h"
#include "store/tail/tail_column.h"

namespace understudy::store {

/// A stretch of one dataset's events in memory, column by column: filled row by row, read by
/// queries meanwhile, written as a segment when it is full. Rows come in ascending order of their
/// numbers in the log, not of their times. Threads: one writes; any may read rows below a row count
/// that they got after it was written (the dataset hands both out under one lock).
class TailBlock {
 public:
  static constexpr std::size_t kPhysicalMax = 10'000;

  explicit TailBlock(std::size_t rows_max);
  ~TailBlock();
  TailBlock(const TailBlock&) = delete;
  TailBlock& operator=(const TailBlock&) = delete;

  // --- the writer's ---

  /// Begins a row; not when `full`.
  void begin_row(std::uint64_t seq, std::int64_t time_ns, std::uint32_t rate);
  /// A value of the row that was begun, of exactly `type`.
  void set(std::size_t physical, const event::ValueView& value);
  void unset(std::size_t physical);
  void end_row() { ++rows_; }

  bool full() const { return rows_ == rows_max_; }
  std::size_t rows() const { return rows_; }
  std::uint64_t first_seq() const { return first_seq_; }
  std::uint64_t end_seq() const { return end_seq_; }  // after the last row's
  std::int64_t time_min_ns() const { return time_min_ns_; }
  std::int64_t time_max_ns() const { return time_max_ns_; }
  bool in_order_of_time() const { return in_order_of_time_; }
  bool weighted() const { return weighted_; }
  /// Memory it takes.
  std::size_t bytes() const { return bytes_; }

  // --- any reader's ---

  /// Of page `page`: kPageRows numbers each.
  const std::int64_t* seqs(std::size_t page) const { return fixed(page)->seq; }
  const std::int64_t* times(std::size_t page) const { return fixed(page)->time; }
  const std::int64_t* rates(std::size_t page) const { return fixed(page)->rate; }
  /// Null when no row has a value.
  const TailColumn* column(std::size_t physical) const;

 private:
  struct FixedPage {
    std::int64_t seq[kPageRows];
    std::int64_t time[kPageRows];
    std::int64_t rate[kPageRows];
  };
  static constexpr std::size_t kColumnsPerGroup = 64;
  static constexpr std::size_t kGroups = (kPhysicalMax + kColumnsPerGroup - 1) / kColumnsPerGroup;
  using Group = std::array<std::atomic<TailColumn*>, kColumnsPerGroup>;

  const FixedPage* fixed(std::size_t page) const {
    return fixed_[page].load(std::memory_order_acquire);
  }
  TailColumn& column_for(std::size_t physical, event::Type type);

  const std::size_t rows_max_;
  std::vector<std::atomic<FixedPage*>> fixed_;
  std::array<std::atomic<Group*>, kGroups> groups_ = {};

  std::size_t rows_ = 0;
  std::uint64_t first_seq_ = 0;
  std::uint64_t end_seq_ = 0;
  std::int64_t time_min_ns_ = 0;
  std::int64_t time_max_ns_ = 0;
  std::int64_t time_last_ns_ = 0;
  bool in_order_of_time_ = true;
  bool weighted_ = false;
  std::size_t bytes_ = sizeof(TailBlock);
};

}  // namespace understudy::store
