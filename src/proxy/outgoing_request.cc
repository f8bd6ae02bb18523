#include "proxy/outgoing_request.h"

namespace understudy::proxy {
namespace {

constexpr std::string_view kViaName = "understudy";
constexpr std::string_view kShadowField = "Understudy-Shadow";

}  // namespace

const http::RequestHead& OutgoingRequest::build(const Input& input) {
  http::ForwardOptions options;
  if (input.migration.via) options.via = kViaName;
  if (input.migration.forwarded_headers) {
    options.client_address = input.client_address;
    options.client_scheme = input.client_scheme;
    options.forward_host = true;
  }
  if (input.side.host == SideOptions::HostHeader::kUrl || input.client.authority.empty()) {
    options.authority = input.side.url.authority;
  }
  options.forward_upgrade = input.upgrade;
  if (input.migration.trace != MigrationOptions::Trace::kUntouched) {
    options.drop.insert(http::KnownField::kTraceparent);
    options.drop.insert(http::KnownField::kTracestate);
  }
  head_.clear();
  http::forward_request(input.client, options, scratch_, head_);
  if (!input.side.url.prefix.empty()) {
    target_.assign(input.side.url.prefix);
    target_.append(head_.target);
    head_.target = target_;
  }
  // Nobody but us may mark a request as a shadow.
  if (input.client.fields.find(kShadowField) != nullptr) head_.fields.remove(kShadowField);
  if (input.shadow) head_.fields.add({kShadowField, "1", http::KnownField::kOther});
  if (input.trace.present) {
    http::TraceParent parent = input.trace.parent;
    parent.parent_id = input.span_id;
    http::format_traceparent(parent, traceparent_);
    head_.fields.add({"traceparent",
                      {traceparent_.data(), traceparent_.size()},
                      http::KnownField::kTraceparent});
    if (!input.trace.tracestate.empty()) {
      head_.fields.add({"tracestate", input.trace.tracestate, http::KnownField::kTracestate});
    }
  }
  return head_;
}

OwnedRequestHead::OwnedRequestHead(const http::RequestHead& head) : fields_(head.fields) {
  text_.reserve(head.method.size() + head.target.size() + head.authority.size());
  text_.append(head.method).append(head.target).append(head.authority);
  head_ = head;
  const std::string_view text = text_;
  head_.method = text.substr(0, head.method.size());
  head_.target = text.substr(head.method.size(), head.target.size());
  head_.authority = text.substr(head.method.size() + head.target.size());
  head_.scheme = {};
  head_.fields = fields_.fields();
}

}  // namespace understudy::proxy
