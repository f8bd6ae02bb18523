#include "app/exchange_events.h"

#include "app/error_answer.h"
#include "base/text.h"
#include "event/records.h"
#include "http/url.h"
#include "proxy/migration_options.h"

namespace understudy::app {
namespace {

constexpr double kNsPerMs = 1e6;

/// Texts that several events of one exchange borrow.
struct Texts {
  std::string id;
  std::string key_hash;
  std::string trace_id;
  std::string span_id;
  std::string parent_id;

  explicit Texts(const proxy::Exchange& exchange)
      : id(base::cat(base::hex(exchange.id_high), base::hex(exchange.id_low))) {
    if (exchange.key_hash != 0) key_hash = base::hex(exchange.key_hash);
    if (!exchange.trace.present) return;
    trace_id = http::trace_id_hex(exchange.trace.parent.trace_id);
    span_id = http::span_id_hex(exchange.span_id);
    if (exchange.trace.remote) parent_id = http::span_id_hex(exchange.trace.parent.parent_id);
  }
};

/// A call that a bound of ours ended says nothing about the service: it is neither a success nor a
/// failure, as if the client had left.
bool ended_by_us(const proxy::SideResult& side) {
  return side.error == net::StreamError::kCancelled || side.error == net::StreamError::kTooLarge ||
         side.error == net::StreamError::kPoolFull;
}

event::SideRecord side_record(const proxy::SideResult& side) {
  event::SideRecord record;
  record.called = side.called;
  if (!side.called) return record;
  record.cancelled = ended_by_us(side);
  record.complete = side.complete;
  if (side.status != 0) record.status_code = side.status;
  if (side.end_ns >= side.start_ns && side.end_ns != 0) {
    record.duration_ms = static_cast<double>(side.end_ns - side.start_ns) / kNsPerMs;
  }
  if (side.first_byte_ns > side.start_ns) {
    record.ttfb_ms = static_cast<double>(side.first_byte_ns - side.start_ns) / kNsPerMs;
  }
  record.body_bytes = static_cast<int64_t>(side.body_bytes);
  if (side.error != net::StreamError::kNone) record.error_type = net::name(side.error);
  return record;
}

void write_evaluation(const proxy::Exchange& exchange, const SettledExchange& settled,
                      const Texts& texts, EventWriter& writer) {
  event::EvaluationRecord record;
  record.time_unix_ns = exchange.unix_ns;
  record.id = texts.id;
  record.migration = exchange.migration->name;
  record.mode = flags::name(exchange.mode);
  record.key_hash = texts.key_hash;
  record.key_missing = exchange.key_missing;
  record.accounting = proxy::name(settled.account);
  record.reason = settled.reason;

  if (settled.comparison) {
    const compare::Comparison& comparison = *settled.comparison;
    record.comparison_outcome = compare::name(comparison.outcome);
    record.comparison_reason = comparison.reason;
    record.comparison_duration_us = settled.comparison_us;
    if (comparison.outcome != compare::Outcome::kIncomparable) {
      record.difference_encountered = comparison.outcome == compare::Outcome::kMismatch;
      record.difference_count = static_cast<int64_t>(comparison.difference_count());
      record.difference_dropped = static_cast<int64_t>(comparison.dropped);
    }
  } else if (exchange.comparison_wanted) {
    record.comparison_outcome = compare::name(compare::Outcome::kIncomparable);
    record.comparison_reason = proxy::name(settled.account);
  }

  record.served_by = base::name(exchange.served_by);
  record.client_aborted = exchange.client_aborted;
  record.duration_ms = static_cast<double>(exchange.duration_ns) / kNsPerMs;
  record.control = side_record(exchange.control);
  record.candidate = side_record(exchange.candidate);
  record.method = exchange.method;
  record.route = route_name(exchange);
  record.path = http::split_target(exchange.target).path;
  if (exchange.served_status != 0) record.status_code = exchange.served_status;
  record.request_body_bytes = static_cast<int64_t>(exchange.request_body_bytes);
  record.response_body_bytes = static_cast<int64_t>(exchange.served_body_bytes);
  record.client_address = exchange.client_address;
  record.worker = exchange.worker;
  record.flag_key = exchange.migration->mode_flag;
  record.flag_variant = record.mode;
  record.flag_version = exchange.flag_version;
  record.trace_id = texts.trace_id;
  record.span_id = texts.span_id;
  record.parent_id = texts.parent_id;
  writer.add([&](event::Event& event) { record.to_event(event); });
}

void write_differences(const proxy::Exchange& exchange, const compare::Comparison& comparison,
                       const Texts& texts, EventWriter& writer) {
  for (const compare::Difference& difference : comparison.differences) {
    event::DifferenceRecord record;
    record.time_unix_ns = exchange.unix_ns;
    record.evaluation_id = texts.id;
    record.migration = exchange.migration->name;
    record.mode = flags::name(exchange.mode);
    record.route = route_name(exchange);
    record.dimension = compare::name(difference.dimension);
    record.path = difference.path;
    record.path_pattern = difference.path_pattern;
    if (difference.row >= 0) record.row = difference.row;
    record.column = difference.column;
    record.control_type = compare::name(difference.control_type);
    record.candidate_type = compare::name(difference.candidate_type);
    if (difference.control_type != compare::ValueType::kMissing) {
      record.control_value = difference.control_value;
    }
    if (difference.candidate_type != compare::ValueType::kMissing) {
      record.candidate_value = difference.candidate_value;
    }
    record.explanation = compare::name(difference.explanation);
    record.distance_unit = difference.distance_unit;
    if (!record.distance_unit.empty()) record.distance = difference.distance;
    record.rule = difference.rule;
    record.dropped = static_cast<int64_t>(comparison.dropped);
    writer.add([&](event::Event& event) { record.to_event(event); });
  }
}

/// The error of one side, if it had one.
std::optional<ErrorAnswer> side_error(const proxy::SideResult& side, const proxy::SideResult& other,
                                      const compare::Rules& rules) {
  if (!side.called || ended_by_us(side)) return std::nullopt;
  if (side.error != net::StreamError::kNone) {
    return ErrorAnswer{std::string(net::name(side.error)), side.error_detail};
  }
  if (side.status < 400) return std::nullopt;
  auto answer = read_error_answer(side.headers.fields(), side.body, rules);
  if (side.status >= 500) {
    if (!answer) answer.emplace(ErrorAnswer{base::cat("http_", side.status), ""});
    if (answer->message.empty()) answer->message = base::cat("answered ", side.status);
    return answer;
  }
  if (other.called && other.status == side.status) return std::nullopt;
  return answer;
}

void write_error(const proxy::Exchange& exchange, base::Side which, const compare::Rules& rules,
                 const Texts& texts, EventWriter& writer) {
  const bool control = which == base::Side::kControl;
  const proxy::SideResult& side = control ? exchange.control : exchange.candidate;
  const proxy::SideResult& other = control ? exchange.candidate : exchange.control;
  const std::optional<ErrorAnswer> error = side_error(side, other, rules);
  if (!error) return;
  event::ErrorRecord record;
  record.time_unix_ns = exchange.unix_ns;
  record.evaluation_id = texts.id;
  record.migration = exchange.migration->name;
  record.mode = flags::name(exchange.mode);
  record.route = route_name(exchange);
  record.side = base::name(which);
  record.type = error->type;
  record.message = error->message;
  record.where = side.error_where;
  if (record.where.empty()) record.where = "answer";
  writer.add([&](event::Event& event) { record.to_event(event); });
}

}  // namespace

std::string_view route_name(const proxy::Exchange& exchange) {
  const auto& routes = exchange.migration->routes;
  if (exchange.route < 0 || static_cast<size_t>(exchange.route) >= routes.size()) return {};
  return routes[static_cast<size_t>(exchange.route)].name;
}

void write_exchange(const proxy::Exchange& exchange, const SettledExchange& settled,
                    EventWriter& writer) {
  const Texts texts(exchange);
  write_evaluation(exchange, settled, texts, writer);
  if (settled.comparison) write_differences(exchange, *settled.comparison, texts, writer);
  static const compare::Rules kNone;
  const compare::Rules& rules = settled.rules == nullptr ? kNone : *settled.rules;
  write_error(exchange, base::Side::kControl, rules, texts, writer);
  write_error(exchange, base::Side::kCandidate, rules, texts, writer);
}

}  // namespace understudy::app
