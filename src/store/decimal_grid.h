#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

/// The edges of a Histogram's fine bins, each the double nearest to its decimal. Pure functions.
namespace understudy::store {

/// index * 10^exponent, finite.
double linear_edge(std::int64_t index, int exponent);
/// The index of the bin [edge, next edge) that holds the value. `scale` is about 10^-exponent, and
/// |value * scale| must be at most 2^50.
inline std::int64_t linear_bin(double value, int exponent, double scale) {
  const double place = value * scale;
  auto index = static_cast<std::int64_t>(place);  // much faster than std::floor, which is a call
  if (place < static_cast<double>(index)) --index;
  // The product is off by a few units in its last place: next to an edge the edge decides.
  const double near = 1e-9 + (place < 0 ? -place : place) * 1e-15;
  const double part = place - static_cast<double>(index);
  if (part < near && value < linear_edge(index, exponent)) --index;
  if (part > 1 - near && value >= linear_edge(index + 1, exponent)) ++index;
  return index;
}

inline constexpr int kLogEdgesPerDecade = 20;
/// Bins of the numbers above 0, from 0 on; 1 begins a power of ten at a multiple of 20.
double log_edge(std::int64_t index);

/// Finds the bin of a number above 0. Cheap to copy; what it points to lives for ever.
class LogBins {
 public:
  LogBins();
  std::int64_t of(double value) const {
    // The first bits of a double order it; from the last edge not above all such doubles on there
    // is at most one more, as edges lie further apart than doubles with the same first bits. Added
    // without a branch, which would often be guessed wrong.
    const std::size_t bin = first_[std::bit_cast<std::uint64_t>(value) >> (64 - kTableBits)];
    return static_cast<std::int64_t>(bin + static_cast<std::size_t>(edges_[bin + 1] <= value));
  }
  static constexpr int kTableBits = 16;

 private:
  const double* edges_;
  const std::uint16_t* first_;
};
inline std::int64_t log_bin(double value) { return LogBins().of(value); }

}  // namespace understudy::store
