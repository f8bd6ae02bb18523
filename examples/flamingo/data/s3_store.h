#pragma once

#include <string>

#include "data/http_client.h"
#include "data/object_store.h"

namespace flamingo {

struct S3Options {
  std::string endpoint;  // "http://127.0.0.1:4568" or "https://s3.eu-central-1.amazonaws.com"
  std::string bucket;
  AwsCredentials credentials;
  int page_keys_max = 1000;  // of one answer to a listing; the service has the same limit
};

/// Objects in a bucket of S3 or of anything that speaks its protocol: path-style addresses,
/// ListObjectsV2 with continuation, Signature Version 4.
/// An error of the service is a fault with the service's code ("NoSuchKey", "AccessDenied").
class S3Store final : public ObjectStore {
 public:
  explicit S3Store(S3Options options) : options_(std::move(options)) {}

  Outcome<std::string> get(std::string_view key) override;
  Outcome<std::vector<ObjectInfo>> list(std::string_view prefix) override;
  Done put(std::string_view key, std::string_view bytes) override;

  /// Makes the bucket; one that exists already is not an error.
  Done create_bucket();

 private:
  Outcome<std::string> ask(std::string method, std::string_view path_and_query,
                           std::string_view body = {});

  S3Options options_;
  HttpClient http_;
};

}  // namespace flamingo
