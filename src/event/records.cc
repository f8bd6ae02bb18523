#include "event/records.h"

#include "event/columns.h"

namespace understudy::event {
namespace {

// What one evaluation usually needs, so that building it allocates twice and no more.
constexpr std::size_t kFieldsUsual = 64;
constexpr std::size_t kStringBytesUsual = 768;

void add(Event& out, Column column, std::string_view text) {
  if (!text.empty()) out.add(column, text);
}
template <class T>
void add(Event& out, Column column, const std::optional<T>& value) {
  if (value) out.add(column, ValueView(*value));
}
void add_percent(Event& out, Column column, std::optional<bool> success) {
  if (success) out.add(column, ValueView(*success ? 100 : 0));
}

struct SideColumns {
  Column success, duration_ms, ttfb_ms, status_code, body_bytes, error_type, cut_off;
};
constexpr SideColumns kControlColumns = {columns::kControlSuccess,   columns::kControlDurationMs,
                                         columns::kControlTtfbMs,    columns::kControlStatusCode,
                                         columns::kControlBodyBytes, columns::kControlErrorType,
                                         columns::kControlCutOff};
constexpr SideColumns kCandidateColumns = {
    columns::kCandidateSuccess,    columns::kCandidateDurationMs, columns::kCandidateTtfbMs,
    columns::kCandidateStatusCode, columns::kCandidateBodyBytes,  columns::kCandidateErrorType,
    columns::kCandidateCutOff};

void add_side(Event& out, const SideColumns& columns, const SideRecord& side) {
  if (!side.called) return;
  add_percent(out, columns.success, side.success());
  add(out, columns.duration_ms, side.duration_ms);
  add(out, columns.ttfb_ms, side.ttfb_ms);
  add(out, columns.status_code, side.status_code);
  add(out, columns.body_bytes, side.body_bytes);
  add(out, columns.error_type, side.error_type);
  add(out, columns.cut_off, side.cut_off);
}

/// 100 only when every side with a known end succeeded; absent when none has one.
std::optional<bool> every_side_succeeded(const SideRecord& control, const SideRecord& candidate) {
  const std::optional<bool> a = control.success();
  const std::optional<bool> b = candidate.success();
  if (!a) return b;
  if (!b) return a;
  return *a && *b;
}

std::optional<bool> served_success(const EvaluationRecord& record) {
  if (record.client_aborted) return std::nullopt;
  if (record.served_by == "control") return record.control.success();
  if (record.served_by == "candidate") return record.candidate.success();
  return false;
}

}  // namespace

std::optional<bool> SideRecord::success() const {
  if (!called || undecided) return std::nullopt;
  return complete && error_type.empty() && status_code.value_or(0) < 500;
}

void EvaluationRecord::to_event(Event& out) const {
  out.clear(kEvaluations, time_unix_ns, sample_rate);
  out.reserve(kFieldsUsual, kStringBytesUsual);
  add(out, columns::kEvaluationId, id);
  add(out, columns::kEvaluationMigration, migration);
  add(out, columns::kEvaluationMode, mode);
  add(out, columns::kEvaluationKeyHash, key_hash);
  add(out, columns::kEvaluationKeyMissing, key_missing);
  add(out, columns::kEvaluationAccounting, accounting);
  add(out, columns::kEvaluationReason, reason);

  add(out, columns::kComparisonOutcome, comparison_outcome);
  add(out, columns::kComparisonReason, comparison_reason);
  add(out, columns::kComparisonDurationUs, comparison_duration_us);
  add(out, columns::kDifferenceEncountered, difference_encountered);
  add(out, columns::kDifferenceCount, difference_count);
  add(out, columns::kDifferenceDropped, difference_dropped);

  add(out, columns::kNoiseAccounting, noise_accounting);
  add(out, columns::kNoiseReason, noise_reason);
  add(out, columns::kNoiseDurationMs, noise_duration_ms);
  add(out, columns::kNoiseDifferenceCount, noise_difference_count);
  add(out, columns::kNoiseDifferenceDropped, noise_difference_dropped);

  add(out, columns::kServedBy, served_by);
  add_percent(out, columns::kSuccess, every_side_succeeded(control, candidate));
  add_percent(out, columns::kServedSuccess, served_success(*this));
  add(out, columns::kDurationMs, duration_ms);
  add_side(out, kControlColumns, control);
  add_side(out, kCandidateColumns, candidate);

  add(out, columns::kHttpRequestMethod, method);
  add(out, columns::kHttpRoute, route);
  add(out, columns::kUrlPath, path);
  add(out, columns::kHttpResponseStatusCode, status_code);
  add(out, columns::kHttpRequestBodySize, request_body_bytes);
  add(out, columns::kHttpResponseBodySize, response_body_bytes);
  add(out, columns::kClientAddress, client_address);
  add(out, columns::kProxyWorker, worker);

  add(out, columns::kFeatureFlagKey, flag_key);
  add(out, columns::kFeatureFlagResultVariant, flag_variant);
  add(out, columns::kFeatureFlagVersion, flag_version);

  add(out, columns::kTraceId, trace_id);
  add(out, columns::kSpanId, span_id);
  add(out, columns::kParentId, parent_id);
}

Event EvaluationRecord::to_event() const {
  Event out;
  to_event(out);
  return out;
}

void DifferenceRecord::to_event(Event& out) const {
  out.clear(kDifferences, time_unix_ns, sample_rate);
  out.reserve(20, 512);
  add(out, columns::kEvaluationId, evaluation_id);
  add(out, columns::kEvaluationMigration, migration);
  add(out, columns::kEvaluationMode, mode);
  add(out, columns::kHttpRoute, route);
  add(out, columns::kDifferenceDimension, dimension);
  add(out, columns::kDifferencePath, path);
  add(out, columns::kDifferencePathPattern, path_pattern);
  add(out, columns::kDifferenceRow, row);
  add(out, columns::kDifferenceColumn, column);
  add(out, columns::kDifferenceControlType, control_type);
  add(out, columns::kDifferenceCandidateType, candidate_type);
  add(out, columns::kDifferenceControlValue, control_value);
  add(out, columns::kDifferenceCandidateValue, candidate_value);
  add(out, columns::kDifferenceExplanation, explanation);
  add(out, columns::kDifferenceDistance, distance);
  add(out, columns::kDifferenceDistanceUnit, distance_unit);
  add(out, columns::kDifferenceRule, rule);
  add(out, columns::kDifferenceNoise, noise);
  out.add(columns::kDifferenceDropped, dropped);
}

Event DifferenceRecord::to_event() const {
  Event out;
  to_event(out);
  return out;
}

void NoiseRecord::to_event(Event& out) const {
  out.clear(kNoise, time_unix_ns, sample_rate);
  out.reserve(10, 512);
  add(out, columns::kEvaluationId, evaluation_id);
  add(out, columns::kEvaluationMigration, migration);
  add(out, columns::kEvaluationMode, mode);
  add(out, columns::kHttpRoute, route);
  add(out, columns::kDifferenceDimension, dimension);
  add(out, columns::kDifferencePath, path);
  add(out, columns::kDifferencePathPattern, path_pattern);
  add(out, columns::kNoiseFirstValue, first_value);
  add(out, columns::kNoiseSecondValue, second_value);
}

Event NoiseRecord::to_event() const {
  Event out;
  to_event(out);
  return out;
}

void ErrorRecord::to_event(Event& out) const {
  out.clear(kErrors, time_unix_ns, sample_rate);
  out.reserve(10, 512);
  add(out, columns::kEvaluationId, evaluation_id);
  add(out, columns::kEvaluationMigration, migration);
  add(out, columns::kEvaluationMode, mode);
  add(out, columns::kHttpRoute, route);
  add(out, columns::kErrorSide, side);
  add(out, columns::kExceptionType, type);
  add(out, columns::kExceptionMessage, message);
  add(out, columns::kErrorWhere, where);
}

Event ErrorRecord::to_event() const {
  Event out;
  to_event(out);
  return out;
}

}  // namespace understudy::event
