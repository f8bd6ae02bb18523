#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string_view>

#include "flags/mode.h"
#include "proxy/exchange.h"
#include "proxy/migration_runtime.h"

namespace understudy::proxy {

class Worker;

/// The calls nobody waits for.
enum class ShadowRole : uint8_t {
  kOtherSide,  // to the side that does not serve
  kNoise,      // to control once more, to learn where it differs from itself
};

/// The record of one request while it is under way, held by its flow and its shadow calls. When
/// the last of them lets go, the request is booked in exactly one account and its exchange handed
/// to the sink.
/// Threads: the loop's. Cost: no allocation on a warm worker when nothing is handed over.
class Settlement {
 public:
  Settlement(Worker& worker, std::shared_ptr<MigrationRuntime> runtime,
             std::unique_ptr<Exchange> exchange);
  Settlement(const Settlement&) = delete;
  Settlement& operator=(const Settlement&) = delete;
  ~Settlement();

  Exchange& exchange() { return *exchange_; }
  MigrationRuntime& runtime() { return *runtime_; }
  Worker& worker() { return worker_; }
  SideResult& side(flags::Service service) {
    return service == flags::Service::kControl ? exchange_->control : exchange_->candidate;
  }
  /// Where the shadow call writes. Its own place when its side may also be asked to serve, after
  /// the serving side failed: two answers must not end up in one result.
  SideResult& shadow_result(flags::Service service);
  /// Takes memory from the shadows' budget until the request is settled; false when it is spent.
  bool charge(uint64_t bytes);
  /// When the request began, on the steady clock.
  int64_t began_ns() const { return began_ns_; }
  /// Nanoseconds since the request began.
  int64_t elapsed_ns() const;

  /// The shadow was wanted and not called: why (static text).
  void shed(Account account, std::string_view reason) {
    shed_account_ = account;
    shed_reason_ = reason;
    shed_ = true;
  }
  /// Counts the evaluation as sampled for a second call to control and makes the place where that
  /// call writes. False when a bound keeps it from being made; that is in the books then.
  bool begin_noise_call();
  NoiseCall& noise() { return *exchange_->noise; }
  /// Until when a shadow call may take: the time of the side that does not serve. It holds for a
  /// second call to control too, so that the evaluation never waits longer for that one.
  std::chrono::nanoseconds shadow_timeout() const;

  /// Keeps what is needed of an answer's body: all of it for a comparison, the beginning of an
  /// error's, nothing else. Past a bound the side is marked as over budget and its copy dropped.
  void capture(SideResult& side, std::string_view piece);

  /// The shadow calls' way to be told that the client has left.
  net::ClientStream*& shadow_stream(ShadowRole role) {
    return shadow_streams_[static_cast<size_t>(role)];
  }
  bool shadow_cancelled = false;
  void cancel_shadow();

 private:
  void take_shadow_result();
  void book();
  void book_noise();

  Worker& worker_;
  std::shared_ptr<MigrationRuntime> runtime_;
  std::unique_ptr<Exchange> exchange_;
  std::unique_ptr<SideResult> separate_shadow_;         // see shadow_result()
  std::array<net::ClientStream*, 2> shadow_streams_{};  // by role; null while not sending
  int64_t began_ns_;
  uint64_t charged_bytes_ = 0;
  std::string_view shed_reason_;
  Account shed_account_ = Account::kShed;
  bool shed_ = false;
};

}  // namespace understudy::proxy
