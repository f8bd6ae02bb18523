#include "http/hop_by_hop.h"

#include <array>
#include <cstddef>

#include "http/h1_bytes.h"
#include "http/limits.h"

namespace understudy::http {
namespace {

constexpr KnownFieldSet kNeverForwarded = {
    KnownField::kConnection,
    KnownField::kHttp2Settings,
    KnownField::kKeepAlive,
    KnownField::kProxyAuthenticate,
    KnownField::kProxyAuthorization,
    KnownField::kProxyConnection,
    KnownField::kTe,
    KnownField::kTrailer,
    KnownField::kTransferEncoding,
    KnownField::kUpgrade,
};

/// The fields a head's Connection fields name, other than those that no peer may take away.
class NamedByConnection {
 public:
  explicit NamedByConnection(const Fields& fields) {
    if (!fields.has(KnownField::kConnection)) return;
    for (const Field& field : fields) {
      if (field.known == KnownField::kConnection) take(field.value);
    }
  }

  KnownFieldSet known() const { return known_; }
  bool has_other(std::string_view name) const {
    for (std::size_t i = 0; i < others_count_; ++i) {
      if (same_field_name(others_[i], name)) return true;
    }
    return false;
  }

 private:
  void take(std::string_view list) {
    if (list == "keep-alive") [[likely]] {  // drops what is dropped anyway
      known_.insert(KnownField::kKeepAlive);
      return;
    }
    bytes::for_each_list_member(list, [this](std::string_view option) {
      const KnownField known = known_field(option);
      if (known == KnownField::kContentLength || known == KnownField::kHost) return true;
      if (known != KnownField::kOther) {
        known_.insert(known);
      } else if (others_count_ < others_.size() && !bytes::equals_ignore_case(option, "close")) {
        others_[others_count_++] = option;
      }
      return true;
    });
  }

  KnownFieldSet known_;
  std::array<std::string_view, kConnectionOptionsMax> others_;
  std::size_t others_count_ = 0;
};

/// Copies what neither set nor name drops.
void copy_fields(const Fields& in, KnownFieldSet dropped, const NamedByConnection& named,
                 Fields& out) {
  for (const Field& field : in) {
    if (field.known == KnownField::kOther) {
      if (named.has_other(field.name)) continue;
    } else if (dropped.contains(field.known)) {
      continue;
    }
    out.add(field);
  }
}

std::string_view version_in_via(Version version) {
  switch (version) {
    case Version::kHttp10:
      return "1.0 ";
    case Version::kHttp11:
      return "1.1 ";
    case Version::kHttp2:
      return "2 ";
  }
  return "";
}

/// Text made for one head. The room is made once at the start, so earlier pieces never move.
class Composer {
 public:
  Composer(ForwardScratch& scratch, std::size_t bytes) : text_(scratch.text()) {
    text_.clear();
    text_.reserve(bytes);
  }
  void begin() { begin_ = text_.size(); }
  Composer& put(std::string_view piece) {
    text_.append(piece);
    return *this;
  }
  std::string_view piece() const { return std::string_view(text_).substr(begin_); }

 private:
  std::string& text_;
  std::size_t begin_ = 0;
};

void add_via(Composer& composer, Version version, std::string_view pseudonym, Fields& out) {
  if (pseudonym.empty()) return;
  composer.begin();
  composer.put(version_in_via(version)).put(pseudonym);
  out.add(Field{known_field_name(KnownField::kVia), composer.piece(), KnownField::kVia});
}

}  // namespace

void forward_request(const RequestHead& in, const ForwardOptions& options, ForwardScratch& scratch,
                     RequestHead& out) {
  out.clear();
  out.method = in.method;
  out.method_id = in.method_id;
  out.target = in.target;
  out.scheme = in.scheme;
  out.authority = options.authority.empty() ? in.authority : options.authority;
  out.framing = in.framing;
  out.content_length = in.content_length;
  out.upgrade_requested = in.upgrade_requested && options.forward_upgrade;

  const NamedByConnection named(in.fields);
  KnownFieldSet dropped = kNeverForwarded | named.known() | options.drop;
  dropped.insert(KnownField::kHost);
  dropped.insert(KnownField::kExpect);
  if (out.upgrade_requested) dropped.erase(KnownField::kUpgrade);
  if (!options.client_address.empty()) dropped.insert(KnownField::kXForwardedFor);
  copy_fields(in.fields, dropped, named, out.fields);

  if (in.fields.has(KnownField::kTe)) {
    for (const Field& field : in.fields) {
      if (field.known == KnownField::kTe && list_has_token(field.value, "trailers")) {
        out.fields.add(Field{"te", "trailers", KnownField::kTe});
        break;
      }
    }
  }
  const auto said = [&](KnownField field) {
    return in.fields.has(field) && !dropped.contains(field);
  };
  if (!options.client_scheme.empty() && !said(KnownField::kXForwardedProto)) {
    out.fields.add(Field{known_field_name(KnownField::kXForwardedProto), options.client_scheme,
                         KnownField::kXForwardedProto});
  }
  if (options.forward_host && !in.authority.empty() && !said(KnownField::kXForwardedHost)) {
    out.fields.add(Field{known_field_name(KnownField::kXForwardedHost), in.authority,
                         KnownField::kXForwardedHost});
  }
  if (options.client_address.empty() && options.via.empty()) return;

  const bool chained = !options.client_address.empty() &&
                       in.fields.has(KnownField::kXForwardedFor) &&
                       !named.known().contains(KnownField::kXForwardedFor);
  std::size_t bytes = options.client_address.size() + options.via.size() + 4;
  if (chained) {
    for (const Field& field : in.fields) {
      if (field.known == KnownField::kXForwardedFor) bytes += field.value.size() + 2;
    }
  }
  Composer composer(scratch, bytes);
  if (!options.client_address.empty()) {
    composer.begin();
    if (chained) {
      for (const Field& field : in.fields) {
        if (field.known != KnownField::kXForwardedFor || field.value.empty()) continue;
        composer.put(field.value).put(", ");
      }
    }
    composer.put(options.client_address);
    out.fields.add(Field{known_field_name(KnownField::kXForwardedFor), composer.piece(),
                         KnownField::kXForwardedFor});
  }
  add_via(composer, in.version, options.via, out.fields);
}

void forward_response(const ResponseHead& in, const ForwardOptions& options,
                      ForwardScratch& scratch, ResponseHead& out) {
  out.clear();
  out.status = in.status;
  out.reason = in.reason;
  out.framing = in.framing;
  out.content_length = in.content_length;
  out.interim = in.interim;

  const NamedByConnection named(in.fields);
  KnownFieldSet dropped = kNeverForwarded | named.known() | options.drop;
  if (in.status == 101) dropped.erase(KnownField::kUpgrade);
  copy_fields(in.fields, dropped, named, out.fields);

  if (!options.via.empty()) {
    Composer composer(scratch, options.via.size() + 4);
    add_via(composer, in.version, options.via, out.fields);
  }
}

bool list_has_token(std::string_view list, std::string_view token) noexcept {
  bool found = false;
  bytes::for_each_list_member(list, [&](std::string_view member) {
    found = same_field_name(member, token);
    return !found;
  });
  return found;
}

}  // namespace understudy::http
