#include "http/h1_body.h"

#include <algorithm>

#include "http/h1_bytes.h"

namespace understudy::http {
namespace {

constexpr std::size_t kSizeDigitsMax = 16;  // with leading zeros; never past 64 bits

/// Known fields that frame, route, authenticate or describe a message, or are about a connection.
constexpr KnownFieldSet kForbiddenInTrailer = {
    KnownField::kAuthorization,
    KnownField::kCacheControl,
    KnownField::kConnection,
    KnownField::kContentEncoding,
    KnownField::kContentLength,
    KnownField::kContentRange,
    KnownField::kContentType,
    KnownField::kCookie,
    KnownField::kExpect,
    KnownField::kForwarded,
    KnownField::kHost,
    KnownField::kHttp2Settings,
    KnownField::kIfModifiedSince,
    KnownField::kIfNoneMatch,
    KnownField::kKeepAlive,
    KnownField::kLocation,
    KnownField::kMaxForwards,
    KnownField::kProxyAuthenticate,
    KnownField::kProxyAuthorization,
    KnownField::kProxyConnection,
    KnownField::kRange,
    KnownField::kSetCookie,
    KnownField::kTe,
    KnownField::kTraceparent,
    KnownField::kTracestate,
    KnownField::kTrailer,
    KnownField::kTransferEncoding,
    KnownField::kUpgrade,
    KnownField::kVary,
    KnownField::kVia,
    KnownField::kWwwAuthenticate,
    KnownField::kXForwardedFor,
    KnownField::kXForwardedHost,
    KnownField::kXForwardedProto,
};

bool forbidden(KnownField known, std::string_view name) noexcept {
  if (known != KnownField::kOther) return kForbiddenInTrailer.contains(known);
  if (passes_for_reserved_field(name)) return true;
  // Request modifiers without a KnownField of their own (RFC 9110 6.5.1).
  for (std::string_view other : {"if-match", "if-unmodified-since", "if-range", "retry-after"}) {
    if (same_field_name(name, other)) return true;
  }
  return false;
}

bool quotable(char byte) noexcept { return bytes::is(byte, bytes::kValue); }

}  // namespace

bool forbidden_in_trailer(std::string_view name) noexcept {
  return forbidden(known_field(name), name);
}

H1BodyDecoder::H1BodyDecoder(const Limits& limits) : limits_(limits) {}

void H1BodyDecoder::start(Framing framing, std::uint64_t content_length) {
  state_ = BodyState::kMore;
  refusal_ = {};
  left_ = content_bytes_ = 0;
  size_digits_ = extension_bytes_ = trailers_dropped_ = 0;
  trailers_.clear();
  trailer_text_.clear();
  switch (framing) {
    case Framing::kNone:
      state_ = BodyState::kDone;
      break;
    case Framing::kLength:
      phase_ = Phase::kLength;
      left_ = content_length;
      if (left_ == 0) state_ = BodyState::kDone;
      if (left_ > limits_.body_bytes_max) fail(413, "body too large");
      break;
    case Framing::kChunked:
      phase_ = Phase::kSizeFirst;
      break;
    case Framing::kUntilClose:
      phase_ = Phase::kUntilClose;
      break;
  }
}

BodyStep H1BodyDecoder::fail(int status, const char* reason) noexcept {
  state_ = BodyState::kError;
  refusal_ = {status, reason};
  return {0, {}, state_};
}

BodyStep H1BodyDecoder::decode(std::string_view in) {
  if (state_ != BodyState::kMore || in.empty()) return {0, {}, state_};
  switch (phase_) {
    case Phase::kLength:
      return take_content(in, 0);
    case Phase::kUntilClose:
      if (in.size() > limits_.body_bytes_max - content_bytes_) {
        return fail(413, "body too large");
      }
      content_bytes_ += in.size();
      return {in.size(), in, state_};
    default:
      return decode_chunked(in);
  }
}

/// Content from `at` on, as far as the body or chunk and the input go.
BodyStep H1BodyDecoder::take_content(std::string_view in, std::size_t at) {
  const std::size_t bytes =
      static_cast<std::size_t>(std::min<std::uint64_t>(left_, in.size() - at));
  left_ -= bytes;
  content_bytes_ += bytes;
  if (left_ == 0) {
    if (phase_ == Phase::kLength) {
      state_ = BodyState::kDone;
    } else {
      phase_ = Phase::kChunkCr;
    }
  }
  return {at + bytes, in.substr(at, bytes), state_};
}

BodyStep H1BodyDecoder::decode_chunked(std::string_view in) {
  std::size_t at = 0;
  while (at < in.size()) {
    const char byte = in[at];
    switch (phase_) {
      case Phase::kSizeFirst:
      case Phase::kSize:
        if (!take_size_digit(byte) && !end_of_size_line(byte)) {
          return state_ == BodyState::kError ? BodyStep{0, {}, state_}
                                             : fail(400, "malformed chunk size");
        }
        ++at;
        break;

      case Phase::kExtensionName:
      case Phase::kExtensionNameRest:
      case Phase::kExtensionValue:
      case Phase::kExtensionToken:
      case Phase::kExtensionQuoted:
      case Phase::kExtensionEscape:
      case Phase::kExtensionAfterQuoted:
        if (!take_extension_byte(byte)) return fail(400, "malformed chunk extension");
        if (++extension_bytes_ > limits_.chunk_extension_bytes_max) {
          return fail(400, "chunk extensions too large");
        }
        ++at;
        break;

      case Phase::kSizeLf:
        if (byte != '\n') return fail(400, "carriage return without line feed");
        ++at;
        if (left_ > limits_.body_bytes_max - content_bytes_) return fail(413, "body too large");
        phase_ = left_ == 0 ? Phase::kTrailerStart : Phase::kChunkData;
        break;

      case Phase::kChunkData:
        return take_content(in, at);

      case Phase::kChunkCr:
        if (byte != '\r') return fail(400, "chunk longer than its size");
        phase_ = Phase::kChunkLf;
        ++at;
        break;

      case Phase::kChunkLf:
        if (byte != '\n') return fail(400, "carriage return without line feed");
        phase_ = Phase::kSizeFirst;
        ++at;
        break;

      case Phase::kTrailerStart:
        if (byte != '\r') {
          phase_ = Phase::kTrailers;
          trailer_section_.start(0, limits_.trailer_count_max);
          return take_trailers(in, at);
        }
        phase_ = Phase::kTrailerEndLf;
        ++at;
        break;

      case Phase::kTrailerEndLf:
        if (byte != '\n') return fail(400, "carriage return without line feed");
        state_ = BodyState::kDone;
        return {at + 1, {}, state_};

      case Phase::kTrailers:
        return take_trailers(in, at);

      case Phase::kLength:
      case Phase::kUntilClose:
        return fail(400, "malformed chunked body");
    }
  }
  return {at, {}, state_};
}

/// False when the byte is no digit, or (state kError) one too many.
bool H1BodyDecoder::take_size_digit(char byte) noexcept {
  const int digit = bytes::hex_value(byte);
  if (digit < 0) return false;
  if (phase_ == Phase::kSizeFirst) {
    left_ = 0;
    size_digits_ = 0;
    phase_ = Phase::kSize;
  }
  if (++size_digits_ > kSizeDigitsMax) {
    fail(400, "chunk size too large");
    return false;
  }
  left_ = left_ * 16 + static_cast<std::uint64_t>(digit);
  if (left_ > limits_.chunk_bytes_max) {
    fail(400, "chunk size too large");
    return false;
  }
  return true;
}

bool H1BodyDecoder::end_of_size_line(char byte) noexcept {
  if (state_ == BodyState::kError || phase_ == Phase::kSizeFirst) return false;
  if (byte == '\r') {
    phase_ = Phase::kSizeLf;
    return true;
  }
  if (byte == ';') {
    phase_ = Phase::kExtensionName;
    return true;
  }
  return false;
}

/// RFC 9112 7.1.1 without its optional ("bad") white space.
bool H1BodyDecoder::take_extension_byte(char byte) noexcept {
  switch (phase_) {
    case Phase::kExtensionName:
      phase_ = Phase::kExtensionNameRest;
      return bytes::is(byte, bytes::kToken);
    case Phase::kExtensionNameRest:
      if (byte == '=') {
        phase_ = Phase::kExtensionValue;
        return true;
      }
      return bytes::is(byte, bytes::kToken) || end_of_size_line(byte);
    case Phase::kExtensionValue:
      phase_ = byte == '"' ? Phase::kExtensionQuoted : Phase::kExtensionToken;
      return byte == '"' || bytes::is(byte, bytes::kToken);
    case Phase::kExtensionToken:
      return bytes::is(byte, bytes::kToken) || end_of_size_line(byte);
    case Phase::kExtensionQuoted:
      if (byte == '"') phase_ = Phase::kExtensionAfterQuoted;
      if (byte == '\\') phase_ = Phase::kExtensionEscape;
      return quotable(byte);
    case Phase::kExtensionEscape:
      phase_ = Phase::kExtensionQuoted;
      return quotable(byte);
    case Phase::kExtensionAfterQuoted:
      return end_of_size_line(byte);
    default:
      return false;
  }
}

/// The section is collected first, as its lines may come in pieces.
BodyStep H1BodyDecoder::take_trailers(std::string_view in, std::size_t at) {
  const std::size_t before = trailer_text_.size();
  const std::size_t room = limits_.trailer_bytes_max - before;
  const std::string_view piece = in.substr(at, room);
  trailer_text_.append(piece);
  Field field;
  for (;;) {
    switch (trailer_section_.next(trailer_text_.data(), trailer_text_.size(), field)) {
      case H1FieldSection::Step::kField:
        if (forbidden(field.known, field.name)) {
          ++trailers_dropped_;
        } else {
          trailers_.add(field.name, field.value);
        }
        break;
      case H1FieldSection::Step::kNeedMore:
        if (trailer_text_.size() == limits_.trailer_bytes_max) {
          return fail(431, "trailer section too large");
        }
        return {at + piece.size(), {}, state_};
      case H1FieldSection::Step::kError:
        return fail(trailer_section_.refusal().status, trailer_section_.refusal().reason);
      case H1FieldSection::Step::kEnd:
        state_ = BodyState::kDone;
        return {at + trailer_section_.position() - before, {}, state_};
    }
  }
}

BodyState H1BodyDecoder::on_eof() {
  if (state_ != BodyState::kMore) return state_;
  if (phase_ == Phase::kUntilClose) {
    state_ = BodyState::kDone;
  } else {
    fail(400, "connection closed inside the body");
  }
  return state_;
}

}  // namespace understudy::http
