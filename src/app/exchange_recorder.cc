#include "app/exchange_recorder.h"

#include <pthread.h>

#include <utility>

#include "app/exchange_events.h"
#include "base/text.h"
#include "proxy/migration_options.h"

namespace understudy::app {
namespace {

/// How long a recorder thread sleeps before it looks again whether it should end.
constexpr auto kQueueWait = std::chrono::seconds(1);
/// How long exchanges gather before a recorder thread takes them: waking it is a system call on a
/// data thread, which costs more than handing over an exchange.
constexpr auto kGather = std::chrono::milliseconds(2);
constexpr int64_t kThreadsMax = 64;
constexpr int64_t kQueueLenMax = 10'000'000;

compare::Answer answer_of(const proxy::SideResult& side) {
  return {.status = side.status,
          .headers = &side.headers.fields(),
          .body = side.body,
          .complete = side.complete && !side.over_budget};
}

compare::BodyKind body_kind(const proxy::Exchange& exchange) {
  const auto& routes = exchange.migration->routes;
  if (exchange.route < 0 || static_cast<size_t>(exchange.route) >= routes.size()) {
    return compare::BodyKind::kAuto;
  }
  const auto kind = compare::parse_body_kind(routes[static_cast<size_t>(exchange.route)].compare);
  return kind.ok() ? *kind : compare::BodyKind::kAuto;
}

/// Holds the answers side by side; the account says whether that was possible.
SettledExchange settle_account(const proxy::Exchange& exchange,
                               const compare::Comparator* comparator) {
  SettledExchange settled{.account = exchange.account, .reason = std::string(exchange.reason)};
  if (exchange.account != proxy::Account::kCompared) return settled;
  if (comparator == nullptr) {
    settled.account = proxy::Account::kNotComparable;
    settled.reason = "migration_removed";
    return settled;
  }
  const base::Clock& clock = base::system_clock();
  const int64_t start_ns = clock.steady_ns();
  settled.comparison = comparator->compare(answer_of(exchange.control),
                                           answer_of(exchange.candidate), body_kind(exchange));
  settled.comparison_us = static_cast<double>(clock.steady_ns() - start_ns) / 1e3;
  if (settled.comparison->outcome == compare::Outcome::kIncomparable) {
    settled.account = proxy::Account::kNotComparable;
    settled.reason = "incomparable";
  }
  return settled;
}

/// Holds the two answers of control side by side, as if the second were the candidate's.
void settle_noise(const proxy::Exchange& exchange, const compare::Comparator* comparator,
                  SettledExchange& settled) {
  settled.noise_account = exchange.noise->account;
  settled.noise_reason = exchange.noise->reason;
  if (settled.noise_account != proxy::NoiseAccount::kTaken) return;
  if (comparator == nullptr) {
    settled.noise_account = proxy::NoiseAccount::kFailed;
    settled.noise_reason = "migration_removed";
  } else {
    compare::Comparison comparison = comparator->compare(
        answer_of(exchange.control), answer_of(exchange.noise->answer), body_kind(exchange));
    if (comparison.outcome == compare::Outcome::kIncomparable) {
      settled.noise_account = proxy::NoiseAccount::kFailed;
      settled.noise_reason = "incomparable";
    } else {
      settled.noise_comparison = std::move(comparison);
    }
  }
  exchange.accounting->count(settled.noise_account);
}

void note_candidate_call(const proxy::Exchange& exchange, CandidateCalls& calls) {
  if (!exchange.candidate.called || exchange.client_aborted) return;
  if (flags::has_shadow(exchange.mode) && exchange.control.called) {
    calls.note(exchange.migration->name, judge::Population::kPaired, exchange.unix_ns);
  }
  if (flags::serving_side(exchange.mode) == flags::Service::kCandidate) {
    calls.note(exchange.migration->name, judge::Population::kCutover, exchange.unix_ns);
  }
}

}  // namespace

base::Result<RecorderOptions> RecorderOptions::parse(const base::ConfigNode& node) {
  TRY(node.only_keys({"threads", "queue_len_max", "queue_bytes_max"}));
  RecorderOptions options;
  if (const base::ConfigNode* threads = node.find("threads")) {
    TRY_ASSIGN(const int64_t count, threads->as_int(1, kThreadsMax));
    options.threads = static_cast<int>(count);
  }
  if (const base::ConfigNode* length = node.find("queue_len_max")) {
    TRY_ASSIGN(const int64_t count, length->as_int(1, kQueueLenMax));
    options.queue_len_max = static_cast<size_t>(count);
  }
  if (const base::ConfigNode* bytes = node.find("queue_bytes_max")) {
    TRY_ASSIGN(options.queue_bytes_max, bytes->as_bytes());
  }
  return options;
}

uint64_t held_bytes(const proxy::Exchange& exchange) {
  const auto side = [](const proxy::SideResult& result) {
    return result.body.capacity() + result.headers.text_bytes() + result.error_detail.capacity();
  };
  const uint64_t noise = exchange.noise == nullptr ? 0 : side(exchange.noise->answer);
  return sizeof exchange + exchange.target.capacity() + side(exchange.control) +
         side(exchange.candidate) + noise;
}

ExchangeRecorder::ExchangeRecorder(store::EventStore& store, const RecorderOptions& options)
    : options_(options),
      writer_(store, options.writer),
      queue_(options.queue_len_max),
      comparators_(std::make_shared<const Comparators>()) {
  for (int i = 0; i < options_.threads; ++i) threads_.emplace_back([this, i] { run(i); });
}

ExchangeRecorder::~ExchangeRecorder() {
  queue_.close();
  for (std::thread& thread : threads_) thread.join();
}

bool ExchangeRecorder::emit(std::unique_ptr<proxy::Exchange>& exchange) {
  const uint64_t bytes = held_bytes(*exchange);
  const uint64_t waiting = waiting_.fetch_add(1, std::memory_order_relaxed);
  const uint64_t held = waiting_bytes_.fetch_add(bytes, std::memory_order_relaxed);
  if (waiting < options_.queue_len_max && held + bytes <= options_.queue_bytes_max &&
      queue_.try_push(exchange)) {
    taken_.fetch_add(1, std::memory_order_relaxed);
    return true;
  }
  waiting_.fetch_sub(1, std::memory_order_relaxed);
  waiting_bytes_.fetch_sub(bytes, std::memory_order_relaxed);
  refused_.fetch_add(1, std::memory_order_relaxed);
  return false;
}

void ExchangeRecorder::run(int number) {
  pthread_setname_np(pthread_self(), base::cat("recorder-", number).c_str());
  std::vector<std::unique_ptr<proxy::Exchange>> taken;
  while (queue_.pop_all(taken, kQueueWait, kGather)) {
    if (before_comparing_ && !taken.empty()) before_comparing_();
    const std::shared_ptr<const Comparators> current = comparators();
    for (std::unique_ptr<proxy::Exchange>& exchange : taken) {
      const uint64_t bytes = held_bytes(*exchange);
      settle(*exchange, *current);
      exchange.reset();
      waiting_bytes_.fetch_sub(bytes, std::memory_order_relaxed);
      if (waiting_.fetch_sub(1, std::memory_order_acq_rel) == 1) {
        const std::lock_guard lock(settled_mutex_);
        settled_.notify_all();
      }
    }
    taken.clear();
  }
}

void ExchangeRecorder::settle(const proxy::Exchange& exchange, const Comparators& comparators) {
  const auto found = comparators.find(exchange.migration->name);
  const compare::Comparator* comparator =
      found == comparators.end() ? nullptr : found->second.get();
  SettledExchange settled = settle_account(exchange, comparator);
  if (comparator != nullptr) settled.rules = &comparator->rules();
  if (exchange.account == proxy::Account::kCompared) exchange.accounting->count(settled.account);
  if (exchange.noise != nullptr) settle_noise(exchange, comparator, settled);
  if (settled.noise_comparison) keep_noise(exchange, *comparator, *settled.noise_comparison);
  if (settled.comparison) keep_groups(exchange, *comparator, settled);
  if (!options_.write_events) return;
  note_candidate_call(exchange, candidate_calls_);
  write_exchange(exchange, settled, writer_);
}

void ExchangeRecorder::keep_groups(const proxy::Exchange& exchange,
                                   const compare::Comparator& comparator,
                                   SettledExchange& settled) {
  const compare::Comparison& comparison = *settled.comparison;
  if (comparison.differences.empty() && comparison.rule_hits.empty()) return;
  const std::lock_guard lock(groups_mutex_);
  const auto found = groups_.find(exchange.migration->name);
  if (found == groups_.end() || found->second.comparator.get() != &comparator) return;
  MigrationDifferences& kept = found->second.differences;
  for (const compare::Difference& difference : comparison.differences) {
    kept.groups.add(route_name(exchange), difference);
  }
  if (!kept.noise.empty()) {
    for (const compare::Difference& difference : comparison.differences) {
      const auto noise =
          kept.noise.find(route_name(exchange), difference.path_pattern, difference.dimension);
      settled.noise_of_differences.push_back(noise && noise->noisy() ? noise->rate_low : 0);
    }
  }
  if (kept.rule_hits.size() < comparison.rule_hits.size()) {
    kept.rule_hits.resize(comparison.rule_hits.size());
  }
  for (size_t i = 0; i < comparison.rule_hits.size(); ++i) {
    kept.rule_hits[i] += comparison.rule_hits[i];
  }
}

void ExchangeRecorder::keep_noise(const proxy::Exchange& exchange,
                                  const compare::Comparator& comparator,
                                  const compare::Comparison& comparison) {
  const std::lock_guard lock(groups_mutex_);
  const auto found = groups_.find(exchange.migration->name);
  if (found == groups_.end() || found->second.comparator.get() != &comparator) return;
  found->second.differences.noise.add(route_name(exchange), comparison);
}

void ExchangeRecorder::set_comparators(Comparators comparators) {
  {
    const std::lock_guard lock(groups_mutex_);
    std::erase_if(groups_, [&](const auto& entry) { return !comparators.contains(entry.first); });
    for (const auto& [migration, comparator] : comparators) {
      Kept& kept = groups_[migration];
      if (kept.comparator != comparator) kept = Kept{comparator, {}};
    }
  }
  auto next = std::make_shared<const Comparators>(std::move(comparators));
  const std::lock_guard lock(comparators_mutex_);
  comparators_.swap(next);
}

std::shared_ptr<const Comparators> ExchangeRecorder::comparators() const {
  const std::lock_guard lock(comparators_mutex_);
  return comparators_;
}

MigrationDifferences ExchangeRecorder::differences(std::string_view migration) const {
  const std::lock_guard lock(groups_mutex_);
  const auto found = groups_.find(migration);
  return found == groups_.end() ? MigrationDifferences{} : found->second.differences;
}

RecorderStats ExchangeRecorder::stats() const {
  return {.exchanges = taken_.load(std::memory_order_relaxed),
          .exchanges_refused = refused_.load(std::memory_order_relaxed),
          .waiting = waiting_.load(std::memory_order_relaxed),
          .waiting_bytes = waiting_bytes_.load(std::memory_order_relaxed),
          .events_written = writer_.events_written(),
          .events_dropped = writer_.events_dropped()};
}

void ExchangeRecorder::flush() {
  {
    std::unique_lock lock(settled_mutex_);
    settled_.wait(lock, [this] { return waiting_.load(std::memory_order_acquire) == 0; });
  }
  writer_.flush();
}

}  // namespace understudy::app
