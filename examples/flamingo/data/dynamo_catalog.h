#pragma once

#include <string>
#include <string_view>

#include "data/catalog.h"
#include "data/http_client.h"

namespace flamingo {

struct DynamoOptions {
  std::string endpoint;  // "http://127.0.0.1:4567" or "https://dynamodb.eu-central-1.amazonaws.com"
  std::string table = "flamingo-catalog";
  AwsCredentials credentials;
  std::chrono::milliseconds timeout{2000};
};

/// A catalog in a DynamoDB table over its JSON 1.0 protocol, signed with Signature Version 4: one
/// item for each dataset, key "dataset", attribute "manifest". Reads are strongly consistent.
/// An error of the service is a fault with the service's own type.
class DynamoCatalog final : public Catalog {
 public:
  explicit DynamoCatalog(DynamoOptions options);

  Outcome<std::shared_ptr<const Manifest>> locate(std::string_view dataset) override;
  Done set_capacity(double units_per_second) override;
  Outcome<double> capacity() override;

  /// Makes the table with a capacity and waits until it is active; one that exists is left alone.
  Done create_table(double read_units_per_second);
  Done register_dataset(const Manifest& manifest);

 private:
  Outcome<std::string> ask(std::string_view action, std::string_view body);

  DynamoOptions options_;
  HttpClient http_;
};

}  // namespace flamingo
