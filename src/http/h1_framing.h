#pragma once

#include <cstdint>
#include <string_view>

#include "http/fields.h"
#include "http/limits.h"
#include "http/message.h"

namespace understudy::http {

/// Gathers what the fields of one HTTP/1 head say about message framing and the connection, field
/// by field as they are parsed, and refuses what two parsers could understand differently.
class H1FramingFields {
 public:
  void clear() noexcept { *this = H1FramingFields{}; }

  /// Takes Content-Length, Transfer-Encoding, Connection and Upgrade; other fields are ignored.
  /// A refusal has status 400 or 501; status 0 is fine.
  Refusal take(const Field& field, Version version) noexcept;

  bool has_length() const noexcept { return has_length_; }
  bool has_chunked() const noexcept { return has_chunked_; }
  std::uint64_t length() const noexcept { return length_; }

  /// What the sender wants done with the connection (RFC 9112 9.3).
  bool keep_alive(Version version) const noexcept {
    if (close_) return false;
    return version != Version::kHttp10 || keep_alive_;
  }
  /// Upgrade named in Connection and no h2c among the protocols.
  bool upgrade() const noexcept { return connection_upgrade_ && has_upgrade_ && !upgrade_h2c_; }

 private:
  Refusal take_length(std::string_view value) noexcept;
  Refusal take_transfer_encoding(std::string_view value, Version version) noexcept;
  Refusal take_connection(std::string_view value) noexcept;

  std::uint64_t length_ = 0;
  std::uint8_t connection_options_ = 0;
  bool has_length_ = false;
  bool has_chunked_ = false;
  bool close_ = false;
  bool keep_alive_ = false;
  bool connection_upgrade_ = false;
  bool has_upgrade_ = false;
  bool upgrade_h2c_ = false;
};

}  // namespace understudy::http
