#pragma once

#include <map>
#include <memory>
#include <shared_mutex>
#include <string>
#include <string_view>

#include "data/manifest.h"
#include "data/object_store.h"
#include "data/token_bucket.h"
#include "dialect/outcome.h"

namespace flamingo {

/// Knows where data lives: the manifest of each dataset.
/// Threads: any number at once.
class Catalog {
 public:
  virtual ~Catalog() = default;
  /// A dataset that is not registered is a fault of type "UnknownDataset"; a catalog that is asked
  /// more often than provisioned answers "ProvisionedThroughputExceededException".
  virtual Outcome<std::shared_ptr<const Manifest>> locate(std::string_view dataset) = 0;

  /// Changes the provisioned read capacity, in units a second. One unit reads 4 KiB.
  virtual Done set_capacity(double units_per_second) = 0;
  virtual Outcome<double> capacity() = 0;
};

/// The fault of a read above the provisioned capacity, in the words of DynamoDB.
Fault throughput_exceeded();

/// Read units that an item of so many bytes costs, strongly consistent.
double read_units(size_t item_bytes);

/// A catalog in the process, provisioned like a table of a key-value service: each locate() costs
/// the read units of the dataset's item, and one that finds too few is refused.
class EmbeddedCatalog final : public Catalog {
 public:
  EmbeddedCatalog(double units_per_second, double burst_seconds)
      : bucket_(units_per_second, burst_seconds) {}

  /// Registers every dataset whose manifest is in the object store.
  Done register_all(ObjectStore& store);
  void register_dataset(Manifest manifest);

  Outcome<std::shared_ptr<const Manifest>> locate(std::string_view dataset) override;
  Done set_capacity(double units_per_second) override;
  Outcome<double> capacity() override { return bucket_.rate(); }

 private:
  TokenBucket bucket_;
  mutable std::shared_mutex mutex_;
  std::map<std::string, std::shared_ptr<const Manifest>, std::less<>> items_;
};

/// What the monolith does: manifests come straight from the object store and are kept. Nothing is
/// provisioned, so there is no capacity to change.
class StoreCatalog final : public Catalog {
 public:
  explicit StoreCatalog(ObjectStore& store) : store_(store) {}

  Outcome<std::shared_ptr<const Manifest>> locate(std::string_view dataset) override;
  Done set_capacity(double units_per_second) override;
  Outcome<double> capacity() override;

 private:
  ObjectStore& store_;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<const Manifest>, std::less<>> read_;
};

}  // namespace flamingo
