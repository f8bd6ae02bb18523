#include <CLI/CLI.hpp>
#include <cstdio>
#include <thread>

#include "data/dynamo_catalog.h"
#include "engine/data_manager.h"
#include "engine/duckdb_dataset.h"
#include "engine/local_engine.h"
#include "services/data_engine_service.h"
#include "services/http_service.h"
#include "services/store_options.h"

namespace flamingo {
namespace {

struct Options {
  StoreOptions store;
  HttpServiceOptions http{.listen = "127.0.0.1:9002"};
  TimeResolution resolution = TimeResolution::kMicroseconds;
  int query_threads = 1;
  double read_capacity = 25;
  double burst_seconds = 2;
  std::string dynamodb_endpoint;
  std::string dynamodb_table = "flamingo-catalog";
};

void add_options(CLI::App& app, Options& options) {
  app.add_option("--listen", options.http.listen, "Address and port (0: any)")
      ->capture_default_str();
  app.add_option("--threads", options.http.threads, "Connections served at once")
      ->check(CLI::Range(1, 1024))
      ->capture_default_str();
  options.store.add_store_to(app);
  options.store.add_loading_to(app);
  app.add_option("--query-threads", options.query_threads, "Threads that one query may use")
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
  app.add_option("--time-unit", options.resolution,
                 "Unit of times in answers: us (version 1.0) or ms (version 1.1)")
      ->transform(CLI::Transformer(std::map<std::string, TimeResolution>{
          {"us", TimeResolution::kMicroseconds}, {"ms", TimeResolution::kMilliseconds}}));
  app.add_option("--read-capacity", options.read_capacity,
                 "Provisioned read units a second of the embedded catalog")
      ->check(CLI::Range(1.0, 1e9))
      ->capture_default_str();
  app.add_option("--burst-seconds", options.burst_seconds,
                 "Seconds of unused capacity that the embedded catalog keeps")
      ->check(CLI::Range(0.1, 300.0))
      ->capture_default_str();
  app.add_option("--dynamodb-endpoint", options.dynamodb_endpoint,
                 "DynamoDB service with the catalog, instead of the embedded one");
  app.add_option("--dynamodb-table", options.dynamodb_table, "Table of the catalog")
      ->capture_default_str();
}

Outcome<std::unique_ptr<Catalog>> open_catalog(const Options& options, ObjectStore& store) {
  if (!options.dynamodb_endpoint.empty()) {
    DynamoOptions dynamo;
    dynamo.endpoint = options.dynamodb_endpoint;
    dynamo.table = options.dynamodb_table;
    dynamo.credentials = credentials_from_environment(options.store.region);
    if (dynamo.credentials.access_key.empty()) {
      return bad_request("NoCredentials",
                         "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY for DynamoDB");
    }
    return std::unique_ptr<Catalog>(std::make_unique<DynamoCatalog>(std::move(dynamo)));
  }
  auto embedded = std::make_unique<EmbeddedCatalog>(options.read_capacity, options.burst_seconds);
  TRY_DONE(embedded->register_all(store));
  return std::unique_ptr<Catalog>(std::move(embedded));
}

int serve(Options options) {
  block_stop_signals();
  auto store = options.store.open();
  if (!store.ok()) return cannot_start("data-engine", store.fault());
  auto catalog = open_catalog(options, **store);
  if (!catalog.ok()) return cannot_start("data-engine", catalog.fault());
  const auto resolution = std::make_shared<std::atomic<TimeResolution>>(options.resolution);
  DuckDbLoader loader({options.store.load_options(), options.query_threads, resolution});
  DataManager data(**catalog, **store, loader, options.store.memory_bytes_max);
  LocalEngine engine(data);
  if (const auto loaded = preload(data, **store, options.store.preload); !loaded.ok()) {
    return cannot_start("data-engine", loaded.fault());
  }

  HttpService service(
      "data-engine", [resolution] { return data_engine_version(resolution->load()); },
      options.http);
  add_data_engine(service, {**catalog, engine, resolution});
  const auto url = service.bind();
  if (!url.ok()) return cannot_start("data-engine", url.fault());
  std::printf("data-engine %s listening on %s, %zu bytes in memory\n",
              data_engine_version(resolution->load()).c_str(), (*url).c_str(), data.bytes());
  std::fflush(stdout);
  run_until_signal(service);
  return 0;
}

}  // namespace
}  // namespace flamingo

int main(int argc, char** argv) {
  CLI::App app("Data Engine: queries over data in memory", "data-engine");
  flamingo::Options options;
  flamingo::add_options(app, options);
  CLI11_PARSE(app, argc, argv);
  return flamingo::serve(std::move(options));
}
