#include "api/mode.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "api/error_response.h"
#include "api/resources.h"
#include "base/text.h"
#include "flags/mode.h"
#include "query/rfc3339.h"

namespace understudy::api {
namespace {

using base::cat;
using base::ErrorKind;
using base::Result;
using flags::Flag;
using flags::ModeMix;
using flags::Value;

/// Without an expected version a change is tried again when somebody else was faster.
constexpr int kAttemptsMax = 5;

/// {"mode": "full_evaluation=10,..."} or {"mix": {"full_evaluation": 10, ...}}.
Result<ModeMix> wanted_mix(const Value& body) {
  TRY_ASSIGN(const auto mode, text_member(body, "mode"));
  const Value* mix = body.find("mix");
  if (mode.has_value() == (mix != nullptr)) {
    return base::invalid(
        "send either \"mode\": \"full_evaluation=10,control_only=90\" or \"mix\": "
        "{\"full_evaluation\": 10, \"control_only\": 90}");
  }
  if (mode) return ModeMix::parse(*mode);
  if (!mix->is_object()) return base::invalid("\"mix\" is not an object of modes and per cents");
  std::string text;
  for (const Value::Member& share : mix->as_object()) {
    if (!flags::mode_from_name(share.name)) {
      return base::invalid(cat("\"mix\": '", base::printable(share.name), "' is not a mode"));
    }
    if (!share.value.is_number()) {
      return base::invalid(cat("\"mix\": the share of ", share.name, " is not a number"));
    }
    text += cat(text.empty() ? "" : ",", share.name, "=", share.value.as_number());
  }
  return ModeMix::parse(text);
}

/// Reads, changes and writes the mode flag. What is not a mode flag is replaced: whoever sets a
/// mode must get it, above all when something is broken. Gives whether there was a change: it was
/// another flag, or is to be recorded as one.
Result<bool> set_mode(const Dependencies& dependencies, std::string_view migration,
                      const ModeMix& mix, const state::Change& change,
                      std::optional<int64_t> expected_version) {
  const std::string key = flags::mode_flag_key(migration);
  for (int attempt = 1;; ++attempt) {
    Result<Flag> current = dependencies.state.flag(key);
    if (!current.ok() && current.error().kind != ErrorKind::kNotFound) return current.error();
    Flag next =
        current.ok() ? flags::with_mix(*current, mix) : flags::make_mode_flag(migration, mix);
    const Result<ModeMix> served = flags::mix_of(next);
    if (!served.ok() || *served != mix) next = flags::make_mode_flag(migration, mix);
    const int64_t version = current.ok() ? current->version : 0;
    const Result<Flag> written =
        dependencies.state.put_flag(std::move(next), change, expected_version.value_or(version));
    const bool overtaken = !written.ok() && written.error().kind == ErrorKind::kConflict;
    if (overtaken && !expected_version && attempt < kAttemptsMax) continue;
    if (!written.ok()) return written.error();
    return !current.ok() || written->version != version;
  }
}

Result<Response> put_mode(const Dependencies& dependencies, const Call& call) {
  const std::string_view migration = call.path("name");
  TRY(check_migration(dependencies, migration));
  TRY_ASSIGN(const Value body, call.json_object());
  TRY(only_members(body, {"mode", "mix", "by", "reason", "expected_version", "new_window"}));
  TRY_ASSIGN(const ModeMix mix, wanted_mix(body));
  TRY_ASSIGN(const auto reason, text_member(body, "reason"));
  TRY_ASSIGN(const auto by, text_member(body, "by"));
  TRY_ASSIGN(const auto expected_version, int_member(body, "expected_version"));
  const Value* new_window = body.find("new_window");
  if (new_window != nullptr && !new_window->is_bool()) {
    return base::invalid("\"new_window\" is neither true nor false");
  }
  const state::Change change{.who = call.actor(&body),
                             .comment = reason.value_or(""),
                             .even_if_same = new_window != nullptr && new_window->as_bool()};
  TRY_ASSIGN(const bool changed, set_mode(dependencies, migration, mix, change, expected_version));
  TRY(dependencies.flags.publish());
  TRY_ASSIGN(Value shown, mode_json(dependencies, migration));
  shown.set("unchanged", !changed);
  return json_response(shown);
}

Result<Response> get_mode(const Dependencies& dependencies, const Call& call) {
  TRY(check_migration(dependencies, call.path("name")));
  TRY_ASSIGN(const Value shown, mode_json(dependencies, call.path("name")));
  return json_response(shown);
}

}  // namespace

base::Status check_migration(const Dependencies& dependencies, std::string_view name) {
  const std::vector<std::string> names = dependencies.migrations.names();
  for (const std::string& one : names) {
    if (one == name) return base::ok_status();
  }
  const std::string_view meant =
      base::nearest(name, std::vector<std::string_view>(names.begin(), names.end()));
  return base::error(ErrorKind::kNotFound,
                     cat("there is no migration '", base::printable(name), "'",
                         meant.empty() ? std::string() : cat("; did you mean '", meant, "'?")));
}

Result<Value> mode_json(const Dependencies& dependencies, std::string_view migration) {
  const std::string key = flags::mode_flag_key(migration);
  Value shown = Value::Object{{"migration", migration}, {"flag", key}};
  const Result<Flag> flag = dependencies.state.flag(key);
  if (!flag.ok()) {
    if (flag.error().kind != ErrorKind::kNotFound) return flag.error();
    shown.set("error", "the flag does not exist; every request gets control_only");
    return shown;
  }
  shown.set("version", flag->version);
  shown.set("on", flag->on);
  const Result<ModeMix> mix = flags::mix_of(*flag);
  if (mix.ok()) {
    Value::Object shares;
    for (const flags::Mode mode : flags::kAllModes) {
      shares.push_back({std::string(flags::name(mode)), mix->percent(mode)});
    }
    shown.set("mode", mix->to_string());
    shown.set("mix", std::move(shares));
  } else {
    shown.set("error", mix.error().context);
  }
  // Targets and rules decide before the shares do.
  shown.set("targeted", !flag->targets.empty() || !flag->context_targets.empty() ||
                            !flag->rules.empty() || !flag->prerequisites.empty());
  TRY_ASSIGN(const auto history,
             dependencies.state.history({.kind = state::ItemKind::kFlag, .key = key, .limit = 1}));
  if (!history.empty()) {
    const state::HistoryEntry& last = history.front();
    shown.set("changed", Value::Object{{"time", query::rfc3339_nanoseconds(last.time_ns)},
                                       {"by", last.who},
                                       {"reason", last.comment}});
  }
  return shown;
}

Routes mode_routes(const Dependencies& dependencies) {
  return {{.method = "GET",
           .path = "/api/migrations/{name}/mode",
           .handle = [&](const Call& call) { return get_mode(dependencies, call); }},
          {.method = "PUT",
           .path = "/api/migrations/{name}/mode",
           .body = BodyKind::kJson,
           .parameters = {"by"},
           .handle = [&](const Call& call) { return put_mode(dependencies, call); }}};
}

}  // namespace understudy::api
