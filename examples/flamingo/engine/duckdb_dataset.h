#pragma once

#include <atomic>
#include <memory>

#include "engine/dataset.h"

namespace flamingo {

/// In which unit the engine hands out times. DuckDB stores microseconds; the contract with
/// Flamingo says milliseconds.
enum class TimeResolution {
  kMicroseconds,  // as stored: Data Engine 1.0
  kMilliseconds,  // as agreed: Data Engine 1.1
};

struct DuckDbOptions {
  LoadOptions load;
  int threads = 1;  // that one query may use
  /// Read at every answer, so that a new version can be deployed without reading the data again.
  std::shared_ptr<const std::atomic<TimeResolution>> resolution;
};

/// Loads the Parquet objects of a dataset into DuckDB: one copy of the rows in each order of the
/// manifest, of which a query reads the one that its condition narrows best.
class DuckDbLoader final : public DatasetLoader {
 public:
  explicit DuckDbLoader(DuckDbOptions options) : options_(std::move(options)) {}
  Outcome<std::shared_ptr<Dataset>> load(const Manifest& manifest, ObjectStore& store) override;

 private:
  DuckDbOptions options_;
};

}  // namespace flamingo
