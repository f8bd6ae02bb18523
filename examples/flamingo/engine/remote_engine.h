#pragma once

#include <string>

#include "data/http_client.h"
#include "engine/query_engine.h"

namespace flamingo {

struct RemoteOptions {
  std::string url;  // of the service, without a path
  std::chrono::milliseconds connect_timeout{500};
  std::chrono::milliseconds timeout{5000};
};

/// Executes plans by asking Data Engine, over kept connections. An error answer of the service is
/// a fault with the service's own type; one that is not understood is "MalformedAnswer".
class RemoteEngine final : public QueryEngine {
 public:
  explicit RemoteEngine(RemoteOptions options);

  Outcome<ResultSet> execute(const Plan& plan, std::string_view account) override;
  /// As execute(), within at most `timeout`.
  Outcome<ResultSet> execute_within(const Plan& plan, std::chrono::milliseconds timeout);

 private:
  RemoteOptions options_;
  HttpClient http_;
};

}  // namespace flamingo
