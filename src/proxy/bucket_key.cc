#include "proxy/bucket_key.h"

#include <simdjson.h>

#include "base/text.h"
#include "http/url.h"

namespace understudy::proxy {
namespace {

constexpr std::string_view kAbsent = "absent";

BucketKey present_or_absent(std::optional<std::string_view> value) {
  if (!value || value->empty()) return {{}, kAbsent};
  return {std::string(*value), {}};
}

/// A JSON string as its text, an integer as its decimal digits, anything else as nothing.
BucketKey json_field(std::optional<std::string_view> body, std::string_view pointer) {
  if (!body) return {{}, "body_too_large"};
  if (body->empty()) return {{}, kAbsent};
  thread_local simdjson::dom::parser parser;
  simdjson::dom::element document;
  if (parser.parse(body->data(), body->size()).get(document) != simdjson::SUCCESS) {
    return {{}, "body_not_json"};
  }
  simdjson::dom::element found;
  if (document.at_pointer(pointer).get(found) != simdjson::SUCCESS) return {{}, kAbsent};
  std::string_view text;
  if (found.get(text) == simdjson::SUCCESS) return present_or_absent(text);
  int64_t number = 0;
  if (found.is_int64() && found.get(number) == simdjson::SUCCESS) return {base::cat(number), {}};
  uint64_t large = 0;
  if (found.is_uint64() && found.get(large) == simdjson::SUCCESS) return {base::cat(large), {}};
  return {{}, kAbsent};
}

}  // namespace

BucketKey bucket_key(const BucketBy& by, const http::RequestHead& request,
                     std::string_view client_address, std::optional<std::string_view> body) {
  switch (by.source) {
    case BucketBy::Source::kRandom:
      return {};
    case BucketBy::Source::kHeader: {
      const http::Field* field = request.fields.find(by.name);
      if (field == nullptr) return {{}, kAbsent};
      return present_or_absent(field->value);
    }
    case BucketBy::Source::kCookie:
      return present_or_absent(http::cookie(request.fields, by.name));
    case BucketBy::Source::kQueryParameter: {
      const auto value = http::query_parameter(http::split_target(request.target).query, by.name);
      if (!value) return {{}, kAbsent};
      const auto decoded = http::percent_decode(*value, http::PlusSign::kIsSpace);
      return present_or_absent(decoded);
    }
    case BucketBy::Source::kClientAddress:
      return present_or_absent(client_address);
    case BucketBy::Source::kJsonField:
      return json_field(body, by.name);
  }
  return {};
}

}  // namespace understudy::proxy
