#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "data/catalog.h"
#include "data/object_store.h"
#include "engine/data_manager.h"
#include "engine/duckdb_dataset.h"
#include "engine/local_engine.h"
#include "engine/sqlite_dataset.h"

namespace flamingo {

/// A folder that is gone with the object.
class ScratchFolder {
 public:
  ScratchFolder();
  ~ScratchFolder();
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// An object store with 100,000 real flights of all months, written once for the test program.
ObjectStore& flights_store();

/// The old engine over those flights.
QueryEngine& sqlite_engine();

/// The new one, in a version of one's choice.
struct DuckDbEngine {
  std::shared_ptr<std::atomic<TimeResolution>> resolution;
  QueryEngine* engine;
};
DuckDbEngine duckdb_engine();

/// The schema of the flights.
const Schema& flights_schema();

}  // namespace flamingo
