#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "http/h1_field_section.h"
#include "http/h1_framing.h"
#include "http/limits.h"
#include "http/message.h"

namespace understudy::http {

/// Parses the head of an HTTP/1 response, as strictly as requests: a peer whose framing is in
/// doubt is answered for with 502 and its connection is not used again.
/// Use, splitting and cost as for H1RequestHeadParser. reset() takes the method of the request
/// answered next, as HEAD and CONNECT decide whether a body follows. After an interim head
/// (head().interim) call reset() with the same method and parse on; how many interim heads are
/// allowed is the caller's limit.
/// A 1xx, 204, 304 or answer to HEAD has no body whatever its fields say; keep_alive is false when
/// a 1xx or 204 announces one all the same, as its bytes could be taken for the next answer.
/// Failure: refusal.status is always 502; the reason tells what was wrong.
class H1ResponseHeadParser {
 public:
  explicit H1ResponseHeadParser(const Limits& limits = {}, MethodId request = MethodId::kGet);

  ParseResult parse(std::string_view buffer);
  const ResponseHead& head() const noexcept { return head_; }
  ResponseHead& head() noexcept { return head_; }
  /// True once a byte of the answer was seen: before that a safe request may be sent again.
  bool started() const noexcept { return started_; }
  void reset(MethodId request) noexcept;

 private:
  enum class Phase : std::uint8_t {
    kStatusLine,  // fixed part, "HTTP/1.1 200"
    kAfterStatus,
    kReason,
    kLineLf,
    kFields,
    kFinished,
  };

  ParseResult need_more(std::string_view buffer, std::size_t position, Phase phase) noexcept;
  ParseResult refuse(const char* reason) noexcept;
  ParseResult parse_fields(std::string_view buffer, std::size_t end);
  ParseResult complete(std::string_view buffer);
  const char* check_status_line(std::string_view start) const noexcept;

  Limits limits_;
  MethodId request_;
  ResponseHead head_;
  H1FieldSection section_;
  H1FramingFields framing_;
  Phase phase_ = Phase::kStatusLine;
  bool started_ = false;
  std::size_t position_ = 0;
  std::size_t reason_begin_ = 0;
  std::size_t reason_end_ = 0;
  const char* base_ = nullptr;  // where the buffer stood when the fields' views were made
};

}  // namespace understudy::http
