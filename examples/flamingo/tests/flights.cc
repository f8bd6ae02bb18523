#include "tests/flights.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include "engine/flights_export.h"

namespace flamingo {
namespace {

constexpr int64_t kEvery = 30;  // of 3,000,000

/// One engine with everything under it.
template <class Loader>
struct Assembly {
  explicit Assembly(Loader chosen) : loader(std::move(chosen)) {}
  StoreCatalog catalog{flights_store()};
  Loader loader;
  DataManager data{catalog, flights_store(), loader, size_t{1} << 30};
  LocalEngine engine{data};
};

struct Exported {
  Exported() : store(folder.path()) {
    const auto manifest = export_flights(
        {.parquet = FLAMINGO_DEPS "/vega-datasets/flights-3m.parquet", .every = kEvery}, store);
    if (!manifest.ok()) ADD_FAILURE() << manifest.fault().message;
  }
  ScratchFolder folder;
  FolderStore store;
};

}  // namespace

ScratchFolder::ScratchFolder() {
  std::string pattern = (std::filesystem::temp_directory_path() / "flamingo-test-XXXXXX").string();
  path_ = mkdtemp(pattern.data());
}

ScratchFolder::~ScratchFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

ObjectStore& flights_store() {
  static Exported exported;
  return exported.store;
}

QueryEngine& sqlite_engine() {
  flights_store();
  static Assembly<SqliteLoader> assembly{SqliteLoader(LoadOptions{})};
  return assembly.engine;
}

DuckDbEngine& duckdb_engine() {
  flights_store();
  static const auto resolution =
      std::make_shared<std::atomic<TimeResolution>>(TimeResolution::kMilliseconds);
  static Assembly<DuckDbLoader> assembly{DuckDbLoader({{}, 1, resolution})};
  static DuckDbEngine engine{resolution, &assembly.engine};
  return engine;
}

const Schema& flights_schema() {
  static const Manifest manifest = *read_manifest(flights_store(), "flights");
  return manifest.schema;
}

}  // namespace flamingo
