#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "http/h1_field_section.h"
#include "http/h1_framing.h"
#include "http/limits.h"
#include "http/message.h"

namespace understudy::http {

/// Parses the head of an HTTP/1 request, strictly (RFC 9110, RFC 9112): what two parsers could
/// read differently is refused with a status and never forwarded. A target is kept byte for byte;
/// it may hold any byte but controls and space, raw UTF-8 and `#` included, because both services
/// have to see what the client sent.
/// Use: call parse() with all bytes buffered since the start of the message, again with more when
/// it says kNeedMore; the buffer may have moved in between, its earlier bytes must be the same.
/// After kComplete head() is valid until the buffer or the parser changes; reset() starts the next
/// (pipelined) message at the `consumed` offset. After kError only reset() is allowed.
/// Failure: the refusal has the status to answer: 400, 413, 414, 417, 431, 501 or 505; the
/// connection must be closed after it. The outcome never depends on how the bytes were split, and
/// a refusal comes with the first byte that calls for it (for rules about a whole field, with its
/// line end).
/// Cost: one pass, each byte looked at once however it is fed; no allocation up to
/// Fields::kInlineFields fields.
class H1RequestHeadParser {
 public:
  explicit H1RequestHeadParser(const Limits& limits = {});

  ParseResult parse(std::string_view buffer);
  const RequestHead& head() const noexcept { return head_; }
  RequestHead& head() noexcept { return head_; }
  /// True once a byte of the request line was seen: tells an idle connection from a slow head.
  bool started() const noexcept { return phase_ > Phase::kLeadingLf; }
  void reset() noexcept;

 private:
  enum class Phase : std::uint8_t {
    kLeading,
    kLeadingLf,
    kMethod,
    kTarget,
    kVersion,
    kLineCr,
    kLineLf,
    kFields,
    kFinished,
  };

  ParseResult need_more(std::string_view buffer, std::size_t position, Phase phase) noexcept;
  ParseResult refuse(int status, const char* reason) noexcept;
  ParseResult parse_fields(std::string_view buffer, std::size_t end);
  ParseResult complete(std::string_view buffer);
  Refusal check_target_start(char byte) const noexcept;
  Refusal take_version(const char* at) noexcept;
  Refusal take_field(const Field& field) noexcept;
  Refusal split_target(std::string_view target);

  Limits limits_;
  RequestHead head_;
  H1FieldSection section_;
  H1FramingFields framing_;
  Phase phase_ = Phase::kLeading;
  bool has_host_ = false;
  bool has_expect_ = false;
  std::size_t leading_crlf_ = 0;
  std::size_t position_ = 0;
  std::size_t line_begin_ = 0;
  std::size_t method_end_ = 0;
  std::size_t target_end_ = 0;
  std::size_t host_index_ = 0;
  const char* base_ = nullptr;  // where the buffer stood when the fields' views were made
  std::string rewritten_target_;
};

}  // namespace understudy::http
