#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "api/change_conditions.h"
#include "api/error_response.h"
#include "api/resources.h"
#include "base/text.h"
#include "flags/flag_json.h"

namespace understudy::api {
namespace {

using base::cat;
using base::ErrorKind;
using base::Result;
using flags::Segment;
using flags::Value;

constexpr int64_t kSegmentsDefault = 100;
constexpr int64_t kSegmentsMax = 1'000;

std::string version_tag(const Segment& segment) { return cat("\"", segment.version, "\""); }

/// The error for an unknown key, with the nearest one.
base::Error no_segment(const Dependencies& dependencies, std::string_view key) {
  const auto snapshot = dependencies.flags.current();
  std::vector<std::string_view> keys;
  for (const Segment* segment : snapshot->segments()) {
    if (!segment->deleted) keys.push_back(segment->key);
  }
  const std::string_view meant = base::nearest(key, keys);
  return base::error(ErrorKind::kNotFound,
                     cat("there is no segment '", base::printable(key), "'",
                         meant.empty() ? std::string() : cat("; did you mean '", meant, "'?")));
}

Result<Response> list_segments(const Dependencies& dependencies, const Call& call) {
  TRY_ASSIGN(const int64_t limit, call.query_int("limit", 1, kSegmentsMax, kSegmentsDefault));
  const std::string_view after = call.query("after").value_or(std::string_view());
  TRY_ASSIGN(const std::vector<Segment> segments, dependencies.state.segments());
  Value::List list;
  Value shown = Value::Object{{"total", static_cast<int64_t>(segments.size())}};
  for (const Segment& segment : segments) {
    if (!after.empty() && segment.key <= after) continue;
    if (std::cmp_equal(list.size(), limit)) {
      shown.set("next_after", list.back().find("key")->as_string());
      break;
    }
    list.push_back(flags::to_value(segment));
  }
  shown.set("segments", std::move(list));
  return json_response(shown);
}

Result<Response> get_segment(const Dependencies& dependencies, const Call& call) {
  const std::string_view key = call.path("key");
  const Result<Segment> segment = dependencies.state.segment(key);
  if (!segment.ok()) {
    return segment.error().kind == ErrorKind::kNotFound ? no_segment(dependencies, key)
                                                        : segment.error();
  }
  Response response = json_response(flags::to_value(*segment));
  response.headers.emplace_back("ETag", version_tag(*segment));
  return response;
}

/// A share of a rule that nobody, or everybody, could be in is a mistake.
base::Status check_weights(const Segment& segment) {
  for (size_t i = 0; i < segment.rules.size(); ++i) {
    const auto& weight = segment.rules[i].weight;
    if (!weight || (*weight >= 0 && *weight <= flags::kWeightTotal)) continue;
    return base::invalid(
        cat("rules[", i, "]: weight ", *weight, " is not from 0 to ", flags::kWeightTotal));
  }
  return base::ok_status();
}

Result<Response> put_segment(const Dependencies& dependencies, const Call& call) {
  const std::string_view key = call.path("key");
  TRY_ASSIGN(const auto expected, expected_version(call));
  TRY_ASSIGN(Value body, call.json_object());
  const Value* given_key = body.find("key");
  if (given_key == nullptr) {
    body.set("key", key);
  } else if (!given_key->is_string() || given_key->as_string() != key) {
    return base::invalid(cat("\"key\" in the body is not '", base::printable(key),
                             "', the key in the path; leave it out or make them equal"));
  }
  TRY_ASSIGN(Segment segment, flags::segment_from_json(body));
  TRY(check_weights(segment));
  TRY_ASSIGN(const Segment written,
             dependencies.state.put_segment(std::move(segment), change_of(call), expected));
  TRY(dependencies.flags.publish());
  Response response = json_response(flags::to_value(written));
  response.headers.emplace_back("ETag", version_tag(written));
  return response;
}

Result<Response> delete_segment(const Dependencies& dependencies, const Call& call) {
  const std::string_view key = call.path("key");
  TRY_ASSIGN(const auto expected, expected_version(call));
  const base::Status removed = dependencies.state.remove_segment(key, change_of(call), expected);
  if (!removed.ok()) {
    return removed.error().kind == ErrorKind::kNotFound ? no_segment(dependencies, key)
                                                        : removed.error();
  }
  TRY(dependencies.flags.publish());
  Response response;
  response.status = 204;
  response.content_type.clear();
  return response;
}

}  // namespace

Routes segment_routes(const Dependencies& dependencies) {
  return {{.method = "GET",
           .path = "/api/segments",
           .parameters = {"limit", "after"},
           .handle = [&](const Call& call) { return list_segments(dependencies, call); }},
          {.method = "GET",
           .path = "/api/segments/{key}",
           .handle = [&](const Call& call) { return get_segment(dependencies, call); }},
          {.method = "PUT",
           .path = "/api/segments/{key}",
           .body = BodyKind::kJson,
           .parameters = {"by", "comment", "expected_version"},
           .handle = [&](const Call& call) { return put_segment(dependencies, call); }},
          {.method = "DELETE",
           .path = "/api/segments/{key}",
           .parameters = {"by", "comment", "expected_version"},
           .handle = [&](const Call& call) { return delete_segment(dependencies, call); }}};
}

}  // namespace understudy::api
