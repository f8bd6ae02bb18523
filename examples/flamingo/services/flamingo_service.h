#pragma once

#include <functional>
#include <string>

#include "data/catalog.h"
#include "dialect/outcome.h"
#include "engine/query_engine.h"
#include "services/http_service.h"

namespace flamingo {

/// What the monolith is made of. Everything outlives the service.
struct FlamingoParts {
  Catalog& catalog;         // schemas for the grammar
  QueryEngine& local;       // its own engine: POST /query
  QueryEngine& engine;      // what charts are answered by: the local one, or the rehearsal
  std::string vega_folder;  // node_modules with vega, vega-lite, vega-embed
  std::function<std::string()> status_json;  // GET /api/status
};

/// Adds Flamingo's API and pages to a server. README.md lists them.
void add_flamingo(HttpService& service, FlamingoParts parts);

}  // namespace flamingo
