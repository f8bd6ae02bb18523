#include <string>
#include <utility>

#include "api/error_response.h"
#include "api/resources.h"
#include "flags/context.h"
#include "flags/evaluate.h"

namespace understudy::api {
namespace {

using base::Result;
using flags::Value;

Value reason_json(const flags::Reason& reason) {
  Value json = Value::Object{{"kind", flags::name(reason.kind)}};
  if (reason.error != flags::ErrorReason::kNone) json.set("errorKind", flags::name(reason.error));
  if (reason.rule_index >= 0) {
    json.set("ruleIndex", reason.rule_index);
    json.set("ruleId", reason.rule_id);
  }
  if (!reason.prerequisite_key.empty()) json.set("prerequisiteKey", reason.prerequisite_key);
  if (reason.in_experiment) json.set("inExperiment", true);
  return json;
}

/// What a flag serves for a context: {"flag": "data-engine.mode", "context": {"key": "account-1"}}.
Result<Response> post_evaluate(const Dependencies& dependencies, const Call& call) {
  TRY_ASSIGN(const Value body, call.json_object());
  TRY(only_members(body, {"flag", "context"}));
  TRY_ASSIGN(const auto flag, text_member(body, "flag"));
  if (!flag) return base::invalid("\"flag\" is missing");
  const Value* context_json = body.find("context");
  if (context_json == nullptr) {
    return base::invalid("\"context\" is missing, such as {\"kind\": \"user\", \"key\": \"a\"}");
  }
  TRY_ASSIGN(const flags::Context context, flags::Context::from_json(*context_json));
  const auto snapshot = dependencies.flags.current();
  const flags::Decision decision = flags::evaluate(*snapshot, *flag, context);
  Value shown = Value::Object{{"flag", *flag},
                              {"value", decision.value != nullptr ? *decision.value : Value()}};
  if (decision.variation) shown.set("variation", *decision.variation);
  shown.set("version", decision.flag_version);
  shown.set("reason", reason_json(decision.reason));
  return json_response(shown);
}

}  // namespace

Routes evaluate_routes(const Dependencies& dependencies) {
  return {{.method = "POST",
           .path = "/api/evaluate",
           .body = BodyKind::kJson,
           .handle = [&](const Call& call) { return post_evaluate(dependencies, call); },
           .permission = state::Permission::kRead}};
}

}  // namespace understudy::api
