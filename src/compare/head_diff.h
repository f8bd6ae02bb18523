#pragma once

#include "compare/answer.h"
#include "compare/comparator_options.h"
#include "compare/comparison.h"
#include "compare/rules.h"

namespace understudy::compare {

/// Compares status codes and the chosen headers. Names of fields in any letter case; a field that
/// comes several times is joined with ", " (RFC 9110 5.3); Content-Type is compared by meaning.
/// Values of fields that carry secrets are always redacted.
/// True when the answers are of one class (2xx, 3xx, ...) or a rule ignores the status: only then
/// do their bodies have anything in common.
bool diff_head(const Answer& control, const Answer& candidate, const Rules& rules,
               const ComparatorOptions& options, Comparison& out);

}  // namespace understudy::compare
