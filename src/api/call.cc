#include "api/call.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.h"
#include "event/event.h"
#include "http/url.h"
#include "query/rfc3339.h"

namespace understudy::api {
namespace {

using base::cat;
using base::ErrorKind;
using base::Result;
using flags::Value;

constexpr int64_t kSecondNs = 1'000'000'000;
constexpr int64_t kDurationNsMax = 3'650LL * 86'400 * kSecondNs;

bool is_hex(char letter) {
  return (letter >= '0' && letter <= '9') || (letter >= 'a' && letter <= 'f') ||
         (letter >= 'A' && letter <= 'F');
}

base::Error bad_request(std::string what) {
  return base::error(ErrorKind::kProtocol, std::move(what));
}

Result<std::string> decode(std::string_view text, http::PlusSign plus) {
  for (size_t at = text.find('%'); at != std::string_view::npos; at = text.find('%', at + 1)) {
    if (at + 2 >= text.size() || !is_hex(text[at + 1]) || !is_hex(text[at + 2])) {
      return bad_request(cat("'", base::printable(text), "' has a % without two hex digits"));
    }
  }
  std::string decoded = http::percent_decode(text, plus);
  if (decoded.find('\0') != std::string::npos) return bad_request("the target has a NUL in it");
  return decoded;
}

std::optional<std::string_view> find(const std::vector<Parameter>& list, std::string_view name) {
  for (const Parameter& one : list) {
    if (one.name == name) return one.value;
  }
  return std::nullopt;
}

}  // namespace

Result<Target> Target::parse(std::string_view text) {
  if (text.size() > kTargetBytesMax) {
    return base::error(ErrorKind::kLimit, cat("the request target is longer than ", kTargetBytesMax,
                                              " bytes; send long queries as a POST body"));
  }
  if (!text.starts_with('/')) return bad_request("the request target does not begin with /");
  const http::TargetParts parts = http::split_target(text);
  Target target;
  for (const std::string_view segment : base::split(parts.path.substr(1), '/')) {
    TRY_ASSIGN(std::string decoded, decode(segment, http::PlusSign::kIsPlus));
    target.segments.push_back(std::move(decoded));
  }
  if (target.segments.back().empty()) target.segments.pop_back();
  for (const std::string_view pair : base::split(parts.query, '&')) {
    if (pair.empty()) continue;
    if (target.parameters.size() == kParametersMax) {
      return bad_request(cat("the query has more than ", kParametersMax, " parameters"));
    }
    const size_t equals = std::min(pair.find('='), pair.size());
    TRY_ASSIGN(std::string name, decode(pair.substr(0, equals), http::PlusSign::kIsSpace));
    TRY_ASSIGN(std::string value,
               decode(pair.substr(std::min(equals + 1, pair.size())), http::PlusSign::kIsSpace));
    target.parameters.push_back({std::move(name), std::move(value)});
  }
  return target;
}

std::string_view Call::header(std::string_view name) const {
  return request_.headers.fields().value_or(name);
}

std::string_view Call::path(std::string_view name) const {
  return find(path_, name).value_or(std::string_view());
}

std::optional<std::string_view> Call::query(std::string_view name) const {
  return find(query_, name);
}

Result<int64_t> Call::query_int(std::string_view name, int64_t min, int64_t max,
                                int64_t otherwise) const {
  const auto text = query(name);
  if (!text) return otherwise;
  const auto number = base::parse_int64(*text);
  if (!number || *number < min || *number > max) {
    return bad_request(cat("parameter '", name, "': '", base::printable(*text),
                           "' is not a whole number from ", min, " to ", max));
  }
  return *number;
}

Result<std::optional<int64_t>> Call::query_time(std::string_view name) const {
  const auto text = query(name);
  if (!text) return std::optional<int64_t>();
  const Result<int64_t> time_ns = parse_time_ns(*text);
  if (!time_ns.ok()) {
    return bad_request(cat("parameter '", name, "': ", time_ns.error().context));
  }
  return std::optional<int64_t>(*time_ns);
}

Result<Value> Call::json_object() const {
  Result<Value> body = flags::parse_json(request_.body);
  if (!body.ok()) {
    return bad_request(request_.body.empty() ? std::string("the body is empty; send a JSON object")
                                             : cat("the body is not JSON: ", body.error().context));
  }
  if (!body->is_object()) return bad_request("the body is not a JSON object");
  return body;
}

std::string Call::actor(const Value* body) const {
  const std::string claimed = claimed_actor(body);
  return key_name_.empty() ? claimed : cat(claimed, " (key ", key_name_, ")");
}

std::string Call::claimed_actor(const Value* body) const {
  if (body != nullptr) {
    const Value* by = body->find("by");
    if (by != nullptr && by->is_string() && !by->as_string().empty()) return by->as_string();
  }
  if (const auto by = query("by"); by && !by->empty()) return std::string(*by);
  if (const std::string_view by = header("understudy-actor"); !by.empty()) return std::string(by);
  return request_.client_address.empty() ? "api" : cat("api ", request_.client_address);
}

Result<int64_t> parse_duration_ns(std::string_view text) {
  static constexpr std::array<std::pair<std::string_view, int64_t>, 5> kUnits = {
      {{"ms", 1'000'000},
       {"s", kSecondNs},
       {"m", 60 * kSecondNs},
       {"h", 3'600 * kSecondNs},
       {"d", 86'400 * kSecondNs}}};
  for (const auto& [unit, unit_ns] : kUnits) {
    if (!text.ends_with(unit)) continue;
    const auto number = base::parse_int64(text.substr(0, text.size() - unit.size()));
    if (!number) continue;
    if (*number > 0 && *number <= kDurationNsMax / unit_ns) return *number * unit_ns;
    break;
  }
  return bad_request(
      cat("'", base::printable(text), "' is not a duration above 0 such as 90s, 10m, 1h or 7d"));
}

Result<int64_t> parse_time_ns(std::string_view text) {
  std::optional<int64_t> seconds = base::parse_int64(text);
  if (!seconds) seconds = query::parse_rfc3339(text);
  if (!seconds || *seconds < 0 || *seconds > event::kTimeNsMax / kSecondNs) {
    return base::invalid(cat("'", base::printable(text),
                             "' is not a moment since 1970 such as 2026-11-22T15:04:05Z or "
                             "1795359845 (Unix seconds)"));
  }
  return *seconds * kSecondNs;
}

Result<std::optional<std::string>> text_member(const Value& body, std::string_view name) {
  const Value* member = body.find(name);
  if (member == nullptr || member->is_null()) return std::optional<std::string>();
  if (!member->is_string()) return base::invalid(cat("\"", name, "\" is not a string"));
  return std::optional<std::string>(member->as_string());
}

Result<std::optional<int64_t>> int_member(const Value& body, std::string_view name) {
  const Value* member = body.find(name);
  if (member == nullptr || member->is_null()) return std::optional<int64_t>();
  if (!member->is_integer()) return base::invalid(cat("\"", name, "\" is not a whole number"));
  return std::optional<int64_t>(member->as_integer());
}

base::Status only_members(const Value& body, std::initializer_list<std::string_view> known) {
  for (const Value::Member& member : body.as_object()) {
    if (std::find(known.begin(), known.end(), member.name) != known.end()) continue;
    const std::string_view meant = base::nearest(member.name, std::vector<std::string_view>(known));
    return base::invalid(cat("\"", base::printable(member.name), "\" is not known here",
                             meant.empty() ? "" : cat("; did you mean \"", meant, "\"?")));
  }
  return base::ok_status();
}

}  // namespace understudy::api
