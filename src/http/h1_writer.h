#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "http/fields.h"
#include "http/message.h"

namespace understudy::http {

/// Writers of HTTP/1.1 messages. Each appends to `out` with one growth at most.
/// They write what they are given: fields come from a parser (which let nothing through that could
/// split a message) or from code; framing fields come from the head's framing, not from its
/// fields, so that a body and its description cannot disagree:
/// kLength writes Content-Length, kChunked writes Transfer-Encoding: chunked, and Content-Length
/// and Transfer-Encoding fields in the list are skipped.

/// Request line (always HTTP/1.1, origin-form), Host from head.authority first, fields but Host,
/// framing; `Connection: close` when !head.keep_alive, `Connection: upgrade` when
/// head.upgrade_requested, and TE named in it when there is a TE field. Connection fields in the
/// list are skipped.
void append_request_head(std::string& out, const RequestHead& head);
/// The same into memory of at least request_head_bytes_max(head) bytes; returns the end.
std::size_t request_head_bytes_max(const RequestHead& head) noexcept;
char* write_request_head(char* out, const RequestHead& head) noexcept;

/// Status line (always HTTP/1.1), fields, framing, `Connection` as above (keep-alive is written
/// for an HTTP/1.0 client: `client`; not in an interim answer). With kNone a Content-Length field
/// is kept as it stands (HEAD, 304) but in a 1xx or 204; kUntilClose writes no length, and an
/// HTTP/1.0 client must be given it instead of kChunked.
void append_response_head(std::string& out, const ResponseHead& head,
                          Version client = Version::kHttp11);
/// The same into memory of at least response_head_bytes_max(head) bytes; returns the end.
std::size_t response_head_bytes_max(const ResponseHead& head) noexcept;
char* write_response_head(char* out, const ResponseHead& head,
                          Version client = Version::kHttp11) noexcept;

/// `HTTP/1.1 100 Continue` and its empty line.
inline constexpr std::string_view kContinueResponse = "HTTP/1.1 100 Continue\r\n\r\n";

/// Size line of a chunk, `1a\r\n`; the data and kChunkEnd follow. `bytes` must not be 0, which
/// would end the body.
void append_chunk_header(std::string& out, std::uint64_t bytes);
/// The same into memory of at least kChunkHeaderBytesMax bytes; returns how many it wrote.
inline constexpr std::size_t kChunkHeaderBytesMax = 32;
std::size_t write_chunk_header(char* out, std::uint64_t bytes) noexcept;
inline constexpr std::string_view kChunkEnd = "\r\n";

/// Last chunk, trailers and the end of the message.
void append_last_chunk(std::string& out, const Fields& trailers);
inline constexpr std::string_view kLastChunk = "0\r\n\r\n";

/// A whole small response of our own with a JSON body: an error, 404, 502. Adds content-type,
/// content-length, date when `date` is not empty, and `connection: close` when !keep_alive.
struct SimpleResponse {
  int status = 500;
  std::string_view body;  // JSON text
  std::string_view date;  // IMF-fixdate
  bool keep_alive = false;
  bool head_request = false;  // the answer to HEAD: length but no body
};
void append_simple_response(std::string& out, const SimpleResponse& response);

/// Standard reason phrase, "Unknown" for a status without one.
std::string_view reason_phrase(int status) noexcept;

}  // namespace understudy::http
