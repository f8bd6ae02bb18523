#include "core/client_core.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "core/curl_transport.h"

namespace understudy::detail {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

ClientOptions sane(ClientOptions options) {
  while (options.url.ends_with('/')) options.url.pop_back();
  options.threads_max = std::max<size_t>(1, options.threads_max);
  options.runs_len_max = std::max<size_t>(2, options.runs_len_max);
  options.events_len_max = std::max<size_t>(1, options.events_len_max);
  options.batch_len_max = std::clamp<size_t>(options.batch_len_max, 1, options.events_len_max);
  options.flush_interval = std::max(milliseconds(1), options.flush_interval);
  options.shutdown_max = std::max(milliseconds(0), options.shutdown_max);
  return options;
}

}  // namespace

ClientCore::ClientCore(ClientOptions options, Seams seams)
    : options_(sane(std::move(options))),
      transport_(seams.transport ? std::move(seams.transport)
                                 : std::make_unique<sdk::CurlTransport>()),
      clock_(seams.clock != nullptr ? *seams.clock : base::system_clock()),
      exporter_({.url = options_.url + "/v1/logs",
                 .key = options_.key,
                 .service = options_.service,
                 .events_len_max = options_.events_len_max,
                 .batch_len_max = options_.batch_len_max,
                 .flush_interval_ns = nanoseconds(options_.flush_interval).count(),
                 .gzip = options_.compression == Compression::kGzip,
                 .seed = seams.seed != 0 ? seams.seed : base::random_seed(),
                 .log = options_.log},
                *transport_, clock_, counters_),
      recorder_(exporter_, counters_, clock_, flags_, options_.log),
      settler_(options_.runs_len_max, 4 * (options_.threads_max + options_.queue_len_max), clock_,
               [this](sdk::FinishedRun& run) { recorder_.record(run); }),
      executor_(options_.queue_len_max),
      receiver_({.url = options_.url + "/all",
                 .key = options_.key,
                 .cache_file = options_.flags_cache_file,
                 .seed = seams.seed != 0 ? seams.seed : base::random_seed(),
                 .log = options_.log},
                *transport_, clock_, flags_, counters_) {}

ClientCore::~ClientCore() = default;

std::shared_ptr<ClientCore> ClientCore::start(ClientOptions options, Seams seams) {
  const std::shared_ptr<ClientCore> core(new ClientCore(std::move(options), std::move(seams)));
  core->receiver_.load_cache();
  try {
    core->start_threads();
  } catch (...) {
    core->shutdown();
    throw;
  }
  return core;
}

void ClientCore::start_threads() {
  // Each thread owns the core, so that one which has to be let go at the end stays valid.
  const auto self = shared_from_this();
  for (size_t i = 0; i < options_.threads_max; ++i) {
    shadows_.start([self](std::stop_token stop) { self->executor_.work(stop); });
  }
  settling_.start(
      [self](std::stop_token stop) { self->settler_.loop(stop, [&] { self->note_progress(); }); });
  exporting_.start(
      [self](std::stop_token stop) { self->exporter_.loop(stop, [&] { self->note_progress(); }); });
  receiving_.start([self](std::stop_token stop) { self->receiver_.loop(stop); });
}

void ClientCore::note_progress() {
  { const std::lock_guard lock(progress_mutex_); }
  progress_.notify_all();
}

bool ClientCore::quiet() const {
  return counters_.in_flight.load(std::memory_order_acquire) == 0 && exporter_.idle();
}

bool ClientCore::flush(milliseconds timeout) {
  const auto until = std::chrono::steady_clock::now() + timeout;
  const uint64_t failed_before = exporter_.attempts_failed();
  settler_.hurry();
  exporter_.hurry();
  std::unique_lock lock(progress_mutex_);
  while (!quiet()) {
    if (progress_.wait_until(lock, until) == std::cv_status::timeout) return quiet();
    lock.unlock();
    // A run that finished meanwhile must not wait for its batch either. A failed attempt is not
    // hurried again: its backoff protects the server.
    settler_.hurry();
    if (exporter_.attempts_failed() == failed_before) exporter_.hurry();
    lock.lock();
  }
  return true;
}

void ClientCore::wake() {
  settler_.hurry();
  exporter_.wake();
  receiver_.wake();
}

bool ClientCore::submit(const std::shared_ptr<Pair>& pair) {
  if (closed() || !executor_.try_submit(pair)) return false;
  settler_.watch(pair);
  if (closed()) pair->give_up(GiveUp::kShutdown);  // the shutdown may have missed it
  return true;
}

void ClientCore::settle(sdk::FinishedRun run) noexcept {
  try {
    if (settler_.push(run)) return;
  } catch (...) {
    // No memory to queue it: as if the queue were full.
  }
  counters_.events_dropped.fetch_add(1, std::memory_order_relaxed);
  counters_.settle(sdk::RunRecorder::place_without_comparison(run));
}

void ClientCore::shutdown() noexcept {
  const auto until = std::chrono::steady_clock::now() + options_.shutdown_max;
  const auto left = [until] {
    return std::max(nanoseconds(0), nanoseconds(until - std::chrono::steady_clock::now()));
  };
  closed_.store(true, std::memory_order_release);
  receiving_.request_stop();
  executor_.close();
  shadows_.request_stop();
  // Running shadows are asked to stop and get no more time: their runs settle as shed.
  settler_.give_up_all(GiveUp::kShutdown);
  const uint64_t failed_before = exporter_.attempts_failed();
  settler_.hurry();
  exporter_.hurry();
  {
    // Waits for the events to leave, but not for a server that does not answer.
    std::unique_lock lock(progress_mutex_);
    while (!quiet() && exporter_.attempts_failed() == failed_before &&
           progress_.wait_until(lock, until) != std::cv_status::timeout) {
      lock.unlock();
      settler_.hurry();
      exporter_.hurry();
      lock.lock();
    }
  }
  settling_.request_stop();
  exporting_.request_stop();
  size_t abandoned = settling_.join_within(left());
  abandoned += exporting_.join_within(left());
  abandoned += receiving_.join_within(left());
  abandoned += shadows_.join_within(left());
  if (abandoned > 0 && options_.log) {
    options_.log(base::cat("understudy: ", abandoned,
                           " threads still run a callable and are left to finish on their own"));
  }
}

}  // namespace understudy::detail

namespace understudy {

Client::Client(ClientOptions options) : core_(detail::ClientCore::start(std::move(options), {})) {}
Client::Client(std::shared_ptr<detail::ClientCore> core) : core_(std::move(core)) {}
Client::~Client() { core_->shutdown(); }

bool Client::wait_for_flags(std::chrono::milliseconds timeout) const {
  return core_->wait_for_flags(timeout);
}
bool Client::flush(std::chrono::milliseconds timeout) { return core_->flush(timeout); }
Counters Client::counters() const { return core_->counters(); }

}  // namespace understudy
