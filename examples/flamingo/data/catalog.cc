#include "data/catalog.h"

#include <algorithm>
#include <mutex>

namespace flamingo {
namespace {

Fault unknown_dataset(std::string_view dataset) {
  return {FaultKind::kNotFound, "UnknownDataset",
          "there is no dataset '" + std::string(dataset.substr(0, 64)) + "'"};
}

}  // namespace

Fault throughput_exceeded() {
  return {FaultKind::kThrottled, "ProvisionedThroughputExceededException",
          "The level of configured provisioned throughput for the table was exceeded. Consider "
          "increasing your provisioning level with the UpdateTable API."};
}

double read_units(size_t item_bytes) {
  return std::max(1.0, static_cast<double>((item_bytes + 4095) / 4096));
}

Done EmbeddedCatalog::register_all(ObjectStore& store) {
  constexpr std::string_view kSuffix = "/dataset.json";
  TRY_OUTCOME(const auto objects, store.list(""));
  for (const ObjectInfo& object : objects) {
    const std::string_view key = object.key;
    if (key.size() <= kSuffix.size() || key.substr(key.size() - kSuffix.size()) != kSuffix)
      continue;
    TRY_OUTCOME(Manifest manifest,
                read_manifest(store, key.substr(0, key.size() - kSuffix.size())));
    register_dataset(std::move(manifest));
  }
  return done();
}

void EmbeddedCatalog::register_dataset(Manifest manifest) {
  const std::unique_lock lock(mutex_);
  const std::string name = manifest.schema.dataset;
  items_[name] = std::make_shared<const Manifest>(std::move(manifest));
}

Outcome<std::shared_ptr<const Manifest>> EmbeddedCatalog::locate(std::string_view dataset) {
  const std::shared_lock lock(mutex_);
  const auto item = items_.find(dataset);
  const size_t bytes = item == items_.end() ? 0 : item->second->text.size();
  if (!bucket_.take(read_units(bytes))) return throughput_exceeded();
  if (item == items_.end()) return unknown_dataset(dataset);
  return item->second;
}

Done EmbeddedCatalog::set_capacity(double units_per_second) {
  if (!(units_per_second >= 1 && units_per_second <= 1e9)) {
    return bad_request("ValidationException", "read_units_per_second is at least 1");
  }
  bucket_.set_rate(units_per_second);
  return done();
}

Outcome<std::shared_ptr<const Manifest>> StoreCatalog::locate(std::string_view dataset) {
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = read_.find(dataset); found != read_.end()) return found->second;
  }
  TRY_OUTCOME(Manifest manifest, read_manifest(store_, dataset));
  const std::lock_guard lock(mutex_);
  return read_[std::string(dataset)] = std::make_shared<const Manifest>(std::move(manifest));
}

Done StoreCatalog::set_capacity(double) {
  return bad_request("ValidationException", "this catalog has no provisioned capacity");
}

Outcome<double> StoreCatalog::capacity() {
  return bad_request("ValidationException", "this catalog has no provisioned capacity");
}

}  // namespace flamingo
