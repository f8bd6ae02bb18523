#pragma once

#include <string>
#include <string_view>

#include "http/h1_field_section.h"
#include "http/limits.h"
#include "http/message.h"

namespace understudy::http {

/// Parses the head of an HTTP/1 request, strictly (RFC 9110, RFC 9112): what two parsers could
/// read differently is refused with a status and never forwarded.
/// Use: call parse() with all bytes buffered since the start of the message, again with more when
/// it says kNeedMore; the buffer may have moved in between, its earlier bytes must be the same.
/// After kComplete head() is valid until the buffer or the parser changes; reset() starts the next
/// (pipelined) message at the `consumed` offset. After kError only reset() is allowed.
/// Failure: the refusal has the status to answer: 400, 413, 414, 417, 431, 501 or 505; the
/// connection must be closed after it. The outcome never depends on how the bytes were split, and
/// a refusal comes with the first byte that calls for it.
/// Cost: one pass, each byte looked at once however it is fed; no allocation up to
/// Fields::kInlineFields fields.
class H1RequestHeadParser {
 public:
  explicit H1RequestHeadParser(const Limits& limits = {});

  ParseResult parse(std::string_view buffer);
  const RequestHead& head() const noexcept { return head_; }
  RequestHead& head() noexcept { return head_; }
  /// True once a byte of the request line was seen: tells an idle connection from a slow head.
  bool started() const noexcept { return started_; }
  void reset() noexcept;

 private:
  Limits limits_;
  RequestHead head_;
  bool started_ = false;
};

}  // namespace understudy::http
