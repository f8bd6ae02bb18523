#include "services/store_options.h"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>

#include "data/s3_store.h"

namespace flamingo {
namespace {

constexpr std::string_view kManifestSuffix = "/dataset.json";

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

}  // namespace

void StoreOptions::add_store_to(CLI::App& app) {
  auto* folder_option = app.add_option("--data", folder, "Folder that is the object store");
  auto* endpoint = app.add_option("--s3-endpoint", s3_endpoint,
                                  "S3 service instead of a folder, such as http://127.0.0.1:4568");
  auto* bucket = app.add_option("--s3-bucket", s3_bucket, "Bucket of the S3 service");
  app.add_option("--region", region, "Region that requests to AWS are signed for")
      ->capture_default_str();
  endpoint->needs(bucket)->excludes(folder_option);
  bucket->needs(endpoint);
}

void StoreOptions::add_loading_to(CLI::App& app) {
  app.add_option("--rows", rows_max, "Load only the first N rows of a dataset (0: all)")
      ->check(CLI::NonNegativeNumber);
  app.add_option("--memory", memory_bytes_max, "Most memory for datasets, such as 2GB")
      ->transform(CLI::AsSizeValue(false));
  app.add_option("--connections", connections, "Queries that run at once on one dataset")
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
  app.add_option("--preload", preload, "Datasets to load before serving (default: all)");
}

Outcome<std::unique_ptr<ObjectStore>> StoreOptions::open() const {
  if (!s3_endpoint.empty()) {
    S3Options options{s3_endpoint, s3_bucket, credentials_from_environment(region)};
    if (options.credentials.access_key.empty()) {
      return bad_request("NoCredentials",
                         "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY for the S3 service");
    }
    return std::unique_ptr<ObjectStore>(std::make_unique<S3Store>(std::move(options)));
  }
  if (folder.empty())
    return bad_request("NoStore", "name an object store: --data or --s3-endpoint");
  return std::unique_ptr<ObjectStore>(std::make_unique<FolderStore>(folder));
}

LoadOptions StoreOptions::load_options() const {
  LoadOptions load;
  if (rows_max > 0) load.rows_max = rows_max;
  load.bytes_max = memory_bytes_max;
  load.connections = connections;
  return load;
}

AwsCredentials credentials_from_environment(const std::string& region) {
  return {environment("AWS_ACCESS_KEY_ID"), environment("AWS_SECRET_ACCESS_KEY"), region};
}

Done preload(DataManager& data, ObjectStore& store, const std::vector<std::string>& names) {
  std::vector<std::string> wanted = names;
  if (wanted.empty()) {
    TRY_OUTCOME(const auto objects, store.list(""));
    for (const ObjectInfo& object : objects) {
      const std::string_view key = object.key;
      if (!key.ends_with(kManifestSuffix)) continue;
      wanted.emplace_back(key.substr(0, key.size() - kManifestSuffix.size()));
    }
  }
  for (const std::string& name : wanted) TRY_DONE(data.open(name));
  return done();
}

int cannot_start(const std::string& program, const Fault& fault) {
  std::fprintf(stderr, "%s: %s: %s\n", program.c_str(), fault.type.c_str(), fault.message.c_str());
  return 1;
}

}  // namespace flamingo
