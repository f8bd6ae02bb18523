#include "data/dynamo_catalog.h"

#include <nlohmann/json.hpp>
#include <thread>

namespace flamingo {
namespace {

using nlohmann::json;

/// "com.amazonaws.dynamodb.v20120810#ResourceInUseException" -> "ResourceInUseException"
std::string short_type(const std::string& type) {
  const size_t hash = type.rfind('#');
  return hash == std::string::npos ? type : type.substr(hash + 1);
}

Fault fault_of(const HttpAnswer& answer) {
  const json body = json::parse(answer.body, nullptr, /*allow_exceptions=*/false);
  std::string type = "HTTP" + std::to_string(answer.status);
  std::string message;
  if (body.is_object()) {
    if (body.contains("__type") && body["__type"].is_string()) {
      type = short_type(body["__type"].get<std::string>());
    }
    for (const char* key : {"message", "Message"}) {
      if (body.contains(key) && body[key].is_string()) message = body[key].get<std::string>();
    }
  }
  FaultKind kind = FaultKind::kUnavailable;
  if (type == "ProvisionedThroughputExceededException" || type == "ThrottlingException" ||
      type == "RequestLimitExceeded") {
    kind = FaultKind::kThrottled;
  } else if (type == "ValidationException") {
    kind = FaultKind::kBadRequest;
  }
  return {kind, std::move(type), std::move(message)};
}

}  // namespace

DynamoCatalog::DynamoCatalog(DynamoOptions options)
    : options_(std::move(options)),
      http_({.timeout = options_.timeout, .answer_bytes_max = size_t{4} << 20}) {}

Outcome<std::string> DynamoCatalog::ask(std::string_view action, std::string_view body) {
  const HttpCall call{.method = "POST",
                      .url = options_.endpoint + "/",
                      .headers = {{"Content-Type", "application/x-amz-json-1.0"},
                                  {"X-Amz-Target", "DynamoDB_20120810." + std::string(action)}},
                      .body = body,
                      .sign_with = &options_.credentials,
                      .aws_service = "dynamodb"};
  TRY_OUTCOME(HttpAnswer answer, http_.call(call));
  if (answer.status != 200) return fault_of(answer);
  return std::move(answer.body);
}

Outcome<std::shared_ptr<const Manifest>> DynamoCatalog::locate(std::string_view dataset) {
  const json request = {{"TableName", options_.table},
                        {"Key", {{"dataset", {{"S", dataset}}}}},
                        {"ConsistentRead", true}};
  TRY_OUTCOME(const std::string text,
              ask("GetItem", request.dump(-1, ' ', false, json::error_handler_t::replace)));
  const json answer = json::parse(text, nullptr, /*allow_exceptions=*/false);
  const json::json_pointer place("/Item/manifest/S");
  if (!answer.is_object() || !answer.contains(place) || !answer[place].is_string()) {
    return Fault{FaultKind::kNotFound, "UnknownDataset",
                 "there is no dataset '" + std::string(dataset.substr(0, 64)) + "'"};
  }
  TRY_OUTCOME(Manifest manifest, parse_manifest(answer[place].get_ref<const std::string&>()));
  return std::make_shared<const Manifest>(std::move(manifest));
}

Done DynamoCatalog::set_capacity(double units_per_second) {
  if (!(units_per_second >= 1 && units_per_second <= 1e9)) {
    return bad_request("ValidationException", "read_units_per_second is at least 1");
  }
  const json request = {
      {"TableName", options_.table},
      {"ProvisionedThroughput",
       {{"ReadCapacityUnits", static_cast<int64_t>(units_per_second)}, {"WriteCapacityUnits", 5}}}};
  TRY_DONE(ask("UpdateTable", request.dump()));
  return done();
}

Outcome<double> DynamoCatalog::capacity() {
  TRY_OUTCOME(const std::string text,
              ask("DescribeTable", json{{"TableName", options_.table}}.dump()));
  const json answer = json::parse(text, nullptr, /*allow_exceptions=*/false);
  const json::json_pointer place("/Table/ProvisionedThroughput/ReadCapacityUnits");
  if (!answer.is_object() || !answer.contains(place) || !answer[place].is_number()) {
    return Fault{FaultKind::kUnavailable, "MalformedAnswer", "DescribeTable names no capacity"};
  }
  return answer[place].get<double>();
}

Done DynamoCatalog::create_table(double read_units_per_second) {
  const json request = {
      {"TableName", options_.table},
      {"AttributeDefinitions", {{{"AttributeName", "dataset"}, {"AttributeType", "S"}}}},
      {"KeySchema", {{{"AttributeName", "dataset"}, {"KeyType", "HASH"}}}},
      {"ProvisionedThroughput",
       {{"ReadCapacityUnits", static_cast<int64_t>(read_units_per_second)},
        {"WriteCapacityUnits", 5}}}};
  const auto created = ask("CreateTable", request.dump());
  if (!created.ok() && created.fault().type != "ResourceInUseException") return created.fault();
  constexpr int kPollsMax = 300;
  for (int i = 0; i < kPollsMax; ++i) {
    TRY_OUTCOME(const std::string text,
                ask("DescribeTable", json{{"TableName", options_.table}}.dump()));
    const json answer = json::parse(text, nullptr, /*allow_exceptions=*/false);
    const json::json_pointer status("/Table/TableStatus");
    if (answer.is_object() && answer.contains(status) && answer[status] == "ACTIVE") return done();
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  return Fault{FaultKind::kTimeout, "TableNotActive", "the table '" + options_.table + "'"};
}

Done DynamoCatalog::register_dataset(const Manifest& manifest) {
  const json request = {
      {"TableName", options_.table},
      {"Item",
       {{"dataset", {{"S", manifest.schema.dataset}}}, {"manifest", {{"S", manifest.text}}}}}};
  TRY_DONE(ask("PutItem", request.dump()));
  return done();
}

}  // namespace flamingo
