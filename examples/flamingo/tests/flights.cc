#include "tests/flights.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <optional>

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

/// What tests share, each part made when the first test asks for it. Gone before main() returns:
/// DuckDB's thread-local state does not live longer, and closing a database touches it.
class Shared final : public testing::Environment {
 public:
  void TearDown() override {
    duckdb_.reset();
    sqlite_.reset();
    exported_.reset();
  }

  ObjectStore& store() {
    if (!exported_) exported_.emplace();
    return exported_->store;
  }
  QueryEngine& sqlite() {
    store();
    if (!sqlite_) sqlite_.emplace(SqliteLoader(LoadOptions{}));
    return sqlite_->engine;
  }
  DuckDbEngine duckdb() {
    store();
    if (!duckdb_) duckdb_.emplace(DuckDbLoader({{}, 1, resolution_}));
    return {resolution_, &duckdb_->engine};
  }

 private:
  const std::shared_ptr<std::atomic<TimeResolution>> resolution_ =
      std::make_shared<std::atomic<TimeResolution>>(TimeResolution::kMilliseconds);
  std::optional<Exported> exported_;
  std::optional<Assembly<SqliteLoader>> sqlite_;
  std::optional<Assembly<DuckDbLoader>> duckdb_;
};

auto* const shared =
    static_cast<Shared*>(testing::AddGlobalTestEnvironment(new Shared));  // which owns it

}  // namespace

ScratchFolder::ScratchFolder() {
  std::string pattern = (std::filesystem::temp_directory_path() / "flamingo-test-XXXXXX").string();
  path_ = mkdtemp(pattern.data());
}

ScratchFolder::~ScratchFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

ObjectStore& flights_store() { return shared->store(); }
QueryEngine& sqlite_engine() { return shared->sqlite(); }
DuckDbEngine duckdb_engine() { return shared->duckdb(); }

const Schema& flights_schema() {
  static const Manifest manifest = *read_manifest(flights_store(), "flights");
  return manifest.schema;
}

}  // namespace flamingo
