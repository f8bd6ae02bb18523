#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "data/catalog.h"
#include "data/http_client.h"
#include "data/object_store.h"
#include "dialect/outcome.h"
#include "engine/data_manager.h"
#include "engine/dataset.h"

namespace CLI {
class App;
}

namespace flamingo {

/// The part of the command line that both services and the preparing tool share: which object
/// store, how much of it, how much memory.
struct StoreOptions {
  std::string folder;
  std::string s3_endpoint;
  std::string s3_bucket;
  std::string region = "us-east-1";
  int64_t rows_max = 0;  // 0: all
  uint64_t memory_bytes_max = uint64_t{4} << 30;
  int connections = 4;
  std::vector<std::string> preload;

  void add_store_to(CLI::App& app);
  void add_loading_to(CLI::App& app);

  /// Keys from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.
  Outcome<std::unique_ptr<ObjectStore>> open() const;
  LoadOptions load_options() const;
};

/// Keys from the environment, as the AWS tools have them.
AwsCredentials credentials_from_environment(const std::string& region);

/// Loads the named datasets, or, when none is named, every one whose manifest is in the store.
Done preload(DataManager& data, ObjectStore& store, const std::vector<std::string>& names);

/// Prints "program: message" and gives the exit code of a program that could not start.
int cannot_start(const std::string& program, const Fault& fault);

}  // namespace flamingo
