#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <thread>

#include "data/http_client.h"
#include "data/object_store.h"

namespace flamingo {

struct S3Options {
  std::string endpoint;  // "http://127.0.0.1:4568" or "https://s3.eu-central-1.amazonaws.com"
  std::string bucket;
  AwsCredentials credentials;
  int page_keys_max = 1000;  // of one answer to a listing; the service has the same limit
  int attempts_max = 4;      // of one request, while the service is busy or away
  std::chrono::milliseconds first_pause{100};  // before the second attempt; then twice as long
  std::function<void(std::chrono::milliseconds)> pause = [](std::chrono::milliseconds duration) {
    std::this_thread::sleep_for(duration);
  };
};

/// Objects in a bucket of S3 or of anything that speaks its protocol: path-style addresses,
/// ListObjectsV2 with continuation, Signature Version 4.
/// An error of the service is a fault with the service's code ("NoSuchKey", "AccessDenied").
/// A request that finds the service busy ("SlowDown"), broken or away is sent again after a pause,
/// as the service asks its clients to; every request here may be sent twice.
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
  Outcome<HttpAnswer> call_patiently(const HttpCall& call);

  S3Options options_;
  HttpClient http_;
};

}  // namespace flamingo
