#pragma once

#include <filesystem>

#include "data/manifest.h"
#include "data/object_store.h"

namespace flamingo {

struct FlightsExport {
  std::filesystem::path parquet;  // flights-3m.parquet of the npm package vega-datasets
  int64_t every = 1;              // keeps each n-th row: a smaller dataset over the same months
};

/// Writes the dataset "flights" to an object store: for each month one CSV and one Parquet object
/// with the same rows in the same order, and the manifest. Replaces what was there.
Outcome<Manifest> export_flights(const FlightsExport& what, ObjectStore& store);

}  // namespace flamingo
