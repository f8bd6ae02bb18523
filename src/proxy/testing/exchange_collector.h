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
      const std::lock_guard lock(mutex_);
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

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::unique_ptr<Exchange>> exchanges_;
  bool refuse_ = false;
};

}  // namespace understudy::proxy::testing
