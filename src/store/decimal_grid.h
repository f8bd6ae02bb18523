#pragma once

#include <cstdint>

/// The edges of a Histogram's fine bins, each the double nearest to its decimal. Pure functions.
namespace understudy::store {

/// index * 10^exponent, finite.
double linear_edge(std::int64_t index, int exponent);
/// The index of the bin [edge, next edge) that holds the value. `scale` is about 10^-exponent, and
/// |value * scale| must be at most 2^50.
std::int64_t linear_bin(double value, int exponent, double scale);

inline constexpr int kLogEdgesPerDecade = 20;
/// Bins of the numbers above 0, from 0 on; 1 begins a power of ten at a multiple of 20.
double log_edge(std::int64_t index);
std::int64_t log_bin(double value);

}  // namespace understudy::store
