#include <CLI/CLI.hpp>
#include <cstdio>

#include "data/dynamo_catalog.h"
#include "data/s3_store.h"
#include "engine/flights_export.h"
#include "services/store_options.h"

namespace flamingo {
namespace {

struct Options {
  FlightsExport flights;
  StoreOptions store;
  std::string dynamodb_endpoint;
  std::string dynamodb_table = "flamingo-catalog";
  double read_capacity = 25;
};

void add_options(CLI::App& app, Options& options) {
  app.add_option("--flights", options.flights.parquet,
                 "flights-3m.parquet of the npm package vega-datasets")
      ->required();
  app.add_option("--every", options.flights.every, "Keep each N-th row only")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  options.store.add_store_to(app);
  app.add_option("--dynamodb-endpoint", options.dynamodb_endpoint,
                 "Also register the dataset in a catalog of this DynamoDB service");
  app.add_option("--dynamodb-table", options.dynamodb_table, "Table of the catalog")
      ->capture_default_str();
  app.add_option("--read-capacity", options.read_capacity, "Read capacity of a new table")
      ->check(CLI::Range(1.0, 1e6))
      ->capture_default_str();
}

Done prepare(const Options& options) {
  TRY_OUTCOME(const auto store, options.store.open());
  if (auto* s3 = dynamic_cast<S3Store*>(store.get())) TRY_DONE(s3->create_bucket());
  TRY_OUTCOME(const Manifest manifest, export_flights(options.flights, *store));
  int64_t rows = 0;
  for (const DataObject& object : manifest.csv) rows += object.rows;
  std::printf("flights: %lld rows in %zu CSV and %zu Parquet objects\n",
              static_cast<long long>(rows), manifest.csv.size(), manifest.parquet.size());
  if (options.dynamodb_endpoint.empty()) return done();
  DynamoOptions dynamo;
  dynamo.endpoint = options.dynamodb_endpoint;
  dynamo.table = options.dynamodb_table;
  dynamo.credentials = credentials_from_environment(options.store.region);
  DynamoCatalog catalog(dynamo);
  TRY_DONE(catalog.create_table(options.read_capacity));
  TRY_DONE(catalog.register_dataset(manifest));
  std::printf("flights: registered in %s at %s\n", options.dynamodb_table.c_str(),
              options.dynamodb_endpoint.c_str());
  return done();
}

}  // namespace
}  // namespace flamingo

int main(int argc, char** argv) {
  CLI::App app("Writes the flights dataset to an object store", "flamingo-prepare");
  flamingo::Options options;
  flamingo::add_options(app, options);
  CLI11_PARSE(app, argc, argv);
  const auto prepared = flamingo::prepare(options);
  return prepared.ok() ? 0 : flamingo::cannot_start("flamingo-prepare", prepared.fault());
}
