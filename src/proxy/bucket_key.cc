#include "proxy/bucket_key.h"

#include <simdjson.h>

#include "base/text.h"
#include "http/url.h"

namespace understudy::proxy {
namespace {

/// A JSON string as its text, an integer as its decimal digits, anything else as nothing.
std::optional<std::string> json_field(std::string_view body, std::string_view pointer) {
  if (body.empty()) return {};
  thread_local simdjson::dom::parser parser;
  simdjson::dom::element document;
  if (parser.parse(body.data(), body.size()).get(document) != simdjson::SUCCESS) return {};
  simdjson::dom::element found;
  if (document.at_pointer(pointer).get(found) != simdjson::SUCCESS) return {};
  std::string_view text;
  if (found.get(text) == simdjson::SUCCESS) return std::string(text);
  int64_t number = 0;
  if (found.is_int64() && found.get(number) == simdjson::SUCCESS) return base::cat(number);
  uint64_t large = 0;
  if (found.is_uint64() && found.get(large) == simdjson::SUCCESS) return base::cat(large);
  return {};
}

}  // namespace

std::optional<std::string> bucket_key(const BucketBy& by, const http::RequestHead& request,
                                      std::string_view client_address, std::string_view body) {
  std::optional<std::string> key;
  switch (by.source) {
    case BucketBy::Source::kRandom:
      break;
    case BucketBy::Source::kHeader:
      if (const http::Field* field = request.fields.find(by.name)) key.emplace(field->value);
      break;
    case BucketBy::Source::kCookie:
      if (const auto value = http::cookie(request.fields, by.name)) key.emplace(*value);
      break;
    case BucketBy::Source::kQueryParameter:
      if (const auto value =
              http::query_parameter(http::split_target(request.target).query, by.name)) {
        key = http::percent_decode(*value, http::PlusSign::kIsSpace);
      }
      break;
    case BucketBy::Source::kClientAddress:
      key.emplace(client_address);
      break;
    case BucketBy::Source::kJsonField:
      key = json_field(body, by.name);
      break;
  }
  if (key && (key->empty() || key->size() > kBucketKeyBytesMax)) key.reset();
  return key;
}

}  // namespace understudy::proxy
