#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

namespace understudy::proxy {

/// Connections beyond the bound that one worker answers with 503 at once; further ones are closed
/// without a word.
inline constexpr uint32_t kTurnedAwayPerWorkerMax = 8;

/// The client connections of one address, over all workers: how many are open, and the most that
/// may be. Threads: any. Cost: an atomic addition per connection.
class ClientConnections : public std::enable_shared_from_this<ClientConnections> {
 public:
  /// Room for one connection for as long as it lives.
  class Place {
   public:
    explicit Place(std::shared_ptr<ClientConnections> of) : of_(std::move(of)) {}
    Place(Place&& other) noexcept = default;
    Place& operator=(Place&&) = delete;
    ~Place() {
      if (of_ != nullptr) of_->open_.fetch_sub(1, std::memory_order_relaxed);
    }

   private:
    std::shared_ptr<ClientConnections> of_;
  };

  /// Nothing when as many are open as may be.
  std::optional<Place> take_place() {
    if (open_.fetch_add(1, std::memory_order_relaxed) < max()) return Place(shared_from_this());
    open_.fetch_sub(1, std::memory_order_relaxed);
    return std::nullopt;
  }

  uint64_t open() const { return open_.load(std::memory_order_relaxed); }
  uint64_t max() const { return max_.load(std::memory_order_relaxed); }
  /// Takes effect on later connections; those that are open stay.
  void set_max(uint64_t max) { max_.store(max, std::memory_order_relaxed); }

  /// Counts a refusal towards the next line in the log. How many there were since the last line,
  /// when one is due: at most every `kLogEveryNs`.
  std::optional<uint64_t> refusals_to_log(int64_t now_ns) {
    unlogged_.fetch_add(1, std::memory_order_relaxed);
    int64_t due_ns = log_due_ns_.load(std::memory_order_relaxed);
    if (now_ns < due_ns) return std::nullopt;
    if (!log_due_ns_.compare_exchange_strong(due_ns, now_ns + kLogEveryNs)) return std::nullopt;
    return unlogged_.exchange(0, std::memory_order_relaxed);
  }

 private:
  static constexpr int64_t kLogEveryNs = 10'000'000'000;

  std::atomic<uint64_t> open_{0};
  std::atomic<uint64_t> max_{0};
  std::atomic<uint64_t> unlogged_{0};
  std::atomic<int64_t> log_due_ns_{0};
};

}  // namespace understudy::proxy
