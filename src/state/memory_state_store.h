#pragma once

#include <atomic>
#include <map>
#include <mutex>
#include <utility>

#include "state/memory_document_store.h"
#include "state/state_store.h"

namespace understudy::state {

/// A StateStore that forgets when it ends: the fake for tests and for a server without a data
/// folder. Keeps the whole contract but durability. Bound: kHistoryEntriesMax entries, then
/// changes are refused with kLimit.
class MemoryStateStore final : public StateStore {
 public:
  static constexpr size_t kHistoryEntriesMax = 100'000;

  explicit MemoryStateStore(const base::Clock& clock = base::system_clock());

  /// As on a disk that fails: the keys cannot be read.
  std::atomic<bool> api_keys_unreadable{false};

  DocumentStore& documents() override { return documents_; }
  DocumentStore& results() override { return results_; }

 private:
  base::Status update(ItemKind kind, std::string_view key, const Decide& decide) override;
  base::Result<Contents> load(const Selection& selection) override;
  base::Result<std::vector<HistoryEntry>> select_history(const HistoryQuery& query) override;
  base::Result<int64_t> insert_marker(const Marker& marker) override;
  base::Result<std::vector<Marker>> select_markers(const MarkerQuery& query) override;
  base::Status update_marker(const Marker& marker) override;
  base::Status delete_marker(int64_t id) override;
  base::Status insert_api_key(const ApiKey& key) override;
  base::Status update_api_key(const ApiKey& key) override;
  base::Result<std::vector<ApiKey>> select_api_keys() override;

  int64_t append(Marker marker);

  MemoryDocumentStore documents_;
  MemoryDocumentStore results_;

  std::mutex mutex_;
  std::map<std::pair<ItemKind, std::string>, Record> records_;
  std::vector<HistoryEntry> history_;  // by id
  std::vector<Marker> markers_;        // by id
  std::vector<ApiKey> api_keys_;       // oldest first
};

}  // namespace understudy::state
