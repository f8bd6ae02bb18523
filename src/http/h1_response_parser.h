#pragma once

#include <string_view>

#include "http/h1_field_section.h"
#include "http/limits.h"
#include "http/message.h"

namespace understudy::http {

/// Parses the head of an HTTP/1 response, as strictly as requests: a peer whose framing is in
/// doubt is answered for with 502 and its connection is not used again.
/// Use and cost as H1RequestHeadParser. reset() takes the method of the request answered next,
/// as HEAD and CONNECT decide whether a body follows. After an interim head
/// (head().interim) call reset() with the same method and parse on.
/// Failure: refusal.status is always 502; the reason tells what was wrong.
class H1ResponseHeadParser {
 public:
  explicit H1ResponseHeadParser(const Limits& limits = {}, MethodId request = MethodId::kGet);

  ParseResult parse(std::string_view buffer);
  const ResponseHead& head() const noexcept { return head_; }
  ResponseHead& head() noexcept { return head_; }
  bool started() const noexcept { return started_; }
  void reset(MethodId request) noexcept;

 private:
  Limits limits_;
  MethodId request_;
  ResponseHead head_;
  bool started_ = false;
};

}  // namespace understudy::http
