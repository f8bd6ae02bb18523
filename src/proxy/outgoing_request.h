#pragma once

#include <string>
#include <string_view>

#include "flags/mode.h"
#include "http/hop_by_hop.h"
#include "http/message.h"
#include "http/trace_context.h"
#include "proxy/migration_options.h"

namespace understudy::proxy {

/// What a side is sent in place of the client's head. One per worker, filled for each call and used
/// up before the call first waits. Cost: no allocation once warm.
class OutgoingRequest {
 public:
  struct Input {
    const http::RequestHead& client;
    const MigrationOptions& migration;
    const SideOptions& side;
    std::string_view client_address;
    std::string_view client_scheme = "http";
    const http::TraceContext& trace;
    http::SpanId span_id{};  // the parent this side is told
    bool shadow = false;
    bool upgrade = false;  // the client's wish to change the protocol is passed on
  };

  /// Valid until the next call, as long as the client's head is.
  const http::RequestHead& build(const Input& input);

 private:
  http::RequestHead head_;
  http::ForwardScratch scratch_;
  std::string target_;
  std::array<char, http::TraceParent::kTextBytes> traceparent_{};
};

/// A request head with its own text, for a call that cannot be sent at once.
class OwnedRequestHead {
 public:
  explicit OwnedRequestHead(const http::RequestHead& head);
  const http::RequestHead& head() const { return head_; }

 private:
  http::OwnedFields fields_;
  std::string text_;
  http::RequestHead head_;
};

}  // namespace understudy::proxy
