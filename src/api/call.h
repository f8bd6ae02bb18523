#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/request.h"
#include "base/result.h"
#include "flags/value.h"

namespace understudy::api {

/// Bounds of a request's first line.
inline constexpr size_t kTargetBytesMax = 8 * 1024;
inline constexpr size_t kParametersMax = 64;

/// A name and a value out of a path or a query, decoded.
struct Parameter {
  std::string name;
  std::string value;
};

/// The target of a request taken apart: "/api/flags/a%2Fb?limit=3" is the segments api, flags, a/b
/// and the parameter limit=3. A slash at the end makes no difference.
struct Target {
  std::vector<std::string> segments;
  std::vector<Parameter> parameters;

  /// Failure: kProtocol when it does not begin with a slash, or has a broken percent escape, a NUL
  /// or more than kParametersMax parameters; kLimit above kTargetBytesMax.
  static base::Result<Target> parse(std::string_view target);
};

/// One request on its way to the resource that answers it: the request and what its route made of
/// it. What a client got wrong in the shape of the request is kProtocol, which becomes status 400.
/// Lifetime: the Request must outlive it.
class Call {
 public:
  Call(const Request& request, std::vector<Parameter> path, std::vector<Parameter> query,
       std::string key_name)
      : request_(request),
        path_(std::move(path)),
        query_(std::move(query)),
        key_name_(std::move(key_name)) {}

  const Request& request() const { return request_; }
  /// Of the key that was checked; empty without one.
  const std::string& key_name() const { return key_name_; }
  std::string_view header(std::string_view name) const;

  /// The text that stands for {name} in the route's path; empty when the route has no such name.
  std::string_view path(std::string_view name) const;
  /// The first query parameter of this name.
  std::optional<std::string_view> query(std::string_view name) const;
  base::Result<int64_t> query_int(std::string_view name, int64_t min, int64_t max,
                                  int64_t otherwise) const;
  /// A moment in Unix nanoseconds: RFC 3339, or Unix seconds.
  base::Result<std::optional<int64_t>> query_time(std::string_view name) const;

  /// The body as a JSON object of at most kJsonDepthMax levels.
  base::Result<flags::Value> json_object() const;

  /// Who makes a change: `by` in the body, else the query parameter `by`, else the header
  /// Understudy-Actor, else "api" and the client's address. With a key its name is added, which
  /// is the part that was checked.
  std::string actor(const flags::Value* body = nullptr) const;

 private:
  std::string claimed_actor(const flags::Value* body) const;

  const Request& request_;
  std::vector<Parameter> path_;
  std::vector<Parameter> query_;
  std::string key_name_;  // empty without a key
};

/// "10m", "90s", "1h", "7d" in nanoseconds; positive, at most ten years.
base::Result<int64_t> parse_duration_ns(std::string_view text);
/// RFC 3339 text or Unix seconds in Unix nanoseconds.
base::Result<int64_t> parse_time_ns(std::string_view text);

/// Optional members of a request's body. Failure: kInvalid that names the member.
base::Result<std::optional<std::string>> text_member(const flags::Value& body,
                                                     std::string_view name);
base::Result<std::optional<int64_t>> int_member(const flags::Value& body, std::string_view name);
/// Refuses members that are not in `known` and names the nearest.
base::Status only_members(const flags::Value& body, std::initializer_list<std::string_view> known);

}  // namespace understudy::api
