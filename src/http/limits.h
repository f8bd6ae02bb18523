#pragma once

#include <cstddef>
#include <cstdint>

namespace understudy::http {

/// Every bound of the HTTP codecs, in one place. What goes past a bound is refused, never cut:
/// the comment of each field names the status a client gets; on the response side any of them
/// is a malformed answer (502). Memory a codec can be made to hold is bounded by these numbers.
struct Limits {
  /// Request line or status line without its line end. Past it: 414 in the target, else 400/501.
  std::size_t request_line_bytes_max = 16 * 1024;
  /// Method token. Past it: 501 (RFC 9112 3).
  std::size_t method_bytes_max = 32;
  /// Whole head: start line, fields and the empty line. Past it: 431.
  std::size_t head_bytes_max = 64 * 1024;
  /// Field lines of one head. Past it: 431.
  std::size_t field_count_max = 128;
  /// Empty lines before a request line, which old clients send after a POST. Past it: 400.
  std::size_t leading_crlf_max = 1;
  /// Chunk extensions of one whole body, which cost work and carry nothing. Past it: 400.
  std::size_t chunk_extension_bytes_max = 4 * 1024;
  /// One chunk. Nobody sends such a chunk; a size that another reader might count in signed
  /// numbers, or add to its own position, would end somewhere else there. Past it: 400.
  std::uint64_t chunk_bytes_max = std::uint64_t{1} << 40;
  /// Trailer section of one chunked body. Past it: 431; 400 where the head was passed on before.
  std::size_t trailer_bytes_max = 16 * 1024;
  /// Trailer field lines. Past it likewise.
  std::size_t trailer_count_max = 64;
  /// Body after removing the chunked coding. Past it: 413.
  std::uint64_t body_bytes_max = UINT64_MAX;

  /// Bounds for the answers of a service that did well without us: wider than what services send,
  /// and there only against one that never ends. What clients may send has no part in them.
  static constexpr Limits of_answers() {
    Limits limits;
    limits.head_bytes_max = 256 * 1024;
    limits.field_count_max = 1024;
    limits.trailer_bytes_max = 64 * 1024;
    limits.trailer_count_max = 256;
    return limits;
  }
};

/// Options in the Connection fields of one head: each costs a search in the other fields. No real
/// client sends more than three. Past it: 400.
inline constexpr std::size_t kConnectionOptionsMax = 16;

/// Why a message was refused: the status a client is told and a short fixed sentence.
/// `reason` always points to static storage.
struct Refusal {
  int status = 0;
  const char* reason = "";
};

}  // namespace understudy::http
