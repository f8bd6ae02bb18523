#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace understudy::store {

/// How values are put into bins that people can read. Bin i is [edges[i], edges[i + 1]), the last
/// one with its end.
struct BinLayout {
  bool logarithmic = false;
  std::vector<double> edges = {};  // ascending and finite; empty when there is no number

  // Which fine bins make up a bin; Histogram's own.
  std::int64_t first = 0;   // fine index of the first edge (of the second, with `below`)
  std::int64_t stride = 1;  // fine bins in a bin
  int exponent = 0;         // of the linear grid
  bool below = false;       // the first bin takes all that is below the grid
};

/// Counts numbers by time bucket and value in one pass, without knowing their range before: in fine
/// bins from which a layout is chosen at the end, exactly.
///
/// Two grids are kept. The linear one has edges at k * 10^exponent; when more than kLinearBinsMax
/// would be needed, ten bins become one. The logarithmic one has twenty edges in each power of ten,
/// at 1, 1.12, 1.25, 1.4, 1.6, 1.8, 2, 2.24, 2.5, 2.8, 3.15, 3.55, 4, 4.5, 5, 5.6, 6.3, 7.1, 8, 9.
/// A number is never on the wrong side of an edge: near one it is compared with it.
/// Failure: none; NaN and infinities count as not numbers. Ownership: owns its counts.
/// Threads: one at a time. Cost: some nanoseconds for each number; at most about 10 KB for each
/// time bucket.
class Histogram {
 public:
  static constexpr std::int64_t kLinearBinsMax = 1'000;
  static constexpr int kBinsMax = 60;  // of a layout, and one below the grid

  /// Time buckets start at `origin_ns` and every `bucket_ns` before and after.
  Histogram(std::int64_t bucket_ns, std::int64_t origin_ns)
      : bucket_ns_(bucket_ns), origin_ns_(origin_ns) {}

  void add(std::int64_t time_ns, double value, std::int64_t weight);
  /// The same for many at once, faster where neighbours have the same time bucket. Without
  /// weights each counts once.
  void add_all(std::span<const std::int64_t> times_ns, const double* values,
               const std::int64_t* weights);
  void add_not_number(std::int64_t weight) { not_numbers_ += weight; }
  /// Takes in all that the other one counted. Both have the same time buckets.
  void merge(const Histogram& other);

  std::int64_t total() const { return total_; }
  std::int64_t not_numbers() const { return not_numbers_; }

  /// At most kBinsMax bins (kBinsMax + 1 with one below a logarithmic grid):
  /// - Logarithmic when the greatest number is more than 1,000 times the 1st percentile of the
  ///   numbers above 0, and at most one number in a hundred is negative. Edges are every 1st, 2nd,
  ///   4th, 10th, 20th, 40th, ... of the grid. What is not above 0, and what lies more than a power
  ///   of ten below that percentile, is in one bin below the others, which begins at 0, or below
  ///   the least number.
  /// - Otherwise linear, in the least step of 1, 2 or 5 times a power of ten that needs no more
  ///   bins: 24 to 60 when the numbers differ enough.
  BinLayout choose_layout() const;

  /// The counts in such bins, by the start of the time bucket. The layout must be of this histogram
  /// or of one that this one was merged into.
  std::map<std::int64_t, std::vector<std::int64_t>> counts(const BinLayout& layout) const;

  /// As bytes and back, for the way out of an engine. Refuses what it did not write.
  std::string to_bytes() const;
  static base::Result<Histogram> from_bytes(std::string_view bytes);

 private:
  /// Counts of a stretch of fine bins, which grows where it is written to.
  class Stretch {
   public:
    std::int64_t& at(std::int64_t index) {
      const std::int64_t offset = index - base_;
      if (static_cast<std::uint64_t>(offset) >= counts_.size()) return grow(index);
      return counts_[static_cast<std::size_t>(offset)];
    }
    std::int64_t base() const { return base_; }
    std::int64_t* cells() { return counts_.data(); }
    const std::vector<std::int64_t>& counts() const { return counts_; }
    Stretch ten_to_one() const;

   private:
    std::int64_t& grow(std::int64_t index);

    std::int64_t base_ = 0;
    std::vector<std::int64_t> counts_;
  };

  struct TimeBucket {
    Stretch linear = {};
    Stretch logarithmic = {};    // of numbers above 0
    std::int64_t not_above = 0;  // numbers that are not
  };

  /// Where the last number went. A copy of a histogram has buckets of its own, so it forgets.
  struct LastBucket {
    LastBucket() = default;
    LastBucket(const LastBucket& other) : start_ns(other.start_ns) {}
    LastBucket& operator=(const LastBucket& other) {
      bucket = nullptr;
      start_ns = other.start_ns;
      return *this;
    }
    TimeBucket* bucket = nullptr;
    std::int64_t start_ns = 0;
  };

  TimeBucket& bucket_at(std::int64_t time_ns);
  std::int64_t linear_index(double value);
  template <class Weight>
  std::size_t add_known(TimeBucket& bucket, const double* values, Weight weight, std::size_t count);
  void widen(std::int64_t low, std::int64_t high);
  void coarsen();
  BinLayout linear_layout() const;
  BinLayout logarithmic_layout(double percentile) const;
  double first_percentile() const;

  std::int64_t bucket_ns_;
  std::int64_t origin_ns_;
  std::map<std::int64_t, TimeBucket> buckets_;
  LastBucket last_;

  int exponent_ = 0;      // of the linear grid
  double scale_ = 1;      // about 10^-exponent
  std::int64_t low_ = 0;  // fine indices in use, when total_ > 0
  std::int64_t high_ = 0;

  double least_ = 0;
  double greatest_ = 0;
  std::int64_t total_ = 0;
  std::int64_t above_ = 0;     // numbers above 0
  std::int64_t negative_ = 0;  // numbers below 0
  std::int64_t not_numbers_ = 0;
};

}  // namespace understudy::store
