#pragma once

#include <string>
#include <string_view>

#include "event/value.h"

namespace understudy::store {

/// The number a text writes, or null: digits with an optional sign before, a point among or around
/// them and an exponent after them, and nothing else, no spaces. An int when it has neither point
/// nor exponent and fits 64 bits, else a double; a number no finite double is near to is none.
event::Value number_of_text(std::string_view text);

/// A double as people read it: the shortest digits that give the same double, with an exponent only
/// below 1e-6 and from 1e21 on; NaN, +Inf, -Inf; no negative zero.
std::string text_of_number(double number);

/// Equal bins on the line of numbers. `least` and `most` may be infinite: no bound.
struct Bins {
  double size = 1;
  double least = 0;
  double most = 0;

  friend bool operator==(const Bins&, const Bins&) = default;
};

/// Which bin a number falls into: a whole number, infinite for what is beyond a bound, NaN for
/// none.
double bin_of(double number, const Bins& bins);
/// The label of such a bin; empty for none.
std::string label_of_bin(double bin, const Bins& bins);

/// "0 - 10", "< 0", "> 30": the bin a number falls into. A number between two bins falls into the
/// lower; the least number falls into the first bin. Without a least number the bins are counted
/// from 0. Empty when the number is NaN, or infinite on a side without a bound.
/// Edges are computed in doubles and shown with at most 15 digits.
std::string bin_label(double number, const Bins& bins);

}  // namespace understudy::store
