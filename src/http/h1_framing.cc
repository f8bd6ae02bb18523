#include "http/h1_framing.h"

#include "http/h1_bytes.h"

namespace understudy::http {
namespace {

Refusal refusal_of_coding(std::string_view value) noexcept {
  std::string_view last;
  bool odd = value.empty() || value.front() == ',' || value.back() == ',';
  bytes::for_each_list_member(value, [&](std::string_view member) {
    last = member;
    for (char byte : member) odd |= !bytes::is(byte, bytes::kToken);
    return true;
  });
  if (odd) return {400, "malformed Transfer-Encoding"};
  if (value.find(',') == value.npos) {
    return bytes::equals_ignore_case(last, "chunked") ? Refusal{}
                                                      : Refusal{501, "unknown transfer coding"};
  }
  if (!bytes::equals_ignore_case(last, "chunked")) {
    return {400, "chunked is not the last transfer coding"};
  }
  const std::size_t comma = value.find(',');
  if (bytes::equals_ignore_case(bytes::trim(value.substr(0, comma)), "chunked")) {
    return {400, "repeated chunked transfer coding"};
  }
  return {501, "unknown transfer coding"};
}

}  // namespace

Refusal H1FramingFields::take(const Field& field, Version version) noexcept {
  switch (field.known) {
    case KnownField::kContentLength:
      return take_length(field.value);
    case KnownField::kTransferEncoding:
      return take_transfer_encoding(field.value, version);
    case KnownField::kConnection:
      return take_connection(field.value);
    case KnownField::kUpgrade:
      has_upgrade_ = true;
      bytes::for_each_list_member(field.value, [this](std::string_view protocol) {
        upgrade_h2c_ |= bytes::equals_ignore_case(protocol, "h2c");
        return true;
      });
      return {};
    default:
      return {};
  }
}

Refusal H1FramingFields::take_length(std::string_view value) noexcept {
  if (has_length_) return {400, "repeated Content-Length"};
  if (has_chunked_) return {400, "both Content-Length and Transfer-Encoding"};
  if (value.empty()) return {400, "empty Content-Length"};
  if (value.size() > 1 && value.front() == '0') return {400, "Content-Length with leading zero"};
  if (value.size() > 19) return {400, "Content-Length too large"};  // fits 64 bits so far
  std::uint64_t length = 0;
  for (char byte : value) {
    if (!bytes::is(byte, bytes::kDigit)) return {400, "malformed Content-Length"};
    length = length * 10 + static_cast<std::uint64_t>(byte - '0');
  }
  // A peer that counts in signed numbers would see another length.
  if (length > INT64_MAX) return {400, "Content-Length too large"};
  has_length_ = true;
  length_ = length;
  return {};
}

Refusal H1FramingFields::take_transfer_encoding(std::string_view value, Version version) noexcept {
  if (has_chunked_) return {400, "repeated Transfer-Encoding"};
  if (has_length_) return {400, "both Content-Length and Transfer-Encoding"};
  if (version == Version::kHttp10) return {400, "Transfer-Encoding in HTTP/1.0"};
  has_chunked_ = true;
  if (bytes::equals_ignore_case(value, "chunked")) [[likely]]
    return {};
  return refusal_of_coding(value);
}

Refusal H1FramingFields::take_connection(std::string_view value) noexcept {
  if (value == "keep-alive" && connection_options_ < kConnectionOptionsMax) [[likely]] {
    ++connection_options_;
    keep_alive_ = true;
    return {};
  }
  Refusal refusal;
  bytes::for_each_list_member(value, [&](std::string_view option) {
    if (++connection_options_ > kConnectionOptionsMax) {
      refusal = {400, "too many Connection options"};
      return false;
    }
    if (bytes::equals_ignore_case(option, "close")) {
      close_ = true;
    } else if (bytes::equals_ignore_case(option, "keep-alive")) {
      keep_alive_ = true;
    } else if (bytes::equals_ignore_case(option, "upgrade")) {
      connection_upgrade_ = true;
    } else {
      switch (known_field(option)) {
        case KnownField::kHost:
        case KnownField::kContentLength:
        case KnownField::kTransferEncoding:
          refusal = {400, "Connection names a framing or routing field"};
          return false;
        default:
          break;
      }
    }
    return true;
  });
  return refusal;
}

}  // namespace understudy::http
