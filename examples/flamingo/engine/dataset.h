#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "data/manifest.h"
#include "data/object_store.h"
#include "dialect/binder.h"
#include "dialect/outcome.h"
#include "dialect/result_set.h"

namespace flamingo {

/// A dataset in memory, ready to be asked. Immutable.
/// Threads: run() may be called by any number of threads at once; it waits for one of a bounded
/// number of connections.
class Dataset {
 public:
  virtual ~Dataset() = default;
  virtual Outcome<ResultSet> run(const BoundQuery& query) = 0;
  /// Memory that the rows take, for the data manager's bound.
  virtual size_t bytes() const = 0;
};

struct LoadOptions {
  std::optional<int64_t> rows_max = std::nullopt;  // only the first rows; all when absent
  size_t bytes_max = size_t{2} << 30;              // a dataset that takes more is refused
  int connections = 4;                             // queries that run at once on one dataset
};

/// Reads the objects of a dataset into memory.
class DatasetLoader {
 public:
  virtual ~DatasetLoader() = default;
  virtual Outcome<std::shared_ptr<Dataset>> load(const Manifest& manifest, ObjectStore& store) = 0;
};

}  // namespace flamingo
