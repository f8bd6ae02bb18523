#include <array>
#include <cstdio>
#include <string>
#include <vector>

#include "api/error_response.h"
#include "api/honeycomb/honeycomb.h"
#include "base/text.h"
#include "query/rfc3339.h"

namespace understudy::api::honeycomb {
namespace {

using base::Result;
using flags::Value;
using state::Marker;

constexpr int64_t kNsPerS = 1'000'000'000;
constexpr std::string_view kTypeDefault = "marker";

/// Six hexadecimal digits, or as many as it takes.
std::string id_text(int64_t id) {
  std::array<char, 24> text{};
  std::snprintf(text.data(), text.size(), "%06llx", static_cast<unsigned long long>(id));
  return text.data();
}

int64_t id_number(std::string_view text) {
  constexpr size_t kDigitsMax = 15;
  if (text.empty() || text.size() > kDigitsMax) return 0;
  int64_t id = 0;
  for (const char digit : text) {
    const std::string_view digits = "0123456789abcdef";
    const size_t value = digits.find(digit);
    if (value == std::string_view::npos) return 0;
    id = id * 16 + static_cast<int64_t>(value);
  }
  return id;
}

Value marker_json(const Marker& marker) {
  Value json = Value::Object{{"id", id_text(marker.id)},
                             {"start_time", marker.time_ns / kNsPerS},
                             {"message", marker.message},
                             {"type", marker.type},
                             {"url", marker.url},
                             {"created_at", query::rfc3339_seconds(marker.time_ns / kNsPerS)},
                             {"updated_at", query::rfc3339_seconds(marker.time_ns / kNsPerS)}};
  if (marker.end_time_ns) json.set("end_time", *marker.end_time_ns / kNsPerS);
  return json;
}

Result<Marker> marker_in(const Value& body) {
  Marker marker;
  TRY_ASSIGN(const auto type, text_member(body, "type"));
  TRY_ASSIGN(const auto message, text_member(body, "message"));
  TRY_ASSIGN(const auto url, text_member(body, "url"));
  TRY_ASSIGN(const auto start, int_member(body, "start_time"));
  TRY_ASSIGN(const auto end, int_member(body, "end_time"));
  constexpr int64_t kSecondsMax = std::numeric_limits<int64_t>::max() / kNsPerS;
  for (const auto& [time, name] : {std::pair(start, "start_time"), std::pair(end, "end_time")}) {
    if (time && (*time < 0 || *time > kSecondsMax)) {
      return base::invalid(base::cat("\"", name, "\" is not a time in Unix seconds"));
    }
  }
  marker.type = type && !type->empty() ? *type : std::string(kTypeDefault);
  marker.message = message.value_or("");
  marker.url = url.value_or("");
  if (!marker.url.empty() && !marker.url.starts_with("http://") &&
      !marker.url.starts_with("https://")) {
    return base::invalid("\"url\" begins with neither http:// nor https://");
  }
  marker.time_ns = start.value_or(0) * kNsPerS;
  if (end && *end > 0) marker.end_time_ns = *end * kNsPerS;
  return marker;
}

Result<Response> list(const Dependencies& dependencies, const Call& call) {
  TRY(scope_of(dependencies, call.path("dataset")));
  TRY_ASSIGN(const std::vector<Marker> markers,
             dependencies.state.markers({.limit = state::kRowsMax}));
  Value::List items;
  for (const Marker& marker : markers) items.push_back(marker_json(marker));
  return json_response(Value(std::move(items)));
}

Result<Response> make(const Dependencies& dependencies, const Call& call) {
  TRY_ASSIGN(const Value body, call.json_object());
  TRY_ASSIGN(Marker marker, marker_in(body));
  TRY_ASSIGN(const Marker made, dependencies.state.add_marker(std::move(marker)));
  return json_response(marker_json(made), 201);
}

Result<Response> change(const Dependencies& dependencies, const Call& call) {
  TRY_ASSIGN(const Value body, call.json_object());
  TRY_ASSIGN(Marker marker, marker_in(body));
  marker.id = id_number(call.path("id"));
  if (marker.time_ns == 0) marker.time_ns = dependencies.clock.unix_ns();
  TRY_ASSIGN(const Marker changed, dependencies.state.change_marker(std::move(marker)));
  return json_response(marker_json(changed));
}

Result<Response> remove(const Dependencies& dependencies, const Call& call) {
  TRY_ASSIGN(const Marker removed, dependencies.state.remove_marker(id_number(call.path("id"))));
  return json_response(marker_json(removed));
}

}  // namespace

Routes marker_routes(const Dependencies& dependencies) {
  const auto with = [&dependencies](auto handle) {
    return with_problems(
        [&dependencies, handle](const Call& call) { return handle(dependencies, call); });
  };
  return {{.method = "GET", .path = "/1/markers/{dataset}", .handle = with(list)},
          {.method = "POST",
           .path = "/1/markers/{dataset}",
           .body = BodyKind::kJson,
           .handle = with(make)},
          {.method = "PUT",
           .path = "/1/markers/{dataset}/{id}",
           .body = BodyKind::kJson,
           .handle = with(change)},
          {.method = "DELETE", .path = "/1/markers/{dataset}/{id}", .handle = with(remove)}};
}

}  // namespace understudy::api::honeycomb
