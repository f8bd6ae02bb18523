#include "core/event_exporter.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <utility>

#include "base/text.h"
#include "core/gzip.h"
#include "core/otlp_json.h"
#include "core/retry_after.h"
#include "flags/value.h"

namespace understudy::sdk {
namespace {

constexpr int64_t kNever = std::numeric_limits<int64_t>::max();

/// How many records of a batch the server refused, from its answer (`partialSuccess`); 0 when it
/// says nothing or cannot be read, which must not fail an accepted batch.
uint64_t rejected_records(const std::string& body) {
  if (body.empty()) return 0;
  const auto answer = flags::parse_json(body);
  if (!answer.ok()) return 0;
  const flags::Value* partial = answer->find("partialSuccess");
  const flags::Value* rejected = partial != nullptr ? partial->find("rejectedLogRecords") : nullptr;
  if (rejected == nullptr) return 0;
  if (rejected->is_string()) return base::parse_uint64(rejected->as_string()).value_or(0);
  return static_cast<uint64_t>(std::max<int64_t>(0, rejected->as_integer()));
}

}  // namespace

EventExporter::EventExporter(Options options, Transport& transport, const base::Clock& clock,
                             LiveCounters& counters)
    : options_(std::move(options)),
      transport_(transport),
      clock_(clock),
      counters_(counters),
      backoff_(kRetryFirstNs, kRetryLongestNs, options_.seed) {}

void EventExporter::offer(event::Event event) {
  counters_.events_recorded.fetch_add(1, std::memory_order_relaxed);
  bool tell = false;
  {
    const std::lock_guard lock(mutex_);
    if (waiting_.size() >= options_.events_len_max) {
      counters_.events_dropped.fetch_add(1, std::memory_order_relaxed);
      return;
    }
    if (waiting_.empty()) oldest_ns_ = clock_.steady_ns();
    waiting_.push_back(std::move(event));
    tell = waiting_.size() == 1 || waiting_.size() == options_.batch_len_max;
  }
  if (tell) changed_.notify_all();
}

void EventExporter::hurry() {
  {
    const std::lock_guard lock(mutex_);
    hurry_ = true;
  }
  changed_.notify_all();
}

void EventExporter::wake() {
  {
    const std::lock_guard lock(mutex_);
    woken_ = true;
  }
  changed_.notify_all();
}

bool EventExporter::idle() const {
  const std::lock_guard lock(mutex_);
  return waiting_.empty() && !busy_;
}

uint64_t EventExporter::attempts_failed() const {
  const std::lock_guard lock(mutex_);
  return attempts_failed_;
}

bool EventExporter::due(int64_t now_ns) const {
  if (hurry_) return busy_ || !waiting_.empty();
  if (busy_) return now_ns >= not_before_ns_;
  return waiting_.size() >= options_.batch_len_max ||
         (!waiting_.empty() && now_ns - oldest_ns_ >= options_.flush_interval_ns);
}

int64_t EventExporter::step(std::stop_token stop) {
  std::unique_lock lock(mutex_);
  if (due(clock_.steady_ns())) {
    if (batch_.empty()) {
      const size_t count = std::min(waiting_.size(), options_.batch_len_max);
      const auto end = waiting_.begin() + static_cast<std::ptrdiff_t>(count);
      batch_.assign(std::make_move_iterator(waiting_.begin()), std::make_move_iterator(end));
      waiting_.erase(waiting_.begin(), end);
      oldest_ns_ = clock_.steady_ns();
      busy_ = true;
    }
    lock.unlock();
    send(stop);
    lock.lock();
    if (waiting_.empty() || busy_) hurry_ = false;
  } else if (hurry_) {
    hurry_ = false;  // there was nothing to hurry for
  }
  if (busy_) return not_before_ns_;
  if (waiting_.empty()) return kNever;
  if (hurry_ || waiting_.size() >= options_.batch_len_max) return clock_.steady_ns();
  return oldest_ns_ + options_.flush_interval_ns;
}

void EventExporter::send(std::stop_token stop) {
  HttpRequest request;
  request.url = options_.url;
  request.headers = {"content-type: application/json"};
  if (!options_.key.empty()) request.headers.push_back("authorization: " + options_.key);
  if (body_.empty()) {
    body_ = to_otlp_json_logs(batch_, options_.service);
    if (options_.gzip) {
      if (auto packed = gzip(body_); packed.ok()) body_ = *std::move(packed);
    }
  }
  // The first bytes of gzip are never those of JSON.
  if (body_.starts_with("\x1f\x8b")) request.headers.push_back("content-encoding: gzip");
  request.body = body_;

  const auto answer = transport_.post(request, stop);
  if (!answer.ok()) {
    if (answer.error().kind == base::ErrorKind::kLimit) return drop_batch(answer.error().context);
    return retry_later(answer.error().context, 0);
  }
  switch (answer->status) {
    case 429:
    case 502:
    case 503:
    case 504: {
      const auto asked = retry_after_ns(answer->retry_after, clock_.unix_ns());
      return retry_later(base::cat("status ", answer->status), asked.value_or(0));
    }
    default:
      break;
  }
  if (answer->status < 200 || answer->status > 299) {
    return drop_batch(base::cat("status ", answer->status));
  }
  const uint64_t rejected = std::min<uint64_t>(rejected_records(answer->body), batch_.size());
  if (rejected > 0) say("records refused by the server", base::cat(rejected));
  counters_.events_exported.fetch_add(batch_.size() - rejected, std::memory_order_relaxed);
  counters_.events_rejected.fetch_add(rejected, std::memory_order_relaxed);
  backoff_.reset();
  batch_.clear();
  body_.clear();
  const std::lock_guard lock(mutex_);
  busy_ = false;
}

void EventExporter::retry_later(std::string_view why, int64_t asked_ns) {
  counters_.export_retries.fetch_add(1, std::memory_order_relaxed);
  const int64_t wait_ns = std::max(backoff_.next_ns(), std::min(asked_ns, kRetryAfterMaxNs));
  say("events wait for the server", why);
  const std::lock_guard lock(mutex_);
  ++attempts_failed_;
  not_before_ns_ = clock_.steady_ns() + wait_ns;
}

void EventExporter::drop_batch(std::string_view why) {
  counters_.events_rejected.fetch_add(batch_.size(), std::memory_order_relaxed);
  say("the server refused a batch of events", why);
  batch_.clear();
  body_.clear();
  const std::lock_guard lock(mutex_);
  ++attempts_failed_;
  busy_ = false;
}

void EventExporter::say(std::string_view what, std::string_view why) {
  if (options_.log) options_.log(base::cat("understudy: ", what, ": ", why));
}

void EventExporter::loop(std::stop_token stop, const std::function<void()>& progress) {
  while (!stop.stop_requested()) {
    const int64_t next_ns = step(stop);
    progress();
    std::unique_lock lock(mutex_);
    const auto changed = [this] { return hurry_ || woken_ || due(clock_.steady_ns()); };
    if (next_ns == kNever) {
      changed_.wait(lock, stop, [&] { return changed() || !waiting_.empty(); });
    } else {
      const int64_t wait_ns = std::max<int64_t>(0, next_ns - clock_.steady_ns());
      changed_.wait_for(lock, stop, std::chrono::nanoseconds(wait_ns), changed);
    }
    woken_ = false;
  }
  const std::lock_guard lock(mutex_);
  counters_.events_dropped.fetch_add(waiting_.size() + batch_.size(), std::memory_order_relaxed);
  waiting_.clear();
  batch_.clear();
  busy_ = false;
}

}  // namespace understudy::sdk
