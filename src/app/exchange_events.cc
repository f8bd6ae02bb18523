#include "app/exchange_events.h"

#include <set>
#include <utility>

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

/// What ended a call that is not of the service's doing.
struct CutOff {
  std::string_view by;     // the name of the bound; empty: nothing did
  bool undecided = false;  // nobody can say whether it would have succeeded
};

const proxy::SideResult& side_of(const proxy::Exchange& exchange, base::Side which) {
  return which == base::Side::kControl ? exchange.control : exchange.candidate;
}
const proxy::SideResult& other_side_of(const proxy::Exchange& exchange, base::Side which) {
  return which == base::Side::kControl ? exchange.candidate : exchange.control;
}

/// Whether this side was called beside the one that serves. After a fallback it served itself.
bool is_shadow(const proxy::Exchange& exchange, base::Side which) {
  const auto shadow = flags::shadow_side(exchange.mode);
  if (!exchange.shadow_wanted || !shadow || exchange.served_by == which) return false;
  return (*shadow == flags::Service::kControl) == (which == base::Side::kControl);
}

CutOff cut_off(const proxy::Exchange& exchange, base::Side which) {
  const proxy::SideResult& side = side_of(exchange, which);
  switch (side.error) {
    case net::StreamError::kCancelled:
      // Else the serving side failed before the request was whole.
      return {exchange.client_aborted ? "client_closed" : "serving_side_failed", true};
    case net::StreamError::kPoolFull:
      return {"connections_max", true};
    case net::StreamError::kTooLarge:
      // Without a head it was the request that could not be sent. With one, the service answered,
      // and what we did not read is taken for good.
      if (side.status == 0) {
        return {side.bound.empty() ? std::string_view("request_bytes_max") : side.bound, true};
      }
      return {"dropped_bytes_max", false};
    case net::StreamError::kTimeout: {
      if (!is_shadow(exchange, which)) return {};
      // The deadline of a shadow call counts for the whole answer, that of a serving one piece by
      // piece. What took the serving side as long cannot be held against the shadow.
      const proxy::SideResult& serving = other_side_of(exchange, which);
      const bool as_long = serving.end_ns - serving.start_ns >= side.end_ns - side.start_ns;
      return {"shadow_deadline", serving.called && as_long};
    }
    default:
      return {};
  }
}

event::SideRecord side_record(const proxy::Exchange& exchange, base::Side which) {
  const proxy::SideResult& side = side_of(exchange, which);
  event::SideRecord record;
  record.called = side.called;
  if (!side.called) return record;
  const CutOff cut = cut_off(exchange, which);
  record.cut_off = cut.by;
  record.undecided = cut.undecided;
  const bool answered_past_bound = side.error == net::StreamError::kTooLarge && !cut.undecided;
  record.complete = side.complete || answered_past_bound;
  if (side.status != 0) record.status_code = side.status;
  const bool never_sent = side.error == net::StreamError::kPoolFull ||
                          (side.error == net::StreamError::kTooLarge && cut.undecided);
  if (!never_sent && side.end_ns >= side.start_ns && side.end_ns != 0) {
    record.duration_ms = static_cast<double>(side.end_ns - side.start_ns) / kNsPerMs;
  }
  if (side.first_byte_ns > side.start_ns) {
    record.ttfb_ms = static_cast<double>(side.first_byte_ns - side.start_ns) / kNsPerMs;
  }
  record.body_bytes = static_cast<int64_t>(side.body_bytes);
  const bool failed_by_itself = side.error != net::StreamError::kNone && !cut.undecided;
  if (failed_by_itself && !answered_past_bound) record.error_type = net::name(side.error);
  return record;
}

/// The part of an evaluation that is about the second call to control.
void add_noise(const proxy::Exchange& exchange, const SettledExchange& settled,
               event::EvaluationRecord& record) {
  if (exchange.noise == nullptr) return;
  const proxy::SideResult& second = exchange.noise->answer;
  record.noise_accounting = proxy::name(settled.noise_account);
  record.noise_reason = settled.noise_reason;
  if (second.called && second.end_ns >= second.start_ns && second.end_ns != 0) {
    record.noise_duration_ms = static_cast<double>(second.end_ns - second.start_ns) / kNsPerMs;
  }
  if (settled.noise_comparison) {
    const compare::Comparison& comparison = *settled.noise_comparison;
    record.noise_difference_count = static_cast<int64_t>(comparison.difference_count());
    record.noise_difference_dropped = static_cast<int64_t>(comparison.dropped);
  }
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

  add_noise(exchange, settled, record);
  record.served_by = base::name(exchange.served_by);
  record.client_aborted = exchange.client_aborted;
  record.duration_ms = static_cast<double>(exchange.duration_ns) / kNsPerMs;
  record.control = side_record(exchange, base::Side::kControl);
  record.candidate = side_record(exchange, base::Side::kCandidate);
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

void write_differences(const proxy::Exchange& exchange, const SettledExchange& settled,
                       const Texts& texts, EventWriter& writer) {
  const compare::Comparison& comparison = *settled.comparison;
  for (size_t i = 0; i < comparison.differences.size(); ++i) {
    const compare::Difference& difference = comparison.differences[i];
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
    if (i < settled.noise_of_differences.size() && settled.noise_of_differences[i] > 0) {
      record.noise = settled.noise_of_differences[i];
    }
    record.dropped = static_cast<int64_t>(comparison.dropped);
    writer.add([&](event::Event& event) { record.to_event(event); });
  }
}

/// One event for each place and way in which the two answers of control differ.
void write_noise(const proxy::Exchange& exchange, const compare::Comparison& comparison,
                 const Texts& texts, EventWriter& writer) {
  std::set<std::pair<std::string_view, compare::Dimension>> seen;
  for (const compare::Difference& difference : comparison.differences) {
    if (!seen.emplace(difference.path_pattern, difference.dimension).second) continue;
    event::NoiseRecord record;
    record.time_unix_ns = exchange.unix_ns;
    record.evaluation_id = texts.id;
    record.migration = exchange.migration->name;
    record.mode = flags::name(exchange.mode);
    record.route = route_name(exchange);
    record.dimension = compare::name(difference.dimension);
    record.path = difference.path;
    record.path_pattern = difference.path_pattern;
    if (difference.control_type != compare::ValueType::kMissing) {
      record.first_value = difference.control_value;
    }
    if (difference.candidate_type != compare::ValueType::kMissing) {
      record.second_value = difference.candidate_value;
    }
    writer.add([&](event::Event& event) { record.to_event(event); });
  }
}

/// The error of one side, if it had one.
std::optional<ErrorAnswer> side_error(const proxy::Exchange& exchange, base::Side which,
                                      const compare::Rules& rules) {
  const proxy::SideResult& side = side_of(exchange, which);
  const proxy::SideResult& other = other_side_of(exchange, which);
  if (!side.called || cut_off(exchange, which).undecided) return std::nullopt;
  const bool answered_past_bound = side.error == net::StreamError::kTooLarge;
  if (side.error != net::StreamError::kNone && !answered_past_bound) {
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
  const proxy::SideResult& side = side_of(exchange, which);
  const std::optional<ErrorAnswer> error = side_error(exchange, which, rules);
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
  const bool answered = side.error_where.empty() || side.error == net::StreamError::kTooLarge;
  record.where = answered ? std::string_view("answer") : std::string_view(side.error_where);
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
  if (settled.comparison) write_differences(exchange, settled, texts, writer);
  if (settled.noise_comparison) write_noise(exchange, *settled.noise_comparison, texts, writer);
  static const compare::Rules kNone;
  const compare::Rules& rules = settled.rules == nullptr ? kNone : *settled.rules;
  write_error(exchange, base::Side::kControl, rules, texts, writer);
  write_error(exchange, base::Side::kCandidate, rules, texts, writer);
}

}  // namespace understudy::app
