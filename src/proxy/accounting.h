#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string_view>

namespace understudy::proxy {

/// Where one request ended up with regard to comparison; each request in exactly one.
enum class Account : uint8_t {
  kNotSampled,  // the mode asked for no comparison, and nothing went wrong beside
  kCompared,    // both answers were compared
  kShed,        // a bound of ours kept the shadow from being called, or the result from being seen
  kTooLarge,    // a body went past its byte budget
  kTimedOut,    // the shadow did not answer within its deadline
  kFailed,      // a side could not be reached, broke off or broke the protocol
  kClientAborted,  // the client went away first
  kNotComparable,  // both answered, but the answers cannot be compared
};
inline constexpr size_t kAccountCount = 8;
/// "not_sampled", ...: the value of `evaluation.accounting`.
std::string_view name(Account account);

/// What became of the second call to control that a sampled evaluation makes. Kept apart from the
/// accounts of requests: whatever happens to it, its evaluation stays where it is.
enum class NoiseAccount : uint8_t {
  kTaken,   // both answers of control were compared
  kShed,    // a bound of ours kept it from being made, or its result from being seen
  kFailed,  // one of the two answers did not come whole, in time, or comparable
};
inline constexpr size_t kNoiseAccountCount = 3;
/// "taken", ...: the value of `noise.accounting`.
std::string_view name(NoiseAccount account);

/// The books of one migration since the start: requests = sum of all accounts, once nothing is
/// under way; likewise noise_sampled = sum of the noise accounts. Threads: any; each number is
/// exact, the set is not one moment.
class Accounting {
 public:
  void count_request() { add(requests_); }
  void count(Account account) { add(accounts_[static_cast<size_t>(account)]); }
  void count_dropped_record() { add(records_dropped_); }
  void count_noise_sample() { add(noise_sampled_); }
  void count(NoiseAccount account) { add(noise_[static_cast<size_t>(account)]); }
  void count_refused_connection() { add(connections_refused_); }
  void count_opened_circuit() { add(circuits_opened_); }
  /// Whether an open circuit may be told in the log now: over all workers once in `kLogEveryNs`.
  bool may_tell_of_circuit(int64_t now_ns) {
    int64_t due_ns = circuit_log_due_ns_.load(std::memory_order_relaxed);
    return now_ns >= due_ns &&
           circuit_log_due_ns_.compare_exchange_strong(due_ns, now_ns + kLogEveryNs);
  }

  uint64_t requests() const { return requests_.load(std::memory_order_relaxed); }
  uint64_t of(Account account) const {
    return accounts_[static_cast<size_t>(account)].load(std::memory_order_relaxed);
  }
  /// Requests that are accounted for; below `requests()` by those under way.
  uint64_t settled() const;
  /// Evaluations whose event was dropped because the recorder could not keep up.
  uint64_t records_dropped() const { return records_dropped_.load(std::memory_order_relaxed); }
  /// Evaluations that were chosen for a second call to control.
  uint64_t noise_sampled() const { return noise_sampled_.load(std::memory_order_relaxed); }
  /// Those of them that are accounted for.
  uint64_t noise_settled() const;
  uint64_t of(NoiseAccount account) const {
    return noise_[static_cast<size_t>(account)].load(std::memory_order_relaxed);
  }
  /// Client connections beyond the bound; none of their requests is among `requests`.
  uint64_t connections_refused() const {
    return connections_refused_.load(std::memory_order_relaxed);
  }
  /// How often a worker stopped calling the shadow because it gave no answers.
  uint64_t circuits_opened() const { return circuits_opened_.load(std::memory_order_relaxed); }

 private:
  static constexpr int64_t kLogEveryNs = 5'000'000'000;

  static void add(std::atomic<uint64_t>& counter) {
    counter.fetch_add(1, std::memory_order_relaxed);
  }

  std::atomic<uint64_t> requests_{0};
  std::array<std::atomic<uint64_t>, kAccountCount> accounts_{};
  std::atomic<uint64_t> records_dropped_{0};
  std::atomic<uint64_t> noise_sampled_{0};
  std::array<std::atomic<uint64_t>, kNoiseAccountCount> noise_{};
  std::atomic<uint64_t> connections_refused_{0};
  std::atomic<uint64_t> circuits_opened_{0};
  std::atomic<int64_t> circuit_log_due_ns_{0};
};

}  // namespace understudy::proxy
