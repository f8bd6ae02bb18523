#pragma once

#include <string>
#include <string_view>

#include "http/fields.h"
#include "http/message.h"

namespace understudy::http {

/// What is changed in a head on its way through. Empty views switch a thing off.
struct ForwardOptions {
  /// Pseudonym for Via, e.g. "understudy".
  std::string_view via;
  /// Appended to X-Forwarded-For: address of the client.
  std::string_view client_address;
  /// Sets X-Forwarded-Proto ("http", "https") where it is absent: a proxy in front of this one
  /// knows better how the client came.
  std::string_view client_scheme;
  /// Sets X-Forwarded-Host, where it is absent, to the authority the client asked for.
  bool forward_host = false;
  /// Sent instead of the client's authority.
  std::string_view authority;
  /// Passes Upgrade and upgrade_requested on, when the client asked for one.
  bool forward_upgrade = false;
  /// Known fields dropped on top of the hop-by-hop ones, e.g. those the caller sets anew.
  KnownFieldSet drop;
};

/// Holds text a forwarded head needs and the original does not have (Via, X-Forwarded-For).
/// Reuse one per connection: no allocation after the first.
class ForwardScratch {
 public:
  void clear() noexcept { text_.clear(); }
  void reserve(std::size_t bytes) { text_.reserve(bytes); }
  std::string& text() noexcept { return text_; }

 private:
  std::string text_;
};

/// Fills `out` with what a proxy passes on of `in`, in one pass over the fields: without the
/// hop-by-hop ones (Connection and what it names, Keep-Alive, Proxy-Connection, TE, Trailer,
/// Transfer-Encoding, Upgrade, HTTP2-Settings, Proxy-Authorization, Proxy-Authenticate), without
/// Host (the authority says it) and Expect (the proxy answers it), with the options' additions at
/// the end. Content-Length stays, even if Connection names it. A TE field with `trailers` becomes
/// exactly `te: trailers`. Framing, target, method and the body hints are copied; keep_alive is set
/// to true (it is about this hop), version to HTTP/1.1. Lifetime: `out` has views into what `in`
/// points to and into `scratch`.
void forward_request(const RequestHead& in, const ForwardOptions& options, ForwardScratch& scratch,
                     RequestHead& out);

/// The same for a response on its way to the client; only `via` and `drop` of the options count.
/// A 101 keeps Upgrade. keep_alive of `out` is true; the caller decides about the client's side.
void forward_response(const ResponseHead& in, const ForwardOptions& options,
                      ForwardScratch& scratch, ResponseHead& out);

/// True when `list`, a comma-separated value such as Connection's, has this token (any case).
bool list_has_token(std::string_view list, std::string_view token) noexcept;

}  // namespace understudy::http
