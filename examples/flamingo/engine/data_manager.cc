#include "engine/data_manager.h"

#include <iterator>

namespace flamingo {

DataManager::DataManager(Catalog& catalog, ObjectStore& store, DatasetLoader& loader,
                         size_t bytes_max)
    : catalog_(catalog), store_(store), loader_(loader), bytes_max_(bytes_max) {}

Outcome<OpenDataset> DataManager::open(std::string_view dataset) {
  OpenDataset open;
  TRY_OUTCOME(open.manifest, catalog_.locate(dataset));
  TRY_OUTCOME(open.rows, rows_of(*open.manifest));
  return open;
}

size_t DataManager::bytes() const {
  const std::lock_guard lock(mutex_);
  return bytes_;
}

Outcome<std::shared_ptr<Dataset>> DataManager::rows_of(const Manifest& manifest) {
  const std::string& name = manifest.schema.dataset;
  std::promise<Outcome<std::shared_ptr<Dataset>>> promise;
  Loading loading;
  bool is_mine = false;
  {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(name);
    if (found != entries_.end()) {
      used_.splice(used_.begin(), used_, found->second.used);
      loading = found->second.rows;
    } else {
      is_mine = true;
      loading = promise.get_future().share();
      used_.push_front(name);
      entries_[name] = {loading, 0, used_.begin()};
    }
  }
  if (is_mine) {
    auto rows = loader_.load(manifest, store_);
    loaded(name, rows);
    promise.set_value(std::move(rows));
  }
  return loading.get();
}

void DataManager::loaded(const std::string& name, const Outcome<std::shared_ptr<Dataset>>& rows) {
  const std::lock_guard lock(mutex_);
  const auto entry = entries_.find(name);
  if (!rows.ok()) {
    used_.erase(entry->second.used);
    entries_.erase(entry);
    return;
  }
  entry->second.bytes = (*rows)->bytes();
  bytes_ += entry->second.bytes;
  // The newest stays even when it is over the bound alone: the loader has its own.
  for (auto last = used_.rbegin(); bytes_ > bytes_max_ && last != used_.rend();) {
    const auto victim = entries_.find(*last);
    if (victim->second.bytes == 0 || victim == entry) {
      ++last;
      continue;
    }
    bytes_ -= victim->second.bytes;
    last = std::make_reverse_iterator(used_.erase(std::next(last).base()));
    entries_.erase(victim);
  }
}

}  // namespace flamingo
