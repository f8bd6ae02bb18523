#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dialect/outcome.h"

namespace flamingo {

/// The keys and the scope of a request signed with AWS Signature Version 4.
struct AwsCredentials {
  std::string access_key;
  std::string secret_key;
  std::string region = "us-east-1";
};

struct HttpCall {
  std::string method = "GET";
  std::string url;
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::string_view body = {};
  const AwsCredentials* sign_with = nullptr;  // not signed when absent
  std::string aws_service = {};               // "s3", "dynamodb"
};

struct HttpAnswer {
  long status = 0;
  std::string body;
};

struct HttpClientOptions {
  std::chrono::milliseconds connect_timeout{1000};
  std::chrono::milliseconds timeout{30'000};
  size_t answer_bytes_max = size_t{1} << 30;
  size_t idle_connections_max = 64;  // kept open between calls
};

/// HTTP calls over libcurl with kept connections. A call that gets no whole answer is a fault of
/// type "ConnectFailed", "Timeout", "AnswerTooLarge" or "TransferFailed"; any status is an answer.
/// Threads: any number at once, each call has a connection of its own.
class HttpClient {
 public:
  explicit HttpClient(HttpClientOptions options = {});
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  /// Blocks until the answer, at most `timeout` (the options' when it is zero).
  Outcome<HttpAnswer> call(const HttpCall& call, std::chrono::milliseconds timeout = {});

 private:
  class Handles;
  HttpClientOptions options_;
  std::unique_ptr<Handles> handles_;
};

}  // namespace flamingo
