#include <string>
#include <utility>
#include <vector>

#include "api/change_conditions.h"
#include "api/error_response.h"
#include "api/keyed_items.h"
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

base::Error no_segment(const Dependencies& dependencies, std::string_view key) {
  return no_item("segment", key, dependencies.flags.current()->segments());
}

Result<Response> list_segments(const Dependencies& dependencies, const Call& call) {
  TRY_ASSIGN(const std::vector<Segment> segments, dependencies.state.segments());
  return page_of(call, segments, "segments", kSegmentsDefault, kSegmentsMax);
}

Result<Response> get_segment(const Dependencies& dependencies, const Call& call) {
  const std::string_view key = call.path("key");
  const Result<Segment> segment = dependencies.state.segment(key);
  if (!segment.ok()) {
    return segment.error().kind == ErrorKind::kNotFound ? no_segment(dependencies, key)
                                                        : segment.error();
  }
  return item_response(*segment);
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
  TRY_ASSIGN(const auto expected, expected_version(call));
  TRY_ASSIGN(const Value body, body_with_key(call));
  TRY_ASSIGN(Segment segment, flags::segment_from_json(body));
  TRY(check_weights(segment));
  TRY_ASSIGN(const Segment written,
             dependencies.state.put_segment(std::move(segment), change_of(call), expected));
  TRY(dependencies.flags.publish());
  return item_response(written);
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
  return no_content();
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
