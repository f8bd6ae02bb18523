#include "dialect/plan.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>

namespace flamingo {
namespace {

using nlohmann::json;

Fault invalid_plan(std::string message) { return bad_request("InvalidPlan", std::move(message)); }

std::optional<double> as_number(const Value& value) {
  if (const auto* integer = std::get_if<int64_t>(&value)) return static_cast<double>(*integer);
  if (const auto* number = std::get_if<double>(&value)) return *number;
  return std::nullopt;
}

/// The bin step as an integer when it is one: integer columns then have integer bins.
Value step_value(double step) {
  if (step >= 1 && step < 1e15 && std::floor(step) == step) return static_cast<int64_t>(step);
  return step;
}

Outcome<Value> derive(const DerivedStep& derived, const ResultSet& extent) {
  if (derived.maxbins < 1 || derived.maxbins > kMaxbinsMax) {
    return invalid_plan("maxbins is between 1 and " + std::to_string(kMaxbinsMax));
  }
  if (extent.rows.size() != 1 || extent.columns.size() < 2) {
    return invalid_plan("step '" + derived.from + "' does not answer with one row of two numbers");
  }
  const auto least = as_number(extent.rows[0][0]);
  const auto most = as_number(extent.rows[0][1]);
  // No row was selected: any step will do.
  if (!least || !most) return Value{int64_t{1}};
  return step_value(nice_step(*least, *most, derived.maxbins));
}

json value_json(const Value& value) {
  return std::visit(
      [](const auto& held) -> json {
        if constexpr (std::is_same_v<std::decay_t<decltype(held)>, std::monostate>) {
          return nullptr;
        } else {
          return held;
        }
      },
      value);
}

Outcome<Parameters> parameters_from_json(const json& object) {
  if (!object.is_object()) return invalid_plan("parameters is not an object");
  if (object.size() > kParametersMax) return invalid_plan("too many parameters");
  Parameters parameters;
  for (const auto& [name, value] : object.items()) {
    if (value.is_number_unsigned() &&
        value.get<uint64_t>() > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) {
      return invalid_plan("parameter '" + name + "' does not fit into 64 bits");
    }
    if (value.is_number_integer()) {
      parameters[name] = value.get<int64_t>();
    } else if (value.is_number()) {
      parameters[name] = value.get<double>();
    } else if (value.is_string()) {
      parameters[name] = value.get<std::string>();
    } else {
      return invalid_plan("parameter '" + name + "' is neither a number nor a string");
    }
  }
  return parameters;
}

Outcome<std::string> text_at(const json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_string()) {
    return invalid_plan("'" + std::string(key) + "' is not a string");
  }
  return found->get<std::string>();
}

Outcome<PlanStep> step_from_json(const json& object) {
  if (!object.is_object()) return invalid_plan("a step is not an object");
  PlanStep step;
  if (object.contains("name")) {
    TRY_OUTCOME(step.name, text_at(object, "name"));
  }
  TRY_OUTCOME(step.query, text_at(object, "query"));
  if (object.contains("parameters")) {
    TRY_OUTCOME(step.parameters, parameters_from_json(object["parameters"]));
  }
  if (const auto list = object.find("derived"); list != object.end()) {
    if (!list->is_array() || list->size() > kPlanStepsMax) {
      return invalid_plan("'derived' is not a short list");
    }
    for (const json& item : *list) {
      if (!item.is_object()) return invalid_plan("'derived' holds something that is not an object");
      DerivedStep derived;
      TRY_OUTCOME(derived.parameter, text_at(item, "parameter"));
      TRY_OUTCOME(derived.from, text_at(item, "from"));
      if (!item.contains("maxbins") || !item["maxbins"].is_number_integer()) {
        return invalid_plan("'maxbins' is not an integer");
      }
      derived.maxbins = item["maxbins"].get<int64_t>();
      step.derived.push_back(std::move(derived));
    }
  }
  return step;
}

}  // namespace

Plan single_query(std::string query, Parameters parameters) {
  Plan plan;
  plan.steps.push_back({"rows", std::move(query), std::move(parameters), {}});
  return plan;
}

double nice_step(double least, double most, int64_t maxbins) {
  double span = most - least;
  if (!(span > 0)) span = std::abs(least) > 0 ? std::abs(least) : 1;
  const double bins = static_cast<double>(maxbins);
  const double level = std::ceil(std::log(bins) / std::log(10.0));
  double step = std::pow(10.0, std::round(std::log(span) / std::log(10.0)) - level);
  while (std::ceil(span / step) > bins) step *= 10;
  for (const double divisor : {5.0, 2.0}) {
    if (span / (step / divisor) <= bins) step /= divisor;
  }
  return step;
}

Outcome<ResultSet> execute_plan(
    const Plan& plan,
    const std::function<Outcome<ResultSet>(std::string_view query, const Parameters&)>& run) {
  if (plan.steps.empty()) return invalid_plan("a plan has at least one step");
  if (plan.steps.size() > kPlanStepsMax) {
    return invalid_plan("a plan has at most " + std::to_string(kPlanStepsMax) + " steps");
  }
  std::map<std::string, ResultSet, std::less<>> answers;
  Parameters derived_all;
  for (size_t i = 0; i < plan.steps.size(); ++i) {
    const PlanStep& step = plan.steps[i];
    Parameters parameters = step.parameters;
    for (const DerivedStep& derived : step.derived) {
      const auto extent = answers.find(derived.from);
      if (extent == answers.end()) {
        return invalid_plan("step '" + step.name + "' uses '" + derived.from +
                            "', which is not a step before it");
      }
      TRY_OUTCOME(const Value value, derive(derived, extent->second));
      parameters[derived.parameter] = value;
      derived_all[derived.parameter] = value;
    }
    TRY_OUTCOME(ResultSet answer, run(step.query, parameters));
    if (i + 1 == plan.steps.size()) {
      answer.derived = std::move(derived_all);
      return answer;
    }
    answers[step.name] = std::move(answer);
  }
  return invalid_plan("a plan has at least one step");
}

std::string to_json(const Plan& plan) {
  json steps = json::array();
  for (const PlanStep& step : plan.steps) {
    json object = {{"name", step.name}, {"query", step.query}, {"parameters", json::object()}};
    for (const auto& [name, value] : step.parameters)
      object["parameters"][name] = value_json(value);
    for (const DerivedStep& derived : step.derived) {
      object["derived"].push_back(
          {{"parameter", derived.parameter}, {"from", derived.from}, {"maxbins", derived.maxbins}});
    }
    steps.push_back(std::move(object));
  }
  return json{{"steps", std::move(steps)}}.dump(-1, ' ', false, json::error_handler_t::replace);
}

Outcome<Plan> plan_from_json(std::string_view text) {
  const json body = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!body.is_object()) return invalid_plan("the request is not a JSON object");
  Plan plan;
  if (!body.contains("steps")) {
    TRY_OUTCOME(PlanStep step, step_from_json(body));
    if (step.name.empty()) step.name = "rows";
    plan.steps.push_back(std::move(step));
    return plan;
  }
  if (!body["steps"].is_array() || body["steps"].size() > kPlanStepsMax) {
    return invalid_plan("'steps' is a list of at most " + std::to_string(kPlanStepsMax));
  }
  for (const json& object : body["steps"]) {
    TRY_OUTCOME(PlanStep step, step_from_json(object));
    plan.steps.push_back(std::move(step));
  }
  return plan;
}

}  // namespace flamingo
