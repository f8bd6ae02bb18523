#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "event/event.h"

namespace understudy::ingest {

/// Bounds of one OTLP logs request. What is beyond a bound of the whole request refuses it; what is
/// beyond a bound of one record rejects that record, which is counted.
struct OtlpLimits {
  size_t body_bytes_max = size_t{64} << 20;     // after decompression
  size_t json_depth_max = 64;                   // of the whole body
  size_t records_max = 100'000;                 // log records in one request
  size_t attributes_max = 1'000;                // of one record, its scope and resource included
  size_t events_bytes_max = size_t{256} << 20;  // of all events: records repeat their resource
};

/// The events of one request, and what could not be taken: the server's answer carries it as
/// `partialSuccess`, as OTLP has it.
struct OtlpLogs {
  std::vector<event::Event> events;
  uint64_t rejected = 0;        // records that make no event
  uint64_t fields_dropped = 0;  // attributes whose name cannot be a column
  std::string error_message;    // about the first of these; empty when there was none

  /// The JSON body of the answer: `{}` when everything was taken; a count of 0 with a message is a
  /// warning.
  std::string response_json() const;
};

/// Reads an OTLP/HTTP JSON logs request (`ExportLogsServiceRequest`): one event per log record.
///
/// Dataset: the attribute `understudy.dataset` of the record, its scope or its resource (the
/// nearest counts); else `eventName`; else `service.name`; else "unknown_logs". A name that is
/// empty, too long or has characters other than letters, digits, space and `._/:-`, starts with
/// "." or "/", or has ".." in it, rejects the record.
/// Time: `timeUnixNano`, else `observedTimeUnixNano`, else `received_unix_ns`.
/// Columns: resource, then scope, then record attributes under their own names, the nearest
/// counts; `body`, `severity_text`, `severity_code`, `trace.trace_id`, `trace.parent_id` (the
/// record's span), `library.name`, `library.version`, `event.name` when the dataset came from
/// elsewhere. Attributes named `understudy.dataset`, `sampleRate` and `SampleRate` are not columns.
/// Values: strings, booleans, 64-bit integers (as JSON number or decimal string, exact) and doubles
/// (also "NaN", "Infinity", "-Infinity") as they are; arrays, key-value lists as JSON text; bytes
/// as their base64 text; a value without a type is null.
/// An attribute whose name cannot be a column (too long, or the column table is full) is left out
/// and counted.
/// Failure: text that is no such JSON, or beyond a bound of the whole, is an Error (kInvalid,
/// kLimit); nothing is ever half read. Pure. Cost: linear in the body, about three times its
/// memory.
base::Result<OtlpLogs> parse_otlp_json_logs(std::string_view body, const OtlpLimits& limits = {},
                                            int64_t received_unix_ns = 0);

}  // namespace understudy::ingest
