#include "api/key_ring.h"

#include <utility>

#include "api/error_response.h"
#include "base/log.h"
#include "base/text.h"

namespace understudy::api {
namespace {

using base::cat;
using state::ApiKey;
using state::PresentedKey;

constexpr std::string_view kBearer = "Bearer ";

/// The text of the key a request came with, empty without one.
std::string_view presented_text(const Request& request) {
  const http::Fields& fields = request.headers.fields();
  if (const std::string_view own = fields.value_or("Understudy-Key"); !own.empty()) return own;
  std::string_view text = fields.value_or(http::KnownField::kAuthorization);
  if (text.size() > kBearer.size() &&
      base::equals_ignore_case(text.substr(0, kBearer.size()), kBearer)) {
    text.remove_prefix(kBearer.size());
  }
  return base::trim(text);
}

Authorisation refused(Response response) {
  if (response.status == 401) response.headers.emplace_back("WWW-Authenticate", "Bearer");
  return {.refusal = std::move(response), .key_name = {}};
}

}  // namespace

Authorisation KeyRing::authorise(const Request& request, const Route& route, bool require_keys) {
  if (route.access == Route::Access::kAnybody) return {};
  const std::string_view text = presented_text(request);
  const std::optional<PresentedKey> presented = PresentedKey::parse(text);
  if (!presented) {
    // Client libraries of other products have keys of their own, which say nothing here.
    if (!require_keys) return {};
    return refused(error_response(
        401, text.empty() ? "a key is needed: send Authorization: Bearer KEY; understudy keys "
                            "create makes one"
                          : "what was sent as a key is none of this server's"));
  }
  bool readable = true;
  const std::shared_ptr<const Keys> keys = keys_for(presented->id, readable);
  const auto found = keys->find(presented->id);
  if (found == keys->end() || found->second.revoked() ||
      !state::secret_matches(found->second, presented->secret)) {
    if (!readable) {
      return refused(error_response(
          base::error(base::ErrorKind::kUnavailable, "the keys cannot be read at the moment")));
    }
    return refused(error_response(401, "this key is unknown or was revoked"));
  }
  const ApiKey& key = found->second;
  const state::Permission needed = permission_of(route);
  if (!key.permissions.has(needed)) {
    return refused(error_response(403, cat("the key '", key.name, "' may ", key.permissions.text(),
                                           "; this needs ", state::name(needed))));
  }
  return {.refusal = std::nullopt, .key_name = key.name};
}

void KeyRing::forget() {
  const std::lock_guard lock(mutex_);
  keys_ = nullptr;
}

std::shared_ptr<const KeyRing::Keys> KeyRing::keys_for(std::string_view id, bool& readable) {
  const std::lock_guard lock(mutex_);
  const int64_t age_ns = clock_.steady_ns() - read_ns_;
  const bool known = keys_ != nullptr && keys_->contains(id);
  if (known && age_ns < kFreshNs) return keys_;
  if (keys_ != nullptr && age_ns < kRetryNs) return keys_;
  const auto listed = store_.api_keys();
  if (!listed.ok()) {
    readable = false;
    base::log_warn("keys: ", listed.error().context);
    if (keys_ == nullptr) keys_ = std::make_shared<const Keys>();
    return keys_;
  }
  auto read = std::make_shared<Keys>();
  for (const ApiKey& key : *listed) read->emplace(key.id, key);
  keys_ = std::move(read);
  read_ns_ = clock_.steady_ns();
  return keys_;
}

}  // namespace understudy::api
