#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "http/fields.h"
#include "http/h1_field_section.h"
#include "http/limits.h"
#include "http/message.h"

namespace understudy::http {

enum class BodyState : std::uint8_t {
  kMore,   // the body goes on
  kDone,   // complete; what was not consumed belongs to the next message
  kError,  // malformed, too large or cut off; the connection cannot be used again
};

struct BodyStep {
  std::size_t consumed = 0;  // bytes of the input that are dealt with
  std::string_view data;     // content found in them, a view into the input; may be empty
  BodyState state = BodyState::kMore;
};

/// Takes the framing off an HTTP/1 body: length, chunked with extensions and trailers, or until
/// close. Copies no content.
/// Use: `while (!in.empty()) { step = decoder.decode(in); use(step.data); in.remove_prefix(
/// step.consumed); if (step.state != kMore) break; }`. A step gives at most one piece of content
/// and, while kMore on input that is not empty, consumes at least one byte. A body without bytes
/// is kDone at once: ask state() before reading.
/// Failure: refusal() with 400 (framing), 413 (body_bytes_max) or 431 (trailers). Any byte
/// boundary gives the same content and the same outcome.
/// Chunk extensions are checked, counted against their limit and dropped. Trailers that could
/// change framing, routing or authentication (RFC 9110 6.5.1) are dropped and counted.
class H1BodyDecoder {
 public:
  explicit H1BodyDecoder(const Limits& limits = {});

  /// Start of the body that follows this head.
  void start(Framing framing, std::uint64_t content_length);

  BodyStep decode(std::string_view in);
  /// The peer closed its side: completes a kUntilClose body, is an error (cut off) in any other
  /// unfinished body.
  BodyState on_eof();

  BodyState state() const noexcept { return state_; }
  const Refusal& refusal() const noexcept { return refusal_; }
  /// Trailer fields of a chunked body that is kDone; forbidden ones are not among them.
  const OwnedFields& trailers() const noexcept { return trailers_; }
  std::size_t trailers_dropped() const noexcept { return trailers_dropped_; }
  /// Content bytes given out so far.
  std::uint64_t content_bytes() const noexcept { return content_bytes_; }

 private:
  enum class Phase : std::uint8_t {
    kLength,
    kUntilClose,
    kSizeFirst,  // first hex digit of a chunk size
    kSize,
    kExtensionName,  // first byte of an extension's name
    kExtensionNameRest,
    kExtensionValue,  // first byte of an extension's value
    kExtensionToken,
    kExtensionQuoted,
    kExtensionEscape,
    kExtensionAfterQuoted,
    kSizeLf,
    kChunkData,
    kChunkCr,
    kChunkLf,
    kTrailerStart,
    kTrailerEndLf,
    kTrailers,
  };

  BodyStep fail(int status, const char* reason) noexcept;
  BodyStep take_content(std::string_view in, std::size_t at);
  BodyStep decode_chunked(std::string_view in);
  bool take_size_digit(char byte) noexcept;
  bool take_extension_byte(char byte) noexcept;
  bool end_of_size_line(char byte) noexcept;
  BodyStep take_trailers(std::string_view in, std::size_t at);

  Limits limits_;
  BodyState state_ = BodyState::kDone;
  Phase phase_ = Phase::kLength;
  Refusal refusal_;
  std::uint64_t left_ = 0;  // content bytes until the end of the body or chunk
  std::uint64_t content_bytes_ = 0;
  std::size_t size_digits_ = 0;
  std::size_t extension_bytes_ = 0;
  std::size_t trailers_dropped_ = 0;
  OwnedFields trailers_;
  std::string trailer_text_;  // the trailer section so far, at most trailer_bytes_max
  H1FieldSection trailer_section_;
};

/// True when a field of this name may not stand in a trailer section: framing, routing, request
/// modifiers, authentication, content description and connection fields (RFC 9110 6.5.1).
bool forbidden_in_trailer(std::string_view name) noexcept;

}  // namespace understudy::http
