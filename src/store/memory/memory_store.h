#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "store/event_store.h"

namespace understudy::store {

struct MemoryStoreOptions {
  std::size_t events_in_memory_max = 1'000'000;  // per dataset; then the oldest appended go
};

/// The plain engine: events in a list, every question a walk over it. The oracle other engines are
/// compared with, and what tests and the simulation use. Nothing survives the process.
/// Threads: one lock around everything. Cost: linear in events, for each question.
class MemoryStore final : public EventStore {
 public:
  explicit MemoryStore(MemoryStoreOptions options = {});

  base::Status append(std::span<const event::Event> events) override;
  using EventStore::select;
  base::Result<ResultTable> select(const Select& select, const Cancellation& cancellation) override;
  std::vector<DatasetInfo> datasets() override;
  base::Result<std::vector<DatasetColumn>> columns(std::string_view dataset) override;
  StoreStats stats() override;

 private:
  struct Row {
    std::int64_t time_ns;
    std::uint32_t rate;
    std::vector<std::pair<std::uint32_t, event::Value>> fields;  // by column id, sorted, no nulls
  };
  struct Dataset {
    std::deque<Row> rows;
    std::map<std::uint32_t, std::set<event::Type>> columns;
  };

  const MemoryStoreOptions options_;
  std::mutex mutex_;
  std::map<std::string, Dataset, std::less<>> datasets_;
  StoreStats stats_;
};

}  // namespace understudy::store
