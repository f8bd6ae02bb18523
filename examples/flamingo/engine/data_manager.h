#pragma once

#include <cstddef>
#include <future>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "data/catalog.h"
#include "data/object_store.h"
#include "engine/dataset.h"

namespace flamingo {

/// A dataset and what is known about it. Both stay valid while held, even when evicted.
struct OpenDataset {
  std::shared_ptr<const Manifest> manifest;
  std::shared_ptr<Dataset> rows;
};

/// Brings datasets from the object store into memory when they are first asked for, and keeps them
/// while they fit: when all together take more than `bytes_max`, the least recently used ones go.
/// A dataset that several threads ask for is loaded once; one that fails to load is tried again at
/// the next request.
/// Threads: any number at once. Cost: the catalog is asked at every open().
class DataManager {
 public:
  DataManager(Catalog& catalog, ObjectStore& store, DatasetLoader& loader, size_t bytes_max);

  Outcome<OpenDataset> open(std::string_view dataset);

  size_t bytes() const;

 private:
  using Loading = std::shared_future<Outcome<std::shared_ptr<Dataset>>>;
  struct Entry {
    Loading rows;
    size_t bytes = 0;  // 0 until loaded
    std::list<std::string>::iterator used;
  };

  Outcome<std::shared_ptr<Dataset>> rows_of(const Manifest& manifest);
  void loaded(const std::string& name, const Outcome<std::shared_ptr<Dataset>>& rows);

  Catalog& catalog_;
  ObjectStore& store_;
  DatasetLoader& loader_;
  const size_t bytes_max_;

  mutable std::mutex mutex_;
  std::map<std::string, Entry, std::less<>> entries_;
  std::list<std::string> used_;  // most recently used first
  size_t bytes_ = 0;
};

}  // namespace flamingo
