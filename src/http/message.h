#pragma once

#include <cstdint>
#include <string_view>

#include "http/fields.h"

namespace understudy::http {

/// Methods with rules of their own. kOther: any other token, forwarded as it is.
enum class MethodId : std::uint8_t {
  kOther,
  kGet,
  kHead,
  kPost,
  kPut,
  kDelete,
  kConnect,
  kOptions,
  kTrace,
  kPatch,
};

/// Which method a token is. Methods are case-sensitive: `get` is kOther.
MethodId method_id(std::string_view method) noexcept;

enum class Version : std::uint8_t { kHttp10, kHttp11, kHttp2 };

/// "HTTP/1.0", "HTTP/1.1", "HTTP/2".
std::string_view version_name(Version version) noexcept;

/// How the end of a body is known.
enum class Framing : std::uint8_t {
  kNone,        // no body at all
  kLength,      // content_length bytes, perhaps 0
  kChunked,     // length not known ahead, the end is marked in the stream; trailers possible:
                // the chunked coding in HTTP/1.1, END_STREAM in HTTP/2
  kUntilClose,  // an HTTP/1 answer that ends with its connection; cannot be told from a cut one
};

/// Head of a request of any HTTP version. In HTTP/2 `method`, `target`, `scheme` and `authority`
/// are the pseudo-header fields; in HTTP/1 they come from the request line and Host.
/// Lifetime: all views point into the buffer the head was parsed from, or into the parser.
struct RequestHead {
  std::string_view method;
  MethodId method_id = MethodId::kOther;
  /// Path and query exactly as sent, never normalised, or `*`. An absolute-form target is
  /// already reduced to its path and query, with scheme and authority taken out.
  std::string_view target;
  /// Empty in HTTP/1 except for an absolute-form target.
  std::string_view scheme;
  /// Host and optional port: the authority of the target when it had one, else Host. Only an
  /// HTTP/1.0 request may leave it empty. This, not the Host field, is what is to be forwarded.
  std::string_view authority;
  Version version = Version::kHttp11;
  Framing framing = Framing::kNone;
  std::uint64_t content_length = 0;  // only with Framing::kLength
  /// The client allows another request on this connection after this one.
  bool keep_alive = true;
  /// The client waits for 100 (Continue) before it sends the body.
  bool expect_continue = false;
  /// The client asks to change the protocol (WebSocket and such; never h2c, which is ignored).
  bool upgrade_requested = false;
  Fields fields;

  /// True when body bytes may follow.
  bool has_body() const noexcept {
    return framing == Framing::kChunked || (framing == Framing::kLength && content_length > 0);
  }
  /// Back to the state after construction; keeps memory.
  void clear() noexcept;
};

/// Head of a response of any HTTP version. Lifetime as for RequestHead.
struct ResponseHead {
  int status = 0;           // 100 to 999
  std::string_view reason;  // may be empty; always in HTTP/2
  Version version = Version::kHttp11;
  Framing framing = Framing::kNone;
  std::uint64_t content_length = 0;  // only with Framing::kLength
  /// The connection can be used again after the body was read to its end.
  bool keep_alive = true;
  /// An informational answer (1xx but 101): another head follows for the same request.
  bool interim = false;
  Fields fields;

  bool has_body() const noexcept {
    return framing != Framing::kNone && (framing != Framing::kLength || content_length > 0);
  }
  void clear() noexcept;
};

}  // namespace understudy::http
