#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "data/catalog.h"
#include "engine/duckdb_dataset.h"
#include "engine/query_engine.h"
#include "services/http_service.h"

namespace flamingo {

/// What Data Engine is made of. Everything outlives the service.
struct DataEngineParts {
  Catalog& catalog;
  QueryEngine& engine;
  std::shared_ptr<std::atomic<TimeResolution>> resolution;
};

/// "1.0" answers times as stored, "1.1" as agreed.
std::string data_engine_version(TimeResolution resolution);

/// Adds Data Engine's API to a server. README.md lists it.
void add_data_engine(HttpService& service, DataEngineParts parts);

}  // namespace flamingo
