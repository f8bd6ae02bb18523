#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "store/duckdb/dataset.h"

namespace understudy::store {

/// All datasets of a store. One that was made stays. Threads: any.
class Datasets {
 public:
  explicit Datasets(DatasetOptions options) : options_(options) {}

  Dataset* find(std::string_view name) const {
    const std::lock_guard lock(mutex_);
    const auto found = datasets_.find(name);
    return found == datasets_.end() ? nullptr : found->second.get();
  }
  /// Null when there would be more than kDatasetsMax.
  Dataset* find_or_make(std::string_view name) {
    const std::lock_guard lock(mutex_);
    auto found = datasets_.find(name);
    if (found == datasets_.end()) {
      if (datasets_.size() >= kDatasetsMax) return nullptr;
      found = datasets_
                  .emplace(std::string(name),
                           std::make_unique<Dataset>(std::string(name), options_, tail_bytes_))
                  .first;
    }
    return found->second.get();
  }
  /// By name.
  std::vector<Dataset*> all() const {
    const std::lock_guard lock(mutex_);
    std::vector<Dataset*> out;
    for (const auto& [name, dataset] : datasets_) out.push_back(dataset.get());
    return out;
  }
  /// Memory of all tails.
  std::uint64_t tail_bytes() const { return tail_bytes_; }

 private:
  const DatasetOptions options_;
  std::atomic<std::uint64_t> tail_bytes_ = 0;
  mutable std::mutex mutex_;
  std::map<std::string, std::unique_ptr<Dataset>, std::less<>> datasets_;
};

}  // namespace understudy::store
