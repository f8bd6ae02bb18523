#include "core/run_recorder.h"

#include <optional>
#include <string>
#include <utility>

#include "base/text.h"
#include "core/compare_settings.h"
#include "core/comparing.h"
#include "core/failure.h"
#include "event/records.h"
#include "flags/evaluate.h"
#include "http/fields.h"

namespace understudy::sdk {
namespace {

using detail::Call;
using detail::Lifted;
using detail::LiftStatus;
using detail::Run;

constexpr double kNsPerMs = 1e6;
constexpr double kNsPerUs = 1e3;

compare::Table to_table(Lifted& lifted) {
  if (!lifted.table) return {};
  compare::Table table(lifted.table->columns());
  auto rows = lifted.table->take_rows();
  table.reserve_rows(rows.size());
  for (auto& row : rows) table.add_row(std::move(row));
  return table;
}

/// Whether the caller's own call took as long as the shadow was allowed: then a shadow that ran out
/// of time did nothing that the other side did not do as well.
bool main_took_as_long(const Run& run) {
  const Call& main = run.call(run.main);
  const Call& shadow = run.call(run.shadow());
  return main.called && main.end_ns - main.start_ns >= shadow.end_ns - shadow.start_ns;
}

event::SideRecord side_record(const Run& run, Side which, bool timed_out) {
  const Call& call = run.call(which);
  event::SideRecord side;
  side.called = call.called;
  if (!call.called) return side;
  if (call.cancelled) {
    side.undecided = true;
    side.cut_off = "shutdown";
    return side;  // how long we let it run says nothing about it
  }
  side.complete = !timed_out && call.failure == nullptr;
  side.duration_ms = static_cast<double>(call.end_ns - call.start_ns) / kNsPerMs;
  if (timed_out) {
    side.cut_off = "shadow_deadline";
    side.undecided = main_took_as_long(run);
    if (!side.undecided) side.error_type = "timeout";
  } else if (call.failure != nullptr) {
    side.error_type = call.failure->type;
  }
  return side;
}

}  // namespace

/// What became of the comparison of one run.
struct RunRecorder::Compared {
  Accounting place = Accounting::kNotSampled;
  std::string reason;
  std::optional<compare::Comparison> comparison;
  std::optional<Failure> failure;  // of a customisation, not of a side
  double duration_us = 0;
};

RunRecorder::RunRecorder(EventExporter& exporter, LiveCounters& counters, const base::Clock& clock,
                         const flags::SnapshotHolder& flags,
                         std::function<void(std::string_view)> log)
    : exporter_(exporter),
      counters_(counters),
      clock_(clock),
      flags_(flags),
      log_(std::move(log)) {}

Accounting RunRecorder::place_without_comparison(const FinishedRun& finished) {
  const Run& run = finished.run;
  switch (finished.shadow) {
    case ShadowEnd::kNone:
      return Accounting::kNotSampled;
    case ShadowEnd::kRefused:
    case ShadowEnd::kShed:
      return Accounting::kShed;
    case ShadowEnd::kTimedOut:
      return Accounting::kTimedOut;
    case ShadowEnd::kAnswered:
      break;
  }
  if (run.call(run.shadow()).failure != nullptr) return Accounting::kFailed;
  if (run.mode == Mode::kFireAndForget) return Accounting::kNotSampled;
  if (run.call(run.main).failure != nullptr) return Accounting::kFailed;
  return Accounting::kShed;  // a comparison was due and had no room
}

void RunRecorder::record(FinishedRun& finished) noexcept {
  try {
    record_unguarded(finished);
  } catch (...) {
    counters_.events_dropped.fetch_add(1, std::memory_order_relaxed);
    counters_.settle(place_without_comparison(finished));
  }
}

RunRecorder::Compared RunRecorder::compare(FinishedRun& finished) {
  Compared result;
  const Run& run = finished.run;
  switch (finished.shadow) {
    case ShadowEnd::kNone:
      if (run.note != nullptr) result.reason = run.note;
      return result;
    case ShadowEnd::kRefused:
      result.place = Accounting::kShed;
      result.reason = run.refused;
      return result;
    case ShadowEnd::kShed:
      result.place = Accounting::kShed;
      result.reason = finished.reason;
      return result;
    case ShadowEnd::kTimedOut:
      result.place = Accounting::kTimedOut;
      result.reason = finished.reason;
      return result;
    case ShadowEnd::kAnswered:
      break;
  }
  if (run.call(run.shadow()).failure != nullptr) {
    result.place = Accounting::kFailed;
    result.reason = base::cat(understudy::name(run.shadow()), "_failed");
    return result;
  }
  if (run.mode == Mode::kFireAndForget) return result;
  if (run.call(run.main).failure != nullptr) {
    result.place = Accounting::kFailed;
    result.reason = base::cat(understudy::name(run.main), "_failed");
    return result;
  }

  const compare::Comparator& comparator = current_comparator(*finished.experiment);
  const int64_t start_ns = clock_.steady_ns();
  Lifted main;
  Lifted shadow;
  for (const bool is_main : {true, false}) {
    const std::string_view side = understudy::name(is_main ? run.main : run.shadow());
    Lifted& lifted = is_main ? main : shadow;
    LiftStatus status = LiftStatus::kFailed;
    try {
      status = finished.pair->lift(is_main, lifted);
    } catch (...) {
      result.failure = describe_current_exception({});
    }
    if (status == LiftStatus::kFailed) {
      result.place = Accounting::kNotComparable;
      result.reason = base::cat(side, ": the answer could not be lifted");
      return result;
    }
    if (status == LiftStatus::kTooLarge || (lifted.table && lifted.table->overflowed()) ||
        lifted.body.size() > comparator.options().body_bytes_max) {
      result.place = Accounting::kTooLarge;
      result.reason = base::cat(side, ": the answer is above its bound");
      return result;
    }
  }
  Lifted& control = run.main == Side::kControl ? main : shadow;
  Lifted& candidate = run.main == Side::kControl ? shadow : main;
  if (control.table || candidate.table) {
    result.comparison = comparator.compare_tables(to_table(control), to_table(candidate));
  } else {
    const auto answer = [](const Lifted& lifted, http::Fields& fields) {
      if (!lifted.body_type.empty()) fields.add("content-type", lifted.body_type);
      return compare::Answer{.status = 200, .headers = &fields, .body = lifted.body};
    };
    http::Fields control_fields;
    http::Fields candidate_fields;
    result.comparison =
        comparator.compare(answer(control, control_fields), answer(candidate, candidate_fields));
  }
  result.duration_us = static_cast<double>(clock_.steady_ns() - start_ns) / kNsPerUs;
  const bool incomparable = result.comparison->outcome == compare::Outcome::kIncomparable;
  result.place = incomparable ? Accounting::kNotComparable : Accounting::kCompared;
  return result;
}

const compare::Comparator& RunRecorder::current_comparator(
    const detail::ExperimentCore& experiment) {
  auto& comparing = experiment.comparing();
  auto snapshot = flags_.load();
  if (snapshot == comparing.snapshot) return *comparing.comparator;
  comparing.snapshot = std::move(snapshot);
  const flags::Decision decision =
      flags::evaluate(*comparing.snapshot, experiment.compare_flag(),
                      flags::Context::user(experiment.options().migration));
  flags::Value section = decision.value != nullptr ? *decision.value : flags::Value();
  if (section == comparing.section) return *comparing.comparator;
  comparing.section = std::move(section);
  if (!comparing.section.is_object()) {
    comparing.comparator = std::make_unique<compare::Comparator>();
    return *comparing.comparator;
  }
  auto made = make_comparator(comparing.section, experiment.compare_flag());
  if (made.ok()) {
    comparing.comparator = *std::move(made);
  } else if (log_) {
    log_(base::cat("understudy: the comparison rules stay as they were: ", made.error().context));
  }
  return *comparing.comparator;
}

void RunRecorder::record_unguarded(FinishedRun& finished) {
  const Run& run = finished.run;
  const detail::ExperimentCore& experiment = *finished.experiment;
  const ExperimentOptions& options = experiment.options();
  const Compared compared = compare(finished);
  const std::string id = base::cat(base::hex(run.id_high), base::hex(run.id_low));
  const std::string key_hash = run.has_key ? base::hex(run.key_hash) : std::string();
  const std::string_view mode = understudy::name(run.mode);
  const bool timed_out = finished.shadow == ShadowEnd::kTimedOut;

  event::EvaluationRecord record;
  record.time_unix_ns = run.start_unix_ns;
  record.id = id;
  record.migration = options.migration;
  record.mode = mode;
  record.key_hash = key_hash;
  record.accounting = name(compared.place);
  record.reason = compared.reason;
  record.route = options.route;
  if (run.served_by) record.served_by = understudy::name(*run.served_by);
  record.duration_ms = static_cast<double>(run.end_ns - run.start_ns) / kNsPerMs;
  record.control = side_record(run, Side::kControl, timed_out && run.shadow() == Side::kControl);
  record.candidate =
      side_record(run, Side::kCandidate, timed_out && run.shadow() == Side::kCandidate);
  if (run.flag_version != 0) {
    record.flag_key = experiment.mode_flag();
    record.flag_variant = mode;
    record.flag_version = run.flag_version;
  }
  if (compared.comparison) {
    const compare::Comparison& comparison = *compared.comparison;
    record.comparison_outcome = compare::name(comparison.outcome);
    record.comparison_reason = comparison.reason;
    record.comparison_duration_us = compared.duration_us;
    const bool differs = comparison.outcome == compare::Outcome::kMismatch;
    if (comparison.outcome != compare::Outcome::kIncomparable) {
      record.difference_encountered = differs;
    }
    record.difference_count = static_cast<int64_t>(comparison.difference_count());
    record.difference_dropped = static_cast<int64_t>(comparison.dropped);
    if (differs) counters_.differing.fetch_add(1, std::memory_order_relaxed);
  }
  exporter_.offer(record.to_event());

  if (compared.comparison) {
    for (const compare::Difference& difference : compared.comparison->differences) {
      event::DifferenceRecord out;
      out.time_unix_ns = run.start_unix_ns;
      out.evaluation_id = id;
      out.migration = options.migration;
      out.mode = mode;
      out.route = options.route;
      out.dimension = compare::name(difference.dimension);
      out.path = difference.path;
      out.path_pattern = difference.path_pattern;
      if (difference.row >= 0) out.row = difference.row;
      out.column = difference.column;
      out.control_type = compare::name(difference.control_type);
      out.candidate_type = compare::name(difference.candidate_type);
      if (difference.control_type != compare::ValueType::kMissing) {
        out.control_value = difference.control_value;
      }
      if (difference.candidate_type != compare::ValueType::kMissing) {
        out.candidate_value = difference.candidate_value;
      }
      out.explanation = compare::name(difference.explanation);
      if (difference.distance_unit[0] != '\0') out.distance = difference.distance;
      out.distance_unit = difference.distance_unit;
      out.rule = difference.rule;
      out.dropped = static_cast<int64_t>(compared.comparison->dropped);
      exporter_.offer(out.to_event());
    }
  }

  const auto offer_error = [&](std::string_view side, const Failure& failure,
                               std::string_view where) {
    event::ErrorRecord error;
    error.time_unix_ns = run.start_unix_ns;
    error.evaluation_id = id;
    error.migration = options.migration;
    error.mode = mode;
    error.route = options.route;
    error.side = side;
    error.type = failure.type;
    error.message = failure.message;
    error.where = where;
    exporter_.offer(error.to_event());
  };
  for (const Side side : {Side::kControl, Side::kCandidate}) {
    const Call& call = run.call(side);
    if (call.failure) offer_error(understudy::name(side), *call.failure, "call");
  }
  if (timed_out && !main_took_as_long(run)) {
    offer_error(understudy::name(run.shadow()),
                {"timeout", base::cat("no answer within ", options.shadow_timeout.count(), " ms")},
                "call");
  }
  if (compared.failure) offer_error("none", *compared.failure, "lift");
  counters_.settle(compared.place);
}

}  // namespace understudy::sdk
