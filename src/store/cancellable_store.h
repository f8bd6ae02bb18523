#pragma once

#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "store/event_store.h"

namespace understudy::store {

/// A store whose questions all end with one cancellation, so that what asks many of them (a query,
/// a verdict) need not know of it. Lifetime: the store outlives it. Threads: as the store.
class CancellableStore final : public EventStore {
 public:
  CancellableStore(EventStore& store, Cancellation cancellation)
      : store_(store), cancellation_(std::move(cancellation)) {}

  using EventStore::select;
  /// Ends with the store's cancellation; of the two, the one it was made with counts.
  base::Result<ResultTable> select(const Select& select, const Cancellation&) override {
    return store_.select(select, cancellation_);
  }
  base::Status append(std::span<const event::Event> events) override {
    return store_.append(events);
  }
  base::Status append_encoded(event::EncodedBatch batch) override {
    return store_.append_encoded(std::move(batch));
  }
  std::vector<DatasetInfo> datasets() override { return store_.datasets(); }
  base::Result<std::vector<DatasetColumn>> columns(std::string_view dataset) override {
    return store_.columns(dataset);
  }
  StoreStats stats() override { return store_.stats(); }

 private:
  EventStore& store_;
  const Cancellation cancellation_;
};

}  // namespace understudy::store
