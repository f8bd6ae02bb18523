#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "event/column.h"
#include "event/value.h"

/// Every built-in column, once: X(constant, name, type, unit, datasets, meaning).
/// `datasets` is a set of letters: v evaluations, d differences, e errors, n noise.
/// docs/columns.md is generated from this table and a test compares them.
#define UNDERSTUDY_COLUMNS(X)                                                                      \
  X(kEvaluationId, "evaluation.id", kString, "", "vden", "32 hex digits, one per request")         \
  X(kEvaluationMigration, "evaluation.migration", kString, "", "vden", "Name of the migration")    \
  X(kEvaluationMode, "evaluation.mode", kString, "", "vden",                                       \
    "control_only, fire_and_forget, full_evaluation, candidate_only or reverse_evaluation")        \
  X(kEvaluationKeyHash, "evaluation.key_hash", kString, "", "v",                                   \
    "Hash of the key the mode was chosen by, which itself is not stored; absent without one")      \
  X(kEvaluationKeyMissing, "evaluation.key_missing", kString, "", "v",                             \
    "Why there is no key although bucket_by asks for one: absent, body_too_large or "              \
    "body_not_json")                                                                               \
  X(kEvaluationAccounting, "evaluation.accounting", kString, "", "v",                              \
    "Exactly one of not_sampled, compared, shed, too_large, timed_out, failed, client_aborted, "   \
    "not_comparable")                                                                              \
  X(kEvaluationReason, "evaluation.reason", kString, "", "v",                                      \
    "Why, for example circuit_open or in_flight_max")                                              \
  X(kComparisonOutcome, "comparison.outcome", kString, "", "v",                                    \
    "match, ignored, mismatch or incomparable; absent when no comparison was asked for")           \
  X(kComparisonReason, "comparison.reason", kString, "", "v", "Why the answers are incomparable")  \
  X(kComparisonDurationUs, "comparison.duration_us", kDouble, "us", "v",                           \
    "Time spent comparing the two answers")                                                        \
  X(kDifferenceEncountered, "difference.encountered", kBool, "", "v",                              \
    "Whether the answers differ after rules; absent when no comparison was made")                  \
  X(kDifferenceCount, "difference.count", kInt, "", "v", "Differences found after rules")          \
  X(kDifferenceDropped, "difference.dropped", kInt, "", "vd",                                      \
    "Differences that no event was written for, because of the cap")                               \
  X(kServedBy, "served_by", kString, "", "v",                                                      \
    "Whose answer the client got: control, candidate or none")                                     \
  X(kSuccess, "success", kInt, "%", "v",                                                           \
    "100 when every side that was called answered without an error, else 0")                       \
  X(kServedSuccess, "served.success", kInt, "%", "v",                                              \
    "100 when the client got a whole answer with a status below 500, else 0")                      \
  X(kControlSuccess, "control.success", kInt, "%", "v",                                            \
    "100 or 0; absent when the side was not called, or when it was cut off before anybody could "  \
    "say")                                                                                         \
  X(kCandidateSuccess, "candidate.success", kInt, "%", "v", "Likewise at the candidate")           \
  X(kDurationMs, "duration_ms", kDouble, "ms", "v",                                                \
    "From the end of the request's head to the last byte of the answer, as the client saw it")     \
  X(kControlDurationMs, "control.duration_ms", kDouble, "ms", "v",                                 \
    "From the start of the call to the end of the answer, the failure or the moment it was cut "   \
    "off")                                                                                         \
  X(kCandidateDurationMs, "candidate.duration_ms", kDouble, "ms", "v",                             \
    "Likewise at the candidate")                                                                   \
  X(kControlTtfbMs, "control.ttfb_ms", kDouble, "ms", "v",                                         \
    "From the start of the call to the first byte of the answer")                                  \
  X(kCandidateTtfbMs, "candidate.ttfb_ms", kDouble, "ms", "v",                                     \
    "From the start of the call to the first byte of the answer")                                  \
  X(kControlStatusCode, "control.status_code", kInt, "", "v", "HTTP status of the answer")         \
  X(kCandidateStatusCode, "candidate.status_code", kInt, "", "v", "HTTP status of the answer")     \
  X(kControlErrorType, "control.error.type", kString, "", "v",                                     \
    "What went wrong with the call: resolve, connect_refused, unreachable, connect_timeout, tls, " \
    "timeout, "                                                                                    \
    "reset, closed_early, malformed, unhealthy or io; in a client library the class of the "       \
    "exception")                                                                                   \
  X(kCandidateErrorType, "candidate.error.type", kString, "", "v", "Likewise at the candidate")    \
  X(kControlCutOff, "control.cut_off", kString, "", "v",                                           \
    "What ended the call that is not the service's doing: client_closed, serving_side_failed, "    \
    "shadow_deadline, dropped_bytes_max, request_bytes_max, memory_bytes_max, connections_max or " \
    "shutdown; the duration is then a lower bound")                                                \
  X(kCandidateCutOff, "candidate.cut_off", kString, "", "v", "Likewise at the candidate")          \
  X(kControlBodyBytes, "control.body_bytes", kInt, "bytes", "v", "Body bytes of the answer")       \
  X(kCandidateBodyBytes, "candidate.body_bytes", kInt, "bytes", "v", "Body bytes of the answer")   \
  X(kHttpRequestMethod, "http.request.method", kString, "", "v", "Request method")                 \
  X(kHttpRoute, "http.route", kString, "", "vden", "Name of the matched route")                    \
  X(kUrlPath, "url.path", kString, "", "v", "Path of the request, without the query")              \
  X(kHttpResponseStatusCode, "http.response.status_code", kInt, "", "v", "Status the client got")  \
  X(kHttpRequestBodySize, "http.request.body.size", kInt, "bytes", "v",                            \
    "Body bytes of the request")                                                                   \
  X(kHttpResponseBodySize, "http.response.body.size", kInt, "bytes", "v",                          \
    "Body bytes of the answer the client got")                                                     \
  X(kFeatureFlagKey, "feature_flag.key", kString, "", "v", "Flag that chose the mode")             \
  X(kFeatureFlagResultVariant, "feature_flag.result.variant", kString, "", "v",                    \
    "Variation the flag gave")                                                                     \
  X(kFeatureFlagVersion, "feature_flag.version", kInt, "", "v", "Version of the flag")             \
  X(kTraceId, "trace.trace_id", kString, "", "v", "W3C trace id, 32 hex digits")                   \
  X(kSpanId, "trace.span_id", kString, "", "v", "W3C span id, 16 hex digits")                      \
  X(kParentId, "trace.parent_id", kString, "", "v", "Span id of the caller, 16 hex digits")        \
  X(kProxyWorker, "proxy.worker", kInt, "", "v", "Number of the worker thread")                    \
  X(kClientAddress, "client.address", kString, "", "v", "Address of the client")                   \
  X(kDifferenceDimension, "difference.dimension", kString, "", "dn",                               \
    "row_count, column_count, column_type, cell, missing, extra, type, value, order, status, "     \
    "header or unparsed")                                                                          \
  X(kDifferencePath, "difference.path", kString, "", "dn", "Exact path in the answer")             \
  X(kDifferencePathPattern, "difference.path_pattern", kString, "", "dn",                          \
    "The path with every index replaced by *")                                                     \
  X(kDifferenceRow, "difference.row", kInt, "", "d", "Row of a table, from 0")                     \
  X(kDifferenceColumn, "difference.column", kString, "", "d", "Column of a table")                 \
  X(kDifferenceControlType, "difference.control_type", kString, "", "d", "Type at control")        \
  X(kDifferenceCandidateType, "difference.candidate_type", kString, "", "d", "Type at candidate")  \
  X(kDifferenceControlValue, "difference.control_value", kString, "", "d",                         \
    "Value at control, cut and redacted")                                                          \
  X(kDifferenceCandidateValue, "difference.candidate_value", kString, "", "d",                     \
    "Value at candidate, cut and redacted")                                                        \
  X(kDifferenceExplanation, "difference.explanation", kString, "", "d",                            \
    "float_ulp, float_rounding, float_single, integer_as_double, number_representation, "          \
    "negative_zero, nan_null, time_unit, iso_epoch, time_precision, time_zone, number_as_string, " \
    "bool_as_string, bool_as_number, null_missing, row_order, white_space, case, unicode_form, "   \
    "truncation or "                                                                               \
    "none")                                                                                        \
  X(kDifferenceDistance, "difference.distance", kDouble, "see difference.distance_unit", "d",      \
    "How far apart the values are")                                                                \
  X(kDifferenceDistanceUnit, "difference.distance_unit", kString, "", "d",                         \
    "ulp, absolute, ratio, s, rows, columns, items or bytes")                                      \
  X(kDifferenceRule, "difference.rule", kString, "", "d",                                          \
    "The rule that would accept this difference")                                                  \
  X(kDifferenceNoise, "difference.noise", kDouble, "share", "d",                                   \
    "How often control differs from itself at this place, at least (95% bound), as far as known "  \
    "then; absent when it is not known to")                                                        \
  X(kNoiseAccounting, "noise.accounting", kString, "", "v",                                        \
    "What became of the second call to control: taken, shed or failed; absent without one")        \
  X(kNoiseReason, "noise.reason", kString, "", "v", "Why it was not taken")                        \
  X(kNoiseDurationMs, "noise.duration_ms", kDouble, "ms", "v",                                     \
    "From the start of the second call to control to the end of its answer or the failure")        \
  X(kNoiseDifferenceCount, "noise.difference_count", kInt, "", "v",                                \
    "Differences between the two answers of control, after rules")                                 \
  X(kNoiseDifferenceDropped, "noise.difference_dropped", kInt, "", "v",                            \
    "Of them, how many were beyond the cap and are in no event")                                   \
  X(kNoiseFirstValue, "noise.first_value", kString, "", "n",                                       \
    "Value in the first answer of control, cut and redacted")                                      \
  X(kNoiseSecondValue, "noise.second_value", kString, "", "n",                                     \
    "Value in the second answer of control, cut and redacted")                                     \
  X(kErrorSide, "error.side", kString, "", "e",                                                    \
    "control or candidate; none for an error of a client library's own code that compares")        \
  X(kExceptionType, "exception.type", kString, "", "e", "Class of the error")                      \
  X(kExceptionMessage, "exception.message", kString, "", "e", "One sentence for a person")         \
  X(kErrorWhere, "error.where", kString, "", "e", "Where it happened, for example connect")

namespace understudy::event {

/// What is known beforehand about a column. `type` is what our own events carry; a client may
/// send another one, and a store keeps both apart.
struct ColumnInfo {
  std::string_view name;
  Type type;
  std::string_view unit;      // "" when it has none
  std::string_view datasets;  // letters: v evaluations, d differences, e errors, n noise
  std::string_view meaning;
};

/// The built-in columns in the order of the table; their handles are the index here.
std::span<const ColumnInfo> built_in_columns();
/// The entry of a built-in column; null for one that came from a client.
const ColumnInfo* built_in_column(Column column);
/// The text of docs/columns.md.
std::string columns_as_markdown();

namespace columns {

enum : std::uint32_t {
#define X(constant, name, type, unit, datasets, meaning) constant##Id,
  UNDERSTUDY_COLUMNS(X)
#undef X
      kBuiltInCount
};

#define X(constant, name, type, unit, datasets, meaning) \
  inline constexpr Column constant{constant##Id};
UNDERSTUDY_COLUMNS(X)
#undef X

}  // namespace columns
}  // namespace understudy::event
