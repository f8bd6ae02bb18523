#include "state/memory_state_store.h"

#include "base/text.h"

namespace understudy::state {

using base::cat;
using base::Result;

MemoryStateStore::MemoryStateStore(const base::Clock& clock)
    : StateStore(clock), documents_(clock, kDocumentLimits), results_(clock, kResultLimits) {}

base::Status MemoryStateStore::update(ItemKind kind, std::string_view key, const Decide& decide) {
  const std::lock_guard lock(mutex_);
  const auto found = records_.find({kind, std::string(key)});
  const bool is_new = found == records_.end();
  TRY_ASSIGN(std::optional<Write> write, decide(is_new ? nullptr : &found->second));
  if (!write) return base::ok_status();
  if ((is_new && records_.size() >= kRecordsMax) || history_.size() >= kHistoryEntriesMax) {
    return base::error(base::ErrorKind::kLimit,
                       cat("no room for another change of a ", name(kind)));
  }
  write->history.id = static_cast<int64_t>(history_.size()) + 1;
  history_.push_back(std::move(write->history));
  append(std::move(write->marker));
  records_[{kind, std::string(key)}] = std::move(write->record);
  return base::ok_status();
}

Result<StateStore::Contents> MemoryStateStore::load(const Selection& selection) {
  const std::lock_guard lock(mutex_);
  Contents contents;
  contents.newest_history_id = static_cast<int64_t>(history_.size());
  for (const auto& [id, record] : records_) {
    if (selection.kind && record.kind != *selection.kind) continue;
    if (!selection.key.empty() && record.key != selection.key) continue;
    contents.records.push_back(record);
  }
  return contents;
}

Result<std::vector<HistoryEntry>> MemoryStateStore::select_history(const HistoryQuery& query) {
  const std::lock_guard lock(mutex_);
  std::vector<HistoryEntry> entries;
  for (auto entry = history_.rbegin(); entry != history_.rend(); ++entry) {
    if (entries.size() >= static_cast<size_t>(query.limit)) break;
    if (query.before_id > 0 && entry->id >= query.before_id) continue;
    if (query.kind && entry->kind != *query.kind) continue;
    if (!query.key.empty() && entry->key != query.key) continue;
    entries.push_back(*entry);
  }
  return entries;
}

Result<int64_t> MemoryStateStore::insert_marker(const Marker& marker) {
  const std::lock_guard lock(mutex_);
  if (markers_.size() >= static_cast<size_t>(kMarkersMax)) {
    return base::error(base::ErrorKind::kLimit, cat("there are ", kMarkersMax, " markers already"));
  }
  return append(marker);
}

Result<std::vector<Marker>> MemoryStateStore::select_markers(const MarkerQuery& query) {
  const std::lock_guard lock(mutex_);
  std::vector<Marker> markers;
  for (auto marker = markers_.rbegin(); marker != markers_.rend(); ++marker) {
    if (markers.size() >= static_cast<size_t>(query.limit)) break;
    if (query.before_id > 0 && marker->id >= query.before_id) continue;
    if (!query.type.empty() && marker->type != query.type) continue;
    if (marker->end_time_ns.value_or(marker->time_ns) < query.from_ns) continue;
    if (query.until_ns && marker->time_ns >= *query.until_ns) continue;
    markers.push_back(*marker);
  }
  return markers;
}

base::Status MemoryStateStore::update_marker(const Marker& marker) {
  const std::lock_guard lock(mutex_);
  for (Marker& one : markers_) {
    if (one.id == marker.id) one = marker;
  }
  return base::ok_status();
}

base::Status MemoryStateStore::delete_marker(int64_t id) {
  const std::lock_guard lock(mutex_);
  std::erase_if(markers_, [id](const Marker& one) { return one.id == id; });
  return base::ok_status();
}

base::Status MemoryStateStore::insert_api_key(const ApiKey& key) {
  const std::lock_guard lock(mutex_);
  TRY(check_new_api_key(api_keys_, key));
  api_keys_.push_back(key);
  return base::ok_status();
}

base::Status MemoryStateStore::update_api_key(const ApiKey& key) {
  const std::lock_guard lock(mutex_);
  for (ApiKey& kept : api_keys_) {
    if (kept.id == key.id) kept = key;
  }
  return base::ok_status();
}

Result<std::vector<ApiKey>> MemoryStateStore::select_api_keys() {
  if (api_keys_unreadable) {
    return base::error(base::ErrorKind::kUnavailable, "disk I/O error");
  }
  const std::lock_guard lock(mutex_);
  return api_keys_;
}

int64_t MemoryStateStore::append(Marker marker) {
  marker.id = markers_.empty() ? 1 : markers_.back().id + 1;
  markers_.push_back(std::move(marker));
  return markers_.back().id;
}

}  // namespace understudy::state
