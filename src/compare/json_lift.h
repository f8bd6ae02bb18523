#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "compare/document.h"

namespace understudy::compare {

/// Why a body was not lifted. kMalformed: it is not what it claims to be, compare it as bytes;
/// kTooLarge: it reached a bound, do not compare it.
enum class LiftFailure : uint8_t { kNone, kMalformed, kTooLarge };

struct LiftResult {
  LiftFailure failure = LiftFailure::kNone;
  std::string reason;  // one clause for a person: "expected ',' or ']' at byte 17"

  bool ok() const { return failure == LiftFailure::kNone; }
};

struct JsonLimits {
  uint32_t depth_max = 128;
  uint32_t nodes_max = 4'000'000;
};

/// Reads JSON into nodes without decoding it: simdjson finds the structure and checks UTF-8, this
/// class checks the grammar (RFC 8259) and keeps numbers and strings as written. NaN, Infinity and
/// -Infinity are taken as values because common encoders write them.
/// Failure: a LiftResult; never throws but for memory. Threads: one at a time.
/// Cost: linear, about a nanosecond per byte or less; 4.5 bytes of index per byte of text, kept.
class JsonLift {
 public:
  JsonLift();
  ~JsonLift();
  JsonLift(JsonLift&&) noexcept;
  JsonLift& operator=(JsonLift&&) noexcept;

  /// One value. `text` must outlive `out`.
  LiftResult lift(std::string_view text, const JsonLimits& limits, Document& out);
  /// One value per line, as one array.
  LiftResult lift_lines(std::string_view text, const JsonLimits& limits, Document& out);

  size_t memory_bytes() const;
  void release();

 private:
  class Index;
  LiftResult read(std::string_view text, const JsonLimits& limits, bool lines, Document& out);

  std::unique_ptr<Index> index_;
};

/// kInteger or kFloat when `token` is a JSON number; kNan for the three words; else kNull.
NodeKind classify_number(std::string_view token);

}  // namespace understudy::compare
