#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "data/object_store.h"
#include "dialect/outcome.h"
#include "dialect/schema.h"

namespace flamingo {

/// One part of a dataset in the object store.
struct DataObject {
  std::string key;
  size_t bytes = 0;
  int64_t rows = 0;
};

/// What is known about a dataset before any of its data is read: the object
/// "<name>/dataset.json", and the item of a catalog. Immutable once read.
struct Manifest {
  Schema schema;  // stored and calculated fields
  std::vector<Field> stored;
  std::vector<DataObject> csv;      // in the order in which rows are loaded
  std::vector<DataObject> parquet;  // the same rows
  /// The orders in which rows are often asked for, each a list of stored fields: an index each in
  /// one engine, a sorted copy each in the other.
  std::vector<std::vector<std::string>> sorted_by;
  std::string text;  // the JSON it was read from
};

inline constexpr size_t kManifestBytesMax = 256 * 1024;
inline constexpr size_t kFieldsMax = 64;

/// "flights" -> "flights/dataset.json"
std::string manifest_key(std::string_view dataset);

/// Reads and checks a manifest. Anything wrong is a fault of type "InvalidManifest" that names the
/// place.
Outcome<Manifest> parse_manifest(std::string_view json);

/// Gets the manifest of a dataset from the object store. A name that could not be one, or has no
/// manifest, is a fault of type "UnknownDataset".
Outcome<Manifest> read_manifest(ObjectStore& store, std::string_view dataset);

}  // namespace flamingo
