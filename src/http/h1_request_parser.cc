#include "http/h1_request_parser.h"

#include <algorithm>
#include <cstring>

#include "http/h1_bytes.h"
#include "http/url.h"

namespace understudy::http {
namespace {

constexpr std::size_t kVersionBytes = 8;  // "HTTP/1.1"
constexpr std::string_view kVersionStart = "HTTP/";

}  // namespace

H1RequestHeadParser::H1RequestHeadParser(const Limits& limits) : limits_(limits) {}

void H1RequestHeadParser::reset() noexcept {
  head_.clear();
  framing_.clear();
  phase_ = Phase::kLeading;
  has_host_ = has_expect_ = false;
  leading_crlf_ = position_ = 0;
  base_ = nullptr;
}

ParseResult H1RequestHeadParser::need_more(std::string_view buffer, std::size_t position,
                                           Phase phase) noexcept {
  phase_ = phase;
  position_ = position;
  if (buffer.size() < limits_.head_bytes_max) return {ParseState::kNeedMore, 0, {}};
  if (phase == Phase::kTarget) return refuse(414, "request target too long");
  return refuse(431, "request head too large");
}

ParseResult H1RequestHeadParser::refuse(int status, const char* reason) noexcept {
  phase_ = Phase::kFinished;
  return {ParseState::kError, 0, {status, reason}};
}

ParseResult H1RequestHeadParser::parse(std::string_view buffer) {
  // What lies behind the head's limit is not looked at, so that a refusal by limit does not
  // depend on how much arrived at once.
  const std::size_t end = std::min(buffer.size(), limits_.head_bytes_max);
  const char* const begin = buffer.data();
  const char* const last = begin + end;
  const char* at = begin + position_;
  const auto offset = [begin](const char* pointer) {
    return static_cast<std::size_t>(pointer - begin);
  };

  switch (phase_) {
    case Phase::kFinished:
      return refuse(400, "parser used after its end");
    case Phase::kFields:
      return parse_fields(buffer, end);

    case Phase::kLeading:
    case Phase::kLeadingLf:
      while (phase_ == Phase::kLeadingLf || (at != last && *at == '\r')) {
        if (phase_ == Phase::kLeading) {
          if (leading_crlf_ == limits_.leading_crlf_max) {
            return refuse(400, "empty line before the request line");
          }
          ++leading_crlf_;
          ++at;
        }
        if (at == last) return need_more(buffer, end, Phase::kLeadingLf);
        if (*at != '\n') return refuse(400, "carriage return without line feed");
        ++at;
        phase_ = Phase::kLeading;
      }
      if (at == last) return need_more(buffer, end, Phase::kLeading);
      line_begin_ = offset(at);
      [[fallthrough]];

    case Phase::kMethod: {
      const char* const limit = begin + std::min(end, line_begin_ + limits_.method_bytes_max + 1);
      at = bytes::skip_token(at, limit);
      if (offset(at) > line_begin_ + limits_.method_bytes_max) {
        return refuse(501, "unknown method");
      }
      if (at == last) return need_more(buffer, end, Phase::kMethod);
      if (*at != ' ' || offset(at) == line_begin_) {
        return refuse(400, "invalid byte in the method");
      }
      method_end_ = offset(at);
      head_.method_id = method_id({begin + line_begin_, method_end_ - line_begin_});
      if (head_.method_id == MethodId::kConnect) return refuse(501, "CONNECT is not supported");
      ++at;
      [[fallthrough]];
    }

    case Phase::kTarget: {
      const std::size_t line_max = line_begin_ + limits_.request_line_bytes_max;
      const char* const limit = begin + std::min(end, line_max);
      if (at < limit && offset(at) == method_end_ + 1) {
        const Refusal refusal = check_target_start(*at);
        if (refusal.status != 0) return refuse(refusal.status, refusal.reason);
      }
      if (at < limit) at = bytes::skip_target(at, limit);
      if (offset(at) >= line_max) return refuse(414, "request target too long");
      if (at == last) return need_more(buffer, end, Phase::kTarget);
      if (*at != ' ') return refuse(400, "invalid byte in the request target");
      target_end_ = offset(at);
      ++at;
      [[fallthrough]];
    }

    case Phase::kVersion: {
      const std::size_t available = std::min(static_cast<std::size_t>(last - at), kVersionBytes);
      if (available < kVersionBytes) {
        const std::size_t prefix = std::min(available, kVersionStart.size());
        if (prefix > 0 && std::memcmp(at, kVersionStart.data(), prefix) != 0) {
          return refuse(400, "malformed HTTP version");
        }
        return need_more(buffer, offset(at), Phase::kVersion);
      }
      const Refusal refusal = take_version(at);
      if (refusal.status != 0) return refuse(refusal.status, refusal.reason);
      at += kVersionBytes;
      [[fallthrough]];
    }

    case Phase::kLineCr:
      if (at == last) return need_more(buffer, end, Phase::kLineCr);
      if (*at != '\r') {
        return refuse(400,
                      *at == '\n' ? "line feed without carriage return" : "malformed HTTP version");
      }
      ++at;
      [[fallthrough]];

    case Phase::kLineLf:
      if (at == last) return need_more(buffer, end, Phase::kLineLf);
      if (*at != '\n') return refuse(400, "carriage return without line feed");
      section_.start(offset(at + 1), limits_.field_count_max);
      base_ = begin;
      break;
  }
  return parse_fields(buffer, end);
}

Refusal H1RequestHeadParser::check_target_start(char byte) const noexcept {
  if (byte == '/') return {};
  if (byte == '*') {
    if (head_.method_id == MethodId::kOptions) return {};
    return {400, "the target * is for OPTIONS"};
  }
  const char lower = bytes::to_lower(byte);
  if (lower == 'h') return {};  // http:// or https://
  return {400, "request target is neither a path nor an http URL"};
}

Refusal H1RequestHeadParser::take_version(const char* at) noexcept {
  const std::string_view version(at, kVersionBytes);
  if (version == "HTTP/1.1") [[likely]] {
    head_.version = Version::kHttp11;
    return {};
  }
  if (version == "HTTP/1.0") {
    head_.version = Version::kHttp10;
    return {};
  }
  if (!version.starts_with(kVersionStart) || !bytes::is(version[5], bytes::kDigit) ||
      version[6] != '.' || !bytes::is(version[7], bytes::kDigit)) {
    return {400, "malformed HTTP version"};
  }
  return {505, "HTTP version not supported"};
}

ParseResult H1RequestHeadParser::parse_fields(std::string_view buffer, std::size_t end) {
  if (buffer.data() != base_) {
    head_.fields.rebase(base_, buffer.data());
    base_ = buffer.data();
  }
  Field field;
  for (;;) {
    switch (section_.next(base_, end, field)) {
      case H1FieldSection::Step::kField: {
        const Refusal refusal = take_field(field);
        if (refusal.status != 0) return refuse(refusal.status, refusal.reason);
        head_.fields.add(field);
        break;
      }
      case H1FieldSection::Step::kNeedMore:
        return need_more(buffer, end, Phase::kFields);
      case H1FieldSection::Step::kError:
        return refuse(section_.refusal().status, section_.refusal().reason);
      case H1FieldSection::Step::kEnd:
        return complete(buffer);
    }
  }
}

Refusal H1RequestHeadParser::take_field(const Field& field) noexcept {
  switch (field.known) {
    case KnownField::kHost:
      if (has_host_) return {400, "repeated Host"};
      if (!valid_authority(field.value)) return {400, "invalid Host"};
      has_host_ = true;
      host_index_ = head_.fields.size();
      return {};
    case KnownField::kExpect:
      if (has_expect_ || !bytes::equals_ignore_case(field.value, "100-continue")) {
        return {417, "unknown expectation"};
      }
      has_expect_ = true;
      return {};
    case KnownField::kContentLength:
    case KnownField::kTransferEncoding:
    case KnownField::kConnection:
    case KnownField::kUpgrade: {
      const Refusal refusal = framing_.take(field, head_.version);
      if (refusal.status == 0 && framing_.has_length() &&
          framing_.length() > limits_.body_bytes_max) {
        return {413, "request body too large"};
      }
      return refusal;
    }
    case KnownField::kOther:
      if (passes_for_reserved_field(field.name)) [[unlikely]]
        return {400, "field name with _ that some services read as a field of the proxy's"};
      return {};
    default:
      return {};
  }
}

ParseResult H1RequestHeadParser::complete(std::string_view buffer) {
  if (!has_host_ && head_.version == Version::kHttp11) return refuse(400, "missing Host");

  head_.method = buffer.substr(line_begin_, method_end_ - line_begin_);
  if (has_host_) head_.authority = head_.fields[host_index_].value;
  const std::string_view target = buffer.substr(method_end_ + 1, target_end_ - method_end_ - 1);
  if (target.front() == '/') [[likely]] {
    head_.target = target;
  } else {
    const Refusal refusal = split_target(target);
    if (refusal.status != 0) return refuse(refusal.status, refusal.reason);
  }

  if (framing_.has_chunked()) {
    head_.framing = Framing::kChunked;
  } else if (framing_.has_length()) {
    head_.framing = Framing::kLength;
    head_.content_length = framing_.length();
  }
  head_.keep_alive = framing_.keep_alive(head_.version);
  head_.upgrade_requested = head_.version == Version::kHttp11 && framing_.upgrade();
  // RFC 9110 10.1.1: an HTTP/1.0 client's expectation is ignored, and one without a body is void.
  head_.expect_continue = has_expect_ && head_.version == Version::kHttp11 && head_.has_body();

  phase_ = Phase::kFinished;
  return {ParseState::kComplete, section_.position(), {}};
}

Refusal H1RequestHeadParser::split_target(std::string_view target) {
  if (target.front() == '*') {
    if (target.size() > 1) return {400, "malformed request target"};
    head_.target = target;
    return {};
  }
  const std::size_t colon = target.find(':');
  const std::string_view scheme = target.substr(0, colon);
  if (colon == target.npos || !target.substr(colon).starts_with("://") ||
      !(bytes::equals_ignore_case(scheme, "http") || bytes::equals_ignore_case(scheme, "https"))) {
    return {400, "request target is neither a path nor an http URL"};
  }
  const std::string_view rest = target.substr(colon + 3);
  const std::size_t authority_end = std::min(rest.find_first_of("/?#"), rest.size());
  const std::string_view authority = rest.substr(0, authority_end);
  if (!valid_authority(authority)) return {400, "invalid authority in the request target"};
  head_.scheme = scheme;
  head_.authority = authority;
  head_.target = rest.substr(authority_end);
  if (head_.target.empty()) {
    // RFC 9112 3.2.4: OPTIONS without a path is about the server as a whole.
    head_.target = head_.method_id == MethodId::kOptions ? "*" : "/";
  } else if (head_.target.front() != '/') {
    rewritten_target_.assign("/").append(head_.target);
    head_.target = rewritten_target_;
  }
  return {};
}

}  // namespace understudy::http
