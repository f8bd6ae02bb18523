#pragma once

#include <cstdint>

#include "event/value.h"

namespace understudy::store {

__extension__ using Int128 = __int128;

/// What sum and avg are made of, the same in every engine: ints are added exactly, doubles as
/// doubles, and the two meet only in the result.
struct WeightedSum {
  Int128 ints = 0;          // sum of value * rate over ints
  double doubles = 0;       // sum of value * rate over doubles
  std::int64_t weight = 0;  // sum of rates of both

  event::Value sum() const {
    if (weight == 0) return {};
    return static_cast<double>(ints) + doubles;
  }
  event::Value avg() const {
    if (weight == 0) return {};
    return (static_cast<double>(ints) + doubles) / static_cast<double>(weight);
  }
};

/// The rank quantile `p` asks for among `weight` weighted values (store/select.h).
double quantile_rank(double p, std::int64_t weight);

/// A double as results show it: -0.0 is 0.0.
inline double without_negative_zero(double value) { return value + 0.0; }

}  // namespace understudy::store
