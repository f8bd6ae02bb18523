#pragma once

// A sink that keeps what it gets. Header only: not in the product.

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <vector>

#include "proxy/exchange.h"
#include "proxy/testing/socket.h"

namespace understudy::proxy::testing {

/// Keeps every exchange for the test to look at, and books comparisons as the recorder does.
class ExchangeCollector final : public ExchangeSink {
 public:
  bool emit(std::unique_ptr<Exchange>& exchange) override {
    {
      std::unique_lock lock(mutex_);
      if (holding_) {
        ++held_;
        changed_.notify_all();
        changed_.wait_for(lock, std::chrono::seconds(kPatienceSeconds), [&] { return !holding_; });
      }
      if (refuse_) return false;
      if (exchange->account == Account::kCompared) exchange->accounting->count(Account::kCompared);
      exchanges_.push_back(std::move(exchange));
    }
    changed_.notify_all();
    return true;
  }
  /// The n-th exchange, counted from 0, or null when it did not come in time.
  const Exchange* at(size_t index) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::seconds(kPatienceSeconds),
                      [&] { return exchanges_.size() > index; });
    return index < exchanges_.size() ? exchanges_[index].get() : nullptr;
  }
  size_t count() const {
    const std::lock_guard lock(mutex_);
    return exchanges_.size();
  }
  /// From now on as a recorder that cannot keep up.
  void refuse_all() {
    const std::lock_guard lock(mutex_);
    refuse_ = true;
  }
  /// Holds every thread that comes with an exchange, and with it the worker, until release().
  void hold() {
    const std::lock_guard lock(mutex_);
    holding_ = true;
  }
  bool wait_for_held(int threads) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(kPatienceSeconds),
                             [&] { return held_ >= threads; });
  }
  void release() {
    {
      const std::lock_guard lock(mutex_);
      holding_ = false;
    }
    changed_.notify_all();
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::unique_ptr<Exchange>> exchanges_;
  bool refuse_ = false;
  bool holding_ = false;
  int held_ = 0;
};

}  // namespace understudy::proxy::testing
