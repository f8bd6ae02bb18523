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
  // The last two are what Honeycomb's clients send.
  for (const std::string_view name : {"Understudy-Key", "X-Honeycomb-Team", "X-Hny-Team"}) {
    if (const std::string_view key = fields.value_or(name); !key.empty()) return key;
  }
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
  const std::shared_ptr<const Keys> keys = keys_for(presented->id);
  const std::optional<int64_t> unconfirmed = unconfirmed_ns();
  if (unconfirmed && *unconfirmed >= kUnconfirmedMaxNs) {
    return refused(error_response(base::error(
        base::ErrorKind::kUnavailable,
        "the keys could not be read for a day, so none counts until the state store is back")));
  }
  const auto found = keys->find(presented->id);
  if (found == keys->end() || found->second.revoked() ||
      !state::secret_matches(found->second, presented->secret)) {
    if (unconfirmed && found == keys->end()) {
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

void KeyRing::changed(const ApiKey& key) {
  const std::lock_guard lock(mutex_);
  if (keys_ == nullptr) return;  // the next request reads them all
  auto next = std::make_shared<Keys>(*keys_);
  next->insert_or_assign(key.id, key);
  keys_ = std::move(next);
}

std::optional<int64_t> KeyRing::unconfirmed_ns() const {
  const int64_t since_ns = unconfirmed_since_ns_.load();
  if (since_ns == kConfirmed) return std::nullopt;
  return clock_.steady_ns() - since_ns;
}

std::shared_ptr<const KeyRing::Keys> KeyRing::keys_for(std::string_view id) {
  const std::lock_guard lock(mutex_);
  const int64_t now_ns = clock_.steady_ns();
  const bool known = keys_ != nullptr && keys_->contains(id);
  if (known && now_ns - read_ns_ < kFreshNs) return keys_;
  if (keys_ != nullptr && now_ns - tried_ns_ < kRetryNs) return keys_;
  tried_ns_ = now_ns;
  const auto listed = store_.api_keys();
  if (!listed.ok()) {
    unreadable(listed.error().context, now_ns);
    if (keys_ == nullptr) keys_ = std::make_shared<const Keys>();
    return keys_;
  }
  auto read = std::make_shared<Keys>();
  for (const ApiKey& key : *listed) read->emplace(key.id, key);
  keys_ = std::move(read);
  read_ns_ = now_ns;
  if (unconfirmed_since_ns_.exchange(kConfirmed) != kConfirmed) {
    base::log_info("keys: the state store can be read again; every key is confirmed");
    log_due_ns_ = 0;
  }
  return keys_;
}

void KeyRing::unreadable(std::string_view why, int64_t now_ns) {
  if (unconfirmed_since_ns_.load() == kConfirmed) {
    unconfirmed_since_ns_.store(keys_ == nullptr ? now_ns : read_ns_);
  }
  if (now_ns < log_due_ns_) return;
  log_due_ns_ = now_ns + kLogEveryNs;
  constexpr int64_t kSecondNs = 1'000'000'000;
  const int64_t age_ns = now_ns - unconfirmed_since_ns_.load();
  base::log_warn(
      "keys: the state store cannot be read (", why, "); ",
      age_ns < kUnconfirmedMaxNs
          ? cat("keys confirmed ", age_ns / kSecondNs, " s ago go on to count for ",
                (kUnconfirmedMaxNs - age_ns) / kSecondNs, " s")
          : cat("no key counts, ", age_ns / kSecondNs, " s after the last was confirmed"));
}

}  // namespace understudy::api
