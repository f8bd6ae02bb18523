#include <limits>
#include <optional>
#include <string>
#include <utility>

#include "api/error_response.h"
#include "api/resources.h"
#include "base/text.h"
#include "query/rfc3339.h"

namespace understudy::api {
namespace {

using base::Result;
using flags::Value;

constexpr int64_t kMarkersDefault = 100;

Value marker_json(const state::Marker& marker) {
  Value json = Value::Object{{"id", marker.id},
                             {"time", query::rfc3339_nanoseconds(marker.time_ns)},
                             {"type", marker.type},
                             {"message", marker.message}};
  if (marker.end_time_ns) json.set("end_time", query::rfc3339_nanoseconds(*marker.end_time_ns));
  if (!marker.url.empty()) json.set("url", marker.url);
  return json;
}

Result<Response> list_markers(const Dependencies& dependencies, const Call& call) {
  state::MarkerQuery wanted;
  TRY_ASSIGN(const auto from, call.query_time("from"));
  TRY_ASSIGN(wanted.until_ns, call.query_time("until"));
  TRY_ASSIGN(const int64_t limit, call.query_int("limit", 1, state::kRowsMax, kMarkersDefault));
  TRY_ASSIGN(wanted.before_id, call.query_int("before", 0, std::numeric_limits<int64_t>::max(), 0));
  wanted.from_ns = from.value_or(0);
  wanted.limit = static_cast<int>(limit);
  wanted.type = call.query("type").value_or(std::string_view());
  TRY_ASSIGN(const auto markers, dependencies.state.markers(wanted));
  Value::List list;
  for (const state::Marker& marker : markers) list.push_back(marker_json(marker));
  return json_response(Value::Object{{"markers", std::move(list)}});
}

/// RFC 3339 text or Unix seconds.
Result<std::optional<int64_t>> time_member(const Value& body, std::string_view name) {
  const Value* member = body.find(name);
  if (member == nullptr || member->is_null()) return std::optional<int64_t>();
  const std::string text =
      member->is_integer() ? base::cat(member->as_integer()) : member->as_string();
  const Result<int64_t> time_ns = parse_time_ns(text);
  if (!time_ns.ok()) return base::invalid(base::cat("\"", name, "\": ", time_ns.error().context));
  return std::optional<int64_t>(*time_ns);
}

Result<Response> post_marker(const Dependencies& dependencies, const Call& call) {
  TRY_ASSIGN(const Value body, call.json_object());
  TRY(only_members(body, {"type", "message", "url", "time", "end_time"}));
  state::Marker marker;
  TRY_ASSIGN(const auto type, text_member(body, "type"));
  TRY_ASSIGN(const auto message, text_member(body, "message"));
  TRY_ASSIGN(const auto url, text_member(body, "url"));
  TRY_ASSIGN(const auto time, time_member(body, "time"));
  TRY_ASSIGN(marker.end_time_ns, time_member(body, "end_time"));
  marker.type = type.value_or("");
  marker.message = message.value_or("");
  marker.url = url.value_or("");
  marker.time_ns = time.value_or(0);
  // A page that shows markers makes links of them.
  if (!marker.url.empty() && !marker.url.starts_with("http://") &&
      !marker.url.starts_with("https://")) {
    return base::invalid("\"url\" begins with neither http:// nor https://");
  }
  TRY_ASSIGN(const state::Marker added, dependencies.state.add_marker(std::move(marker)));
  return json_response(marker_json(added), 201);
}

}  // namespace

Routes marker_routes(const Dependencies& dependencies) {
  return {{.method = "GET",
           .path = "/api/markers",
           .parameters = {"from", "until", "type", "limit", "before"},
           .handle = [&](const Call& call) { return list_markers(dependencies, call); }},
          {.method = "POST",
           .path = "/api/markers",
           .body = BodyKind::kJson,
           .handle = [&](const Call& call) { return post_marker(dependencies, call); }}};
}

}  // namespace understudy::api
