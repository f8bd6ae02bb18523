#include "judge/verdict_json.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "judge/wording.h"

namespace understudy::judge {
namespace {

using nlohmann::ordered_json;

ordered_json number(double value) {
  return std::isfinite(value) ? ordered_json(value) : ordered_json(nullptr);
}

ordered_json interval(const Interval& interval) {
  return {{"value", number(interval.value)},
          {"low", number(interval.low)},
          {"high", number(interval.high)}};
}

ordered_json side(const SideEvidence& side) {
  ordered_json json = {{"evaluations", side.evaluations}};
  if (side.measured) json["measured"] = interval(*side.measured);
  return json;
}

// Nanoseconds do not fit into a JavaScript number, so they are text beside the readable form.
ordered_json span(const TimeSpan& span) {
  return {{"start", rfc3339(span.start_ns)},
          {"end", rfc3339(span.end_ns)},
          {"start_ns", std::to_string(span.start_ns)},
          {"end_ns", std::to_string(span.end_ns)}};
}

ordered_json criterion(const CriterionVerdict& criterion) {
  ordered_json json = {{"criterion", criterion.criterion.text()},
                       {"ruling", name(criterion.ruling)},
                       {"population", name(criterion.population)}};
  if (!criterion.criterion.route.empty()) json["route"] = criterion.criterion.route;
  json["unit"] = criterion.unit;
  json["control"] = side(criterion.control);
  json["candidate"] = side(criterion.candidate);
  if (criterion.tested) json["tested"] = interval(*criterion.tested);
  if (!criterion.tested_unit.empty()) json["tested_unit"] = criterion.tested_unit;
  if (criterion.margin) json["margin"] = number(*criterion.margin);
  json["explanation"] = criterion.explanation;
  if (criterion.missing) {
    ordered_json missing = {{"text", criterion.missing->text}};
    if (criterion.missing->evaluations) missing["evaluations"] = *criterion.missing->evaluations;
    if (criterion.missing->duration_ms) missing["duration_ms"] = *criterion.missing->duration_ms;
    json["missing"] = std::move(missing);
  }
  return json;
}

ordered_json by_reason(const std::vector<Excluded>& groups) {
  ordered_json json = ordered_json::array();
  for (const Excluded& one : groups) {
    json.push_back(
        {{"reason", one.reason}, {"evaluations", one.evaluations}, {"meaning", one.meaning}});
  }
  return json;
}

}  // namespace

ordered_json verdict_to_json(const Verdict& verdict) {
  ordered_json json = {{"migration", verdict.migration},  {"verdict", name(verdict.overall)},
                       {"headline", verdict.headline},    {"evaluations", verdict.evaluations},
                       {"confidence", 1 - verdict.alpha}, {"window", span(verdict.window)}};
  if (verdict.baseline) json["baseline"] = span(*verdict.baseline);
  json["complete"] = !verdict.complete_since_ns;
  if (verdict.complete_since_ns) json["complete_since"] = rfc3339(*verdict.complete_since_ns);
  json["judged_at"] = rfc3339(verdict.judged_at_ns);
  json["criteria_hash"] = verdict.criteria_hash;
  json["criteria_text"] = verdict.criteria_text;
  json["criteria"] = ordered_json::array();
  for (const CriterionVerdict& one : verdict.criteria) json["criteria"].push_back(criterion(one));
  json["population"] = name(verdict.population);
  json["judged"] = verdict.judged;
  json["excluded"] = by_reason(verdict.excluded);
  json["not_compared"] = by_reason(verdict.not_compared);
  return json;
}

}  // namespace understudy::judge
