#include "proxy/settlement.h"

#include "proxy/worker.h"

namespace understudy::proxy {
namespace {

// Enough of an error's body to find its type and message.
constexpr size_t kErrorBodyBytesMax = 8 * 1024;

struct Booking {
  Account account;
  std::string_view reason;
};

Booking shadow_failure(const SideResult& shadow) {
  switch (shadow.error) {
    case net::StreamError::kTimeout:
    case net::StreamError::kConnectTimeout:
      return {Account::kTimedOut, net::name(shadow.error)};
    case net::StreamError::kTooLarge:
      return {Account::kTooLarge, shadow.bound};
    default:
      return {Account::kFailed, net::name(shadow.error)};
  }
}

}  // namespace

Settlement::Settlement(Worker& worker, std::shared_ptr<MigrationRuntime> runtime,
                       std::unique_ptr<Exchange> exchange)
    : worker_(worker),
      runtime_(std::move(runtime)),
      exchange_(std::move(exchange)),
      began_ns_(worker.loop().precise_now_ns()) {
  runtime_->accounting->count_request();
}

Settlement::~Settlement() {
  take_shadow_result();
  book();
  if (exchange_->noise != nullptr) book_noise();
  runtime_->gate.refund(charged_bytes_);
  worker_.finish(*runtime_, std::move(exchange_));
}

int64_t Settlement::elapsed_ns() const { return worker_.loop().precise_now_ns() - began_ns_; }

bool Settlement::charge(uint64_t bytes) {
  if (!runtime_->gate.charge(bytes)) return false;
  charged_bytes_ += bytes;
  return true;
}

SideResult& Settlement::shadow_result(flags::Service service) {
  const bool may_serve =
      service == flags::Service::kControl && runtime_->options->fallback_to_control;
  if (!may_serve) return side(service);
  separate_shadow_ = std::make_unique<SideResult>();
  return *separate_shadow_;
}

void Settlement::take_shadow_result() {
  if (separate_shadow_ == nullptr || !separate_shadow_->called) return;
  // The answer that was served says more than the one nobody waited for.
  if (!exchange_->control.called) exchange_->control = std::move(*separate_shadow_);
}

bool Settlement::begin_noise_call() {
  runtime_->accounting->count_noise_sample();
  exchange_->noise = std::make_unique<NoiseCall>();
  const std::string_view refusal = runtime_->gate.try_enter_noise();
  if (refusal.empty()) return true;
  exchange_->noise->account = NoiseAccount::kShed;
  exchange_->noise->reason = refusal;
  return false;
}

std::chrono::nanoseconds Settlement::shadow_timeout() const {
  const auto other_side = flags::shadow_side(exchange_->mode);
  return runtime_->shadow_pool(other_side.value_or(flags::Service::kControl)).side().timeout;
}

void Settlement::capture(SideResult& side, std::string_view piece) {
  side.body_bytes += piece.size();
  if (side.over_budget || piece.empty()) return;
  if (exchange_->comparison_wanted) {
    const uint64_t bytes_max = runtime_->answer_bytes_max;
    const bool fits = side.body.size() + piece.size() <= bytes_max;
    if (fits && charge(piece.size())) {
      side.body.append(piece);
      return;
    }
    side.over_budget = true;
    side.bound = fits ? "memory_bytes_max" : "body_bytes_max";
    std::string().swap(side.body);
  } else if (side.status >= 400 && side.body.size() < kErrorBodyBytesMax) {
    side.body.append(piece.substr(0, kErrorBodyBytesMax - side.body.size()));
  }
}

void Settlement::cancel_shadow() {
  shadow_cancelled = true;
  for (net::ClientStream* stream : shadow_streams_) {
    if (stream != nullptr) stream->cancel(net::StreamError::kCancelled);
  }
}

void Settlement::book() {
  Exchange& exchange = *exchange_;
  const auto set = [&](Booking booking) {
    exchange.account = booking.account;
    exchange.reason = booking.reason;
  };
  if (exchange.client_aborted) return set({Account::kClientAborted, "client_closed"});
  if (!exchange.shadow_wanted) return set({Account::kNotSampled, exchange.reason});
  if (shed_) return set({shed_account_, shed_reason_});
  const bool control_serves = flags::serving_side(exchange.mode) == flags::Service::kControl;
  const SideResult& main = control_serves ? exchange.control : exchange.candidate;
  const SideResult& shadow = control_serves ? exchange.candidate : exchange.control;
  if (shadow.error == net::StreamError::kCancelled && main.error != net::StreamError::kNone) {
    return set({Account::kFailed, "serving_side_failed"});  // the request never became whole
  }
  if (shadow.error != net::StreamError::kNone || !shadow.complete) {
    return set(shadow_failure(shadow));
  }
  if (!exchange.comparison_wanted) return set({Account::kNotSampled, exchange.reason});
  if (main.error != net::StreamError::kNone || !main.complete) {
    return set({Account::kFailed, "serving_side_failed"});
  }
  if (shadow.over_budget) return set({Account::kTooLarge, shadow.bound});
  if (main.over_budget) return set({Account::kTooLarge, main.bound});
  set({Account::kCompared, {}});
}

/// Only when both answers of control are there can they be held side by side. What became of the
/// evaluation itself does not matter.
void Settlement::book_noise() {
  NoiseCall& noise = *exchange_->noise;
  if (noise.account == NoiseAccount::kShed) return;
  const auto fail = [&](std::string_view reason) {
    noise.account = NoiseAccount::kFailed;
    noise.reason = reason;
  };
  const SideResult& first = exchange_->control;
  const SideResult& second = noise.answer;
  if (exchange_->client_aborted) return fail("client_closed");
  if (second.over_budget) return fail(second.bound);
  if (second.error != net::StreamError::kNone) return fail(net::name(second.error));
  if (!second.complete) return fail("cut_off");
  if (first.over_budget) return fail(first.bound);
  if (first.error != net::StreamError::kNone || !first.complete) return fail("control_failed");
}

}  // namespace understudy::proxy
