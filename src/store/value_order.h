#pragma once

#include <compare>
#include <cstdint>

#include "event/value.h"

/// How values compare; the rules are those of store/select.h, in one place for every engine.
/// Pure functions.
namespace understudy::store {

/// Two numbers exactly, also an int beyond 2^53 with a double; unordered when one is NaN.
std::partial_ordering compare_numbers(const event::ValueView& a, const event::ValueView& b);

/// What `=` means: text with text, numbers with numbers of either type, NaN with NaN, null with
/// null.
bool filter_equal(const event::ValueView& a, const event::ValueView& b);

/// What `< <= > >=` mean: unordered across kinds, for null and for NaN.
std::partial_ordering filter_compare(const event::ValueView& a, const event::ValueView& b);

/// The order of values in results: null, false, true, numbers, text. Equal only when
/// `event::ValueView` equality holds.
std::weak_ordering order_values(const event::ValueView& a, const event::ValueView& b);

/// Doubles in results: NaN greatest and equal to itself.
std::weak_ordering order_doubles(double a, double b);

/// An int64, or where the wanted integer lies when no int64 is it.
struct IntegerBound {
  enum class Where {
    kWithin,  // it is `value`
    kBelow,   // it is below every int64
    kAbove,   // it is above every int64
  };
  Where where = Where::kWithin;
  std::int64_t value = 0;
};
/// The largest integer not above, the smallest not below `value`, which is not NaN.
IntegerBound floor_to_int(double value);
IntegerBound ceil_to_int(double value);

}  // namespace understudy::store
