#include "http/h1_response_parser.h"

#include <algorithm>

#include "http/h1_bytes.h"

namespace understudy::http {
namespace {

constexpr std::size_t kStatusEnd = 12;  // "HTTP/1.1 200"

}  // namespace

H1ResponseHeadParser::H1ResponseHeadParser(const Limits& limits, MethodId request)
    : limits_(limits), request_(request) {}

void H1ResponseHeadParser::reset(MethodId request) noexcept {
  request_ = request;
  head_.clear();
  framing_.clear();
  phase_ = Phase::kStatusLine;
  started_ = false;
  position_ = reason_begin_ = reason_end_ = 0;
  base_ = nullptr;
}

ParseResult H1ResponseHeadParser::need_more(std::string_view buffer, std::size_t position,
                                            Phase phase) noexcept {
  phase_ = phase;
  position_ = position;
  if (buffer.size() < limits_.head_bytes_max) return {ParseState::kNeedMore, 0, {}};
  return refuse("response head too large");
}

ParseResult H1ResponseHeadParser::refuse(const char* reason) noexcept {
  phase_ = Phase::kFinished;
  return {ParseState::kError, 0, {502, reason}};
}

/// Null when these first bytes of a response can become a status line.
const char* H1ResponseHeadParser::check_status_line(std::string_view start) const noexcept {
  constexpr std::string_view kShape = "HTTP/1.v 1dd";
  for (std::size_t i = 0; i < start.size(); ++i) {
    const char byte = start[i];
    switch (kShape[i]) {
      case 'v':
        if (byte != '0' && byte != '1') return "HTTP version not supported";
        break;
      case 'd':
        if (!bytes::is(byte, bytes::kDigit)) return "malformed status code";
        break;
      case '1':
        if (i == 5) {
          if (byte != '1') return "HTTP version not supported";
        } else if (byte < '1' || byte > '9') {
          return "malformed status code";
        }
        break;
      default:
        if (byte != kShape[i]) return "malformed status line";
        break;
    }
  }
  return nullptr;
}

ParseResult H1ResponseHeadParser::parse(std::string_view buffer) {
  const std::size_t end = std::min(buffer.size(), limits_.head_bytes_max);
  const char* const begin = buffer.data();
  const char* const last = begin + end;
  const char* at = begin + position_;
  const auto offset = [begin](const char* pointer) {
    return static_cast<std::size_t>(pointer - begin);
  };
  started_ |= !buffer.empty();

  switch (phase_) {
    case Phase::kFinished:
      return refuse("parser used after its end");
    case Phase::kFields:
      return parse_fields(buffer, end);

    case Phase::kStatusLine: {
      const char* wrong = check_status_line(buffer.substr(0, std::min(end, kStatusEnd)));
      if (wrong != nullptr) return refuse(wrong);
      if (end < kStatusEnd) return need_more(buffer, 0, Phase::kStatusLine);
      head_.version = begin[7] == '1' ? Version::kHttp11 : Version::kHttp10;
      head_.status = (begin[9] - '0') * 100 + (begin[10] - '0') * 10 + (begin[11] - '0');
      at = begin + kStatusEnd;
      [[fallthrough]];
    }

    case Phase::kAfterStatus:
      if (at == last) return need_more(buffer, end, Phase::kAfterStatus);
      if (*at == ' ') {
        ++at;
      } else if (*at != '\r') {
        return refuse(*at == '\n' ? "line feed without carriage return" : "malformed status code");
      }
      reason_begin_ = offset(at);
      [[fallthrough]];

    case Phase::kReason: {
      const std::size_t line_max = limits_.request_line_bytes_max;
      const char* const limit = begin + std::min(end, line_max);
      if (at < limit) at = bytes::skip_value(at, limit);
      if (offset(at) >= line_max) return refuse("status line too long");
      if (at == last) return need_more(buffer, end, Phase::kReason);
      if (*at != '\r') {
        return refuse(*at == '\n' ? "line feed without carriage return"
                                  : "control byte in the reason phrase");
      }
      reason_end_ = offset(at);
      ++at;
      [[fallthrough]];
    }

    case Phase::kLineLf:
      if (at == last) return need_more(buffer, end, Phase::kLineLf);
      if (*at != '\n') return refuse("carriage return without line feed");
      section_.start(offset(at + 1), limits_.field_count_max);
      base_ = begin;
      break;
  }
  return parse_fields(buffer, end);
}

ParseResult H1ResponseHeadParser::parse_fields(std::string_view buffer, std::size_t end) {
  if (buffer.data() != base_) {
    head_.fields.rebase(base_, buffer.data());
    base_ = buffer.data();
  }
  Field field;
  for (;;) {
    switch (section_.next(base_, end, field)) {
      case H1FieldSection::Step::kField: {
        const Refusal refusal = framing_.take(field, head_.version);
        if (refusal.status != 0) return refuse(refusal.reason);
        head_.fields.add(field);
        break;
      }
      case H1FieldSection::Step::kNeedMore:
        return need_more(buffer, end, Phase::kFields);
      case H1FieldSection::Step::kError:
        return refuse(section_.refusal().reason);
      case H1FieldSection::Step::kEnd:
        return complete(buffer);
    }
  }
}

ParseResult H1ResponseHeadParser::complete(std::string_view buffer) {
  head_.reason = buffer.substr(reason_begin_, reason_end_ - reason_begin_);
  head_.keep_alive = framing_.keep_alive(head_.version);
  head_.interim = head_.status < 200 && head_.status != 101;

  const bool announces_body =
      framing_.has_chunked() || (framing_.has_length() && framing_.length() > 0);
  const bool tunnel = request_ == MethodId::kConnect && head_.status >= 200 && head_.status < 300;
  if (head_.status < 200 || head_.status == 204 || tunnel) {
    if (announces_body || head_.status == 101 || tunnel) head_.keep_alive = false;
  } else if (head_.status == 304 || request_ == MethodId::kHead) {
    // Its length and coding are those of the answer a GET would have got.
  } else if (framing_.has_chunked()) {
    head_.framing = Framing::kChunked;
  } else if (framing_.has_length()) {
    head_.framing = Framing::kLength;
    head_.content_length = framing_.length();
  } else {
    head_.framing = Framing::kUntilClose;
    head_.keep_alive = false;
  }

  phase_ = Phase::kFinished;
  return {ParseState::kComplete, section_.position(), {}};
}

}  // namespace understudy::http
