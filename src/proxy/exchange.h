#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "flags/mode.h"
#include "http/fields.h"
#include "http/trace_context.h"
#include "net/http_stream.h"
#include "proxy/accounting.h"

namespace understudy::proxy {

struct MigrationOptions;

/// What one side made of one request. Times are steady nanoseconds since the exchange began.
struct SideResult {
  bool called = false;
  net::StreamError error = net::StreamError::kNone;
  std::string error_where;  // connect, send, read_head, read_body; empty without an error
  std::string error_detail;
  int status = 0;            // 0: no head arrived
  bool complete = false;     // the answer arrived whole
  bool over_budget = false;  // the body went past what may be kept; `body` is cut off
  std::string_view bound;    // static storage; of the bound it went past, kept or not
  int64_t start_ns = 0;
  int64_t first_byte_ns = 0;
  int64_t end_ns = 0;
  uint64_t body_bytes = 0;
  http::OwnedFields headers;  // only when the answers are to be compared
  std::string body;           // as received, likewise

  /// Back to the state after construction, keeping memory.
  void clear();
  /// A whole answer with a status below 500.
  bool succeeded() const {
    return called && error == net::StreamError::kNone && complete && status < 500;
  }
};

/// Everything known about one finished request of a migration. Handed over whole to the sink.
struct Exchange {
  std::shared_ptr<const MigrationOptions> migration;
  std::shared_ptr<Accounting> accounting;
  int route = -1;  // index in the migration's routes; -1: none matched, control answered
  flags::Mode mode = flags::Mode::kControlOnly;
  int64_t flag_version = 0;
  bool shadow_wanted = false;              // the mode and the route asked for a second call
  bool comparison_wanted = false;          // ... and for a comparison of both answers
  Account account = Account::kNotSampled;  // kCompared: the comparison decides in the end
  std::string_view reason;                 // static storage; why, where the account needs one

  uint64_t id_high = 0;
  uint64_t id_low = 0;
  uint64_t key_hash = 0;         // the first 64 bits of the bucket key's SHA-1; 0 without a key
  std::string_view key_missing;  // static storage; why there is no key, where one is configured
  int64_t unix_ns = 0;
  std::string method;
  std::string target;
  std::string client_address;
  uint64_t request_body_bytes = 0;
  http::TraceContext trace;
  http::SpanId span_id{};
  int worker = 0;

  /// Whose answer the client got: kNone when it was ours (502, 504) or it left before.
  base::Side served_by = base::Side::kNone;
  int served_status = 0;
  uint64_t served_body_bytes = 0;
  int64_t duration_ns = 0;
  bool client_aborted = false;
  bool served_complete = false;

  SideResult control;
  SideResult candidate;

  /// Back to the state after construction, keeping memory up to a bound.
  void clear();
};

/// Takes finished exchanges off the data threads.
class ExchangeSink {
 public:
  virtual ~ExchangeSink() = default;
  /// Never waits. False when it cannot be taken; the caller then counts it as dropped.
  /// Threads: all workers at once.
  virtual bool emit(std::unique_ptr<Exchange>& exchange) = 0;
};

}  // namespace understudy::proxy
