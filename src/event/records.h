#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "event/event.h"

namespace understudy::event {

/// What is known about one side of an evaluation. Absent strings are empty, absent numbers nullopt.
struct SideRecord {
  bool called = false;     // whether a call was made; when false nothing else is written
  bool undecided = false;  // it ended before it could succeed or fail, and not by its own doing
  bool complete = false;   // the answer arrived whole, or as far as we let it
  std::optional<std::int64_t> status_code = {};
  std::optional<double> duration_ms = {};
  std::optional<double> ttfb_ms = {};
  std::optional<std::int64_t> body_bytes = {};
  std::string_view error_type = {};  // connect_refused, timeout, reset, ...
  std::string_view cut_off = {};  // what ended the call that is not of the service: client_closed,
                                  // or a bound of ours; its duration is then a lower bound

  /// A whole answer with a status below 500 and no error; nullopt when not called or undecided.
  std::optional<bool> success() const;
};

/// One request that went through a migration, with everything known about it.
/// Strings are borrowed and must outlive the call that makes the Event, which copies them.
/// The columns `success`, `served.success` and each side's are derived here and nowhere else.
/// Threads: a plain value. Cost of `to_event`: two allocations, none when `out` is reused.
struct EvaluationRecord {
  std::int64_t time_unix_ns = 0;
  std::uint32_t sample_rate = 1;

  std::string_view id = {};
  std::string_view migration = {};
  std::string_view mode = {};
  std::string_view key_hash = {};
  std::string_view key_missing = {};  // why there is none, where one was asked for
  std::string_view accounting = {};
  std::string_view reason = {};

  std::string_view comparison_outcome = {};  // empty: no comparison was asked for
  std::string_view comparison_reason = {};
  std::optional<double> comparison_duration_us = {};
  std::optional<bool> difference_encountered = {};
  std::optional<std::int64_t> difference_count = {};
  std::optional<std::int64_t> difference_dropped = {};

  std::string_view noise_accounting = {};  // empty: control was not asked twice
  std::string_view noise_reason = {};
  std::optional<double> noise_duration_ms = {};
  std::optional<std::int64_t> noise_difference_count = {};
  std::optional<std::int64_t> noise_difference_dropped = {};

  std::string_view served_by = "none";  // control, candidate, none
  bool client_aborted = false;          // the client left: served.success is absent
  std::optional<double> duration_ms = {};
  SideRecord control = {};
  SideRecord candidate = {};

  std::string_view method = {};
  std::string_view route = {};
  std::string_view path = {};
  std::optional<std::int64_t> status_code = {};
  std::optional<std::int64_t> request_body_bytes = {};
  std::optional<std::int64_t> response_body_bytes = {};
  std::string_view client_address = {};
  std::optional<std::int64_t> worker = {};

  std::string_view flag_key = {};
  std::string_view flag_variant = {};
  std::optional<std::int64_t> flag_version = {};

  std::string_view trace_id = {};
  std::string_view span_id = {};
  std::string_view parent_id = {};

  void to_event(Event& out) const;
  Event to_event() const;
};

/// One place where the two answers disagree. Strings borrowed, as above.
struct DifferenceRecord {
  std::int64_t time_unix_ns = 0;
  std::uint32_t sample_rate = 1;

  std::string_view evaluation_id = {};
  std::string_view migration = {};
  std::string_view mode = {};
  std::string_view route = {};

  std::string_view dimension = {};
  std::string_view path = {};
  std::string_view path_pattern = {};
  std::optional<std::int64_t> row = {};
  std::string_view column = {};
  std::string_view control_type = {};
  std::string_view candidate_type = {};
  std::optional<std::string_view> control_value = {};  // an empty text is a value
  std::optional<std::string_view> candidate_value = {};
  std::string_view explanation = "none";
  std::optional<double> distance = {};
  std::string_view distance_unit = {};
  std::string_view rule = {};
  std::optional<double> noise = {};  // lower bound of how often control differs from itself here
  std::int64_t dropped = 0;

  void to_event(Event& out) const;
  Event to_event() const;
};

/// One place where two answers of control to one request disagree: however often it does within
/// them, so that counting these events counts pairs of answers. Strings borrowed, as above.
struct NoiseRecord {
  std::int64_t time_unix_ns = 0;
  std::uint32_t sample_rate = 1;

  std::string_view evaluation_id = {};
  std::string_view migration = {};
  std::string_view mode = {};
  std::string_view route = {};

  std::string_view dimension = {};
  std::string_view path = {};  // the first of them
  std::string_view path_pattern = {};
  std::optional<std::string_view> first_value = {};  // an empty text is a value
  std::optional<std::string_view> second_value = {};

  void to_event(Event& out) const;
  Event to_event() const;
};

/// One error, of a side or of our own. Strings borrowed, as above.
struct ErrorRecord {
  std::int64_t time_unix_ns = 0;
  std::uint32_t sample_rate = 1;

  std::string_view evaluation_id = {};
  std::string_view migration = {};
  std::string_view mode = {};
  std::string_view route = {};

  std::string_view side = {};     // control, candidate, none
  std::string_view type = {};     // connect_refused, ProvisionedThroughputExceededException, ...
  std::string_view message = {};  // one sentence for a person
  std::string_view where = {};    // connect, read_head, lift, ...

  void to_event(Event& out) const;
  Event to_event() const;
};

}  // namespace understudy::event
