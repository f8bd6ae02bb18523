#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/rng.h"
#include "http/fields.h"

namespace understudy::http {

using TraceId = std::array<std::uint8_t, 16>;
using SpanId = std::array<std::uint8_t, 8>;

/// A traceparent (W3C Trace Context, Level 2). Ids are never all zero.
struct TraceParent {
  static constexpr std::uint8_t kSampled = 0x01;
  static constexpr std::uint8_t kRandomTraceId = 0x02;
  static constexpr std::size_t kTextBytes = 55;

  TraceId trace_id{};
  SpanId parent_id{};
  std::uint8_t flags = 0;  // only kSampled and kRandomTraceId

  bool sampled() const noexcept { return (flags & kSampled) != 0; }
};

/// Reads one traceparent value; nothing when it is invalid (version ff, upper case, zero ids,
/// wrong length). A higher version is read as version 00 when its first 55 bytes fit.
std::optional<TraceParent> parse_traceparent(std::string_view value) noexcept;

/// Writes version 00 with the two known flag bits.
void format_traceparent(const TraceParent& parent, std::array<char, TraceParent::kTextBytes>& out);
std::string format_traceparent(const TraceParent& parent);
std::string trace_id_hex(const TraceId& id);
std::string span_id_hex(const SpanId& id);

/// The trace a request belongs to.
struct TraceContext {
  TraceParent parent;      // as the caller sent it, or a new trace
  std::string tracestate;  // combined and valid, or empty
  bool present = false;    // the request belongs to a trace
  bool remote = false;     // the caller sent a valid traceparent
};

/// Reads traceparent and tracestate into `out`, which is as constructed. Exactly one valid
/// traceparent continues its trace; with none, two or an invalid one there is no trace, and
/// tracestate is ignored. An invalid tracestate is dropped without harming traceparent.
void continue_trace(const Fields& fields, TraceContext& out);
/// The same, but begins a sampled trace with random ids where there is none.
void continue_or_begin_trace(const Fields& fields, base::Rng& rng, TraceContext& out);

/// The traceparent for a request we send: same trace and flags, new parent id (our span).
TraceParent child_of(const TraceParent& parent, base::Rng& rng) noexcept;

/// All tracestate fields combined in order; nothing when a member is malformed, a key is repeated
/// or there are more than 32. Empty members are dropped. Over 512 bytes whole members are removed,
/// first those over 128 bytes, then from the right.
std::optional<std::string> combine_tracestate(const Fields& fields);

}  // namespace understudy::http
