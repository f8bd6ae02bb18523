#include "engine/remote_engine.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace flamingo {
namespace {

constexpr size_t kAnswerBytesMax = size_t{64} << 20;

Fault fault_of(const HttpAnswer& answer) {
  Fault fault{FaultKind::kUnavailable, "HTTP" + std::to_string(answer.status), ""};
  for (const FaultKind kind : {FaultKind::kBadRequest, FaultKind::kNotFound, FaultKind::kTooLarge,
                               FaultKind::kTimeout, FaultKind::kInternal}) {
    if (http_status(kind) == answer.status) fault.kind = kind;
  }
  const auto body = nlohmann::json::parse(answer.body, nullptr, /*allow_exceptions=*/false);
  const nlohmann::json::json_pointer type("/error/type");
  const nlohmann::json::json_pointer message("/error/message");
  if (!body.is_object()) return fault;
  if (body.contains(type) && body[type].is_string()) fault.type = body[type].get<std::string>();
  if (body.contains(message) && body[message].is_string()) {
    fault.message = body[message].get<std::string>();
  }
  if (fault.type == "ProvisionedThroughputExceededException") fault.kind = FaultKind::kThrottled;
  return fault;
}

}  // namespace

RemoteEngine::RemoteEngine(RemoteOptions options)
    : options_(std::move(options)),
      http_({.connect_timeout = options_.connect_timeout,
             .timeout = options_.timeout,
             .answer_bytes_max = kAnswerBytesMax}) {}

Outcome<ResultSet> RemoteEngine::execute(const Plan& plan, std::string_view) {
  return execute_within(plan, options_.timeout);
}

Outcome<ResultSet> RemoteEngine::execute_within(const Plan& plan,
                                                std::chrono::milliseconds timeout) {
  const std::string body = to_json(plan);
  TRY_OUTCOME(const HttpAnswer answer,
              http_.call({.method = "POST",
                          .url = options_.url + "/query",
                          .headers = {{"Content-Type", "application/json"}},
                          .body = body},
                         std::clamp(timeout, std::chrono::milliseconds(1), options_.timeout)));
  if (answer.status != 200) return fault_of(answer);
  return result_set_from_json(answer.body, kAnswerBytesMax);
}

}  // namespace flamingo
