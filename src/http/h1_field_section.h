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

}  // namespace understudy::http
