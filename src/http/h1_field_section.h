#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "http/fields.h"
#include "http/limits.h"

namespace understudy::http {

/// What an incremental parser says after each call.
enum class ParseState : std::uint8_t {
  kNeedMore,  // all bytes so far are fine; call again with more
  kComplete,  // done; `consumed` says where the rest begins
  kError,     // refused for good
};

struct ParseResult {
  ParseState state = ParseState::kNeedMore;
  std::size_t consumed = 0;  // with kComplete: bytes of the head
  Refusal refusal;           // with kError
};

/// Reads field lines up to and with the empty line that ends them: the part that request heads,
/// response heads and trailers have in common. Remembers offsets, never pointers, so the buffer
/// may move between calls; looks at each byte once.
/// Refused: white space before the colon or at the start of a line (folding), a name that is no
/// token, a line without a colon, control bytes, CR or LF alone, more than `count_max` lines.
class H1FieldSection {
 public:
  enum class Step : std::uint8_t { kField, kEnd, kNeedMore, kError };

  /// The first line begins at this offset of the buffer.
  void start(std::size_t offset, std::size_t count_max) noexcept {
    position_ = offset;
    count_left_ = count_max;
    phase_ = Phase::kLineStart;
  }

  /// Goes on to the next whole line in buffer[0, end). kField: `field` has it, with views into
  /// this buffer.
  Step next(const char* buffer, std::size_t end, Field& field) noexcept;

  /// After kEnd: offset of the first byte after the empty line.
  std::size_t position() const noexcept { return position_; }
  const Refusal& refusal() const noexcept { return refusal_; }

 private:
  enum class Phase : std::uint8_t { kLineStart, kName, kValueStart, kValue, kValueLf, kEndLf };

  Step refuse(int status, const char* reason) noexcept {
    refusal_ = {status, reason};
    return Step::kError;
  }
  Step refuse_name_byte(char byte) noexcept;
  Step end_of_section(const char* buffer, const char* at, const char* last) noexcept;

  std::size_t position_ = 0;
  std::size_t name_begin_ = 0;
  std::size_t name_end_ = 0;
  std::size_t value_begin_ = 0;
  std::size_t value_end_ = 0;
  std::size_t count_left_ = 0;
  Phase phase_ = Phase::kLineStart;
  Refusal refusal_;
};

}  // namespace understudy::http
