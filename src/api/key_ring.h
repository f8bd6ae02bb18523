#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "api/request.h"
#include "api/response.h"
#include "api/route.h"
#include "base/clock.h"
#include "state/api_key.h"
#include "state/state_store.h"

namespace understudy::api {

/// What came of looking at a request's key.
struct Authorisation {
  std::optional<Response> refusal;
  std::string key_name;  // of the key it came with; empty without one
};

/// The keys in memory, so that no request waits for the disk because of its key.
/// A key comes as `Authorization: Bearer KEY`, as `Authorization: KEY`, or as `Understudy-Key:
/// KEY`. Keys made or revoked here count from the next request on; those that another process made
/// in the same file are found within `kRetryNs`, those it revoked within `kFreshNs`.
/// Failure: when the state store cannot be read the keys known before go on to count, and a key
/// that is not among them is refused with 503.
/// Lifetime: the store and the clock outlive it. Threads: any.
class KeyRing {
 public:
  static constexpr int64_t kFreshNs = 10'000'000'000;
  /// Least time between two looks into the store for keys that nobody knows.
  static constexpr int64_t kRetryNs = 1'000'000'000;

  KeyRing(state::StateStore& store, const base::Clock& clock) : store_(store), clock_(clock) {}

  Authorisation authorise(const Request& request, const Route& route, bool require_keys);
  /// The keys have changed: the next request reads them again.
  void forget();

 private:
  using Keys = std::map<std::string, state::ApiKey, std::less<>>;

  std::shared_ptr<const Keys> keys_for(std::string_view id, bool& readable);

  state::StateStore& store_;
  const base::Clock& clock_;
  std::mutex mutex_;
  std::shared_ptr<const Keys> keys_;
  int64_t read_ns_ = 0;
};

}  // namespace understudy::api
