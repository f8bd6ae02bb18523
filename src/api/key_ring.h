#pragma once

#include <atomic>
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
/// Failure: when the state store cannot be read the keys known before go on to count for
/// `kUnconfirmedMaxNs`, and a key that is not among them is refused with 503; after that every key
/// is. The log says so at once and every minute, unconfirmed_ns() to whoever asks.
/// Lifetime: the store and the clock outlive it. Threads: any.
class KeyRing {
 public:
  static constexpr int64_t kFreshNs = 10'000'000'000;
  /// Least time between two looks into the store for keys that nobody knows.
  static constexpr int64_t kRetryNs = 1'000'000'000;
  /// How long keys count that the store no longer confirms. Longer than a night: a disk that fails
  /// must not lock out those who could do something about it. Not for ever: a key that another
  /// process revoked would live on as long as the fault.
  static constexpr int64_t kUnconfirmedMaxNs = 24 * 3'600'000'000'000;
  static constexpr int64_t kLogEveryNs = 60'000'000'000;

  KeyRing(state::StateStore& store, const base::Clock& clock) : store_(store), clock_(clock) {}

  Authorisation authorise(const Request& request, const Route& route, bool require_keys);
  /// This process made or revoked the key: that counts from the next request on, also when the
  /// store cannot be read then.
  void changed(const state::ApiKey& key);
  /// For how long the store has not confirmed the keys; nothing while it can be read. Never waits.
  std::optional<int64_t> unconfirmed_ns() const;

 private:
  using Keys = std::map<std::string, state::ApiKey, std::less<>>;

  std::shared_ptr<const Keys> keys_for(std::string_view id);
  void unreadable(std::string_view why, int64_t now_ns);

  state::StateStore& store_;
  const base::Clock& clock_;
  std::mutex mutex_;
  std::shared_ptr<const Keys> keys_;
  int64_t read_ns_ = 0;
  int64_t tried_ns_ = 0;
  int64_t log_due_ns_ = 0;
  static constexpr int64_t kConfirmed = -1;
  std::atomic<int64_t> unconfirmed_since_ns_{kConfirmed};
};

}  // namespace understudy::api
