#pragma once

#include "compare/rules.h"
#include "compare/scalar.h"

namespace understudy::compare {

/// Whether one rule's tolerances make two values equal. Looks at neither the path nor `ignore`.
/// Order: white space and case of texts, then coercions, then time units, then any of absolute,
/// relative and ulps. Both sides may be missing, never both at once.
bool accepts(const Rule& rule, const Scalar& control, const Scalar& candidate);

}  // namespace understudy::compare
