#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "api/change_conditions.h"
#include "api/compare_flag.h"
#include "api/error_response.h"
#include "api/flag_check.h"
#include "api/keyed_items.h"
#include "api/resources.h"
#include "base/text.h"
#include "flags/flag_json.h"
#include "flags/mode.h"
#include "judge/criteria.h"
#include "query/rfc3339.h"

namespace understudy::api {
namespace {

using base::cat;
using base::ErrorKind;
using base::Result;
using flags::Flag;
using flags::Value;

constexpr int64_t kFlagsDefault = 100;
constexpr int64_t kFlagsMax = 1'000;
/// Histories carry whole flags, twice each.
constexpr int64_t kHistoryDefault = 20;
constexpr int64_t kHistoryMax = 200;

Result<Response> list_flags(const Dependencies& dependencies, const Call& call) {
  TRY_ASSIGN(const std::vector<Flag> flags, dependencies.state.flags());
  return page_of(call, flags, "flags", kFlagsDefault, kFlagsMax);
}

base::Error no_flag(const Dependencies& dependencies, std::string_view key) {
  return no_item("flag", key, dependencies.flags.current()->flags());
}

Result<Response> get_flag(const Dependencies& dependencies, const Call& call) {
  const std::string_view key = call.path("key");
  const Result<Flag> flag = dependencies.state.flag(key);
  if (!flag.ok()) {
    return flag.error().kind == ErrorKind::kNotFound ? no_flag(dependencies, key) : flag.error();
  }
  return item_response(*flag);
}

/// Flags that belong to a migration have a form it can use; those that only record what the
/// configuration says are not to be changed here.
base::Status check_migration_flag(const Dependencies& dependencies, const Flag& flag) {
  for (const std::string& migration : dependencies.migrations.names()) {
    if (flag.key == compare_flag_key(migration)) return check_compare_flag(flag);
    if (flag.key != flags::mode_flag_key(migration)) continue;
    const auto mix = flags::mix_of(flag);
    if (mix.ok()) continue;
    return base::invalid(
        cat("this flag is the mode of migration ", migration, ": ", mix.error().context));
  }
  return base::ok_status();
}

/// Criteria are agreed in the configuration; their flag says since when.
base::Status check_not_criteria(const Dependencies& dependencies, std::string_view key) {
  for (const std::string& migration : dependencies.migrations.names()) {
    if (key != judge::criteria_flag_key(migration)) continue;
    return base::invalid(cat("the criteria of migration ", migration,
                             " are agreed in the configuration; change them there and reload"));
  }
  return base::ok_status();
}

Result<Response> put_flag(const Dependencies& dependencies, const Call& call) {
  const std::string_view key = call.path("key");
  TRY_ASSIGN(const auto expected, expected_version(call));
  TRY_ASSIGN(const Value body, body_with_key(call));
  TRY_ASSIGN(Flag flag, flags::flag_from_json(body));
  TRY(check_flag(flag));
  TRY(check_not_criteria(dependencies, key));
  TRY(check_migration_flag(dependencies, flag));
  TRY_ASSIGN(const Flag written,
             dependencies.state.put_flag(std::move(flag), change_of(call), expected));
  TRY(dependencies.flags.publish());
  return item_response(written);
}

Result<Response> delete_flag(const Dependencies& dependencies, const Call& call) {
  const std::string_view key = call.path("key");
  TRY_ASSIGN(const auto expected, expected_version(call));
  TRY(check_not_criteria(dependencies, key));
  const base::Status removed = dependencies.state.remove_flag(key, change_of(call), expected);
  if (!removed.ok()) {
    return removed.error().kind == ErrorKind::kNotFound ? no_flag(dependencies, key)
                                                        : removed.error();
  }
  TRY(dependencies.flags.publish());
  return no_content();
}

Value flag_or_null(const std::string& json) {
  if (json.empty()) return {};
  Result<Value> value = flags::parse_json(json);
  return value.ok() ? *std::move(value) : Value();
}

Result<Response> get_history(const Dependencies& dependencies, const Call& call) {
  TRY_ASSIGN(const int64_t limit, call.query_int("limit", 1, kHistoryMax, kHistoryDefault));
  TRY_ASSIGN(const int64_t before,
             call.query_int("before", 0, std::numeric_limits<int64_t>::max(), 0));
  TRY_ASSIGN(const auto entries, dependencies.state.history({.kind = state::ItemKind::kFlag,
                                                             .key = std::string(call.path("key")),
                                                             .before_id = before,
                                                             .limit = static_cast<int>(limit)}));
  if (entries.empty() && before == 0) return no_flag(dependencies, call.path("key"));
  Value::List list;
  for (const state::HistoryEntry& entry : entries) {
    list.push_back(Value::Object{{"id", entry.id},
                                 {"time", query::rfc3339_nanoseconds(entry.time_ns)},
                                 {"version", entry.version},
                                 {"by", entry.who},
                                 {"comment", entry.comment},
                                 {"origin", state::name(entry.origin)},
                                 {"from", flag_or_null(entry.from_json)},
                                 {"to", flag_or_null(entry.to_json)}});
  }
  return json_response(Value::Object{{"history", std::move(list)}});
}

}  // namespace

Routes flag_routes(const Dependencies& dependencies) {
  return {{.method = "GET",
           .path = "/api/flags",
           .parameters = {"limit", "after"},
           .handle = [&](const Call& call) { return list_flags(dependencies, call); }},
          {.method = "GET",
           .path = "/api/flags/{key}",
           .handle = [&](const Call& call) { return get_flag(dependencies, call); }},
          {.method = "PUT",
           .path = "/api/flags/{key}",
           .body = BodyKind::kJson,
           .parameters = {"by", "comment", "expected_version"},
           .handle = [&](const Call& call) { return put_flag(dependencies, call); }},
          {.method = "DELETE",
           .path = "/api/flags/{key}",
           .parameters = {"by", "comment", "expected_version"},
           .handle = [&](const Call& call) { return delete_flag(dependencies, call); }},
          {.method = "GET",
           .path = "/api/flags/{key}/history",
           .parameters = {"limit", "before"},
           .handle = [&](const Call& call) { return get_history(dependencies, call); }}};
}

}  // namespace understudy::api
