#pragma once

#include <cstddef>

#include "compare/difference.h"
#include "compare/rules.h"

namespace understudy::compare {

/// What a rule would have made of a difference that was recorded without it.
enum class WouldAccept {
  kYes,
  kNo,
  /// What was recorded does not say: a value or path was cut or redacted, or the rule changes what
  /// is compared with what (unordered and match_by, for anything but an order).
  kUndecided,
};

/// Judges by the place, the dimension, the narrowest rule found for it then and the two values,
/// with the comparison's own matching of places and acceptance of values. The rule alone: what it
/// accepts only together with others is kNo. `value_bytes_max` is where values were cut. Threads:
/// any. Cost: of one place and two values.
WouldAccept would_accept(const Rule& rule, const Difference& difference, size_t value_bytes_max);

}  // namespace understudy::compare
