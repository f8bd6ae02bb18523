#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "api/cancellable_handler.h"
#include "api/change_conditions.h"
#include "api/compare_flag.h"
#include "api/error_response.h"
#include "api/evidence_window.h"
#include "api/mode.h"
#include "api/resources.h"
#include "api/table_json.h"
#include "base/text.h"
#include "compare/would_accept.h"
#include "event/event.h"

namespace understudy::api {
namespace {

using base::cat;
using base::Result;
using compare::WouldAccept;
using flags::Value;

/// The newest recorded differences a preview looks at.
constexpr size_t kPreviewEventsMax = 20'000;
constexpr size_t kPreviewGroupsMax = 100;

/// The member "rule": an object, or its text as the differences offer it.
Result<Value> rule_member(const Value& body) {
  const Value* rule = body.find("rule");
  if (rule == nullptr) return base::invalid("\"rule\" is missing");
  if (!rule->is_string()) return *rule;
  Result<Value> parsed = flags::parse_json(rule->as_string());
  if (!parsed.ok()) return base::invalid(cat("\"rule\": ", parsed.error().context));
  return parsed;
}

// The columns a preview reads, in the order of the table.
enum Column : size_t {
  kRoute = 2,  // behind time and sample rate
  kDimension,
  kPath,
  kPathPattern,
  kColumnName,
  kControlType,
  kCandidateType,
  kControlValue,
  kCandidateValue,
  kExplanation,
  kRule,
};

store::Select newest_differences(const MigrationNow& migration, const EvidenceWindow& window) {
  store::Select select;
  select.dataset = std::string(event::kDifferences);
  select.start_ns = window.span.start_ns;
  select.end_ns = window.span.end_ns;
  select.filter = store::all_of({store::test("evaluation.migration", store::FilterOp::kEqual,
                                             {event::Value(migration.facts.name)})});
  select.row_columns = {"http.route",
                        "difference.dimension",
                        "difference.path",
                        "difference.path_pattern",
                        "difference.column",
                        "difference.control_type",
                        "difference.candidate_type",
                        "difference.control_value",
                        "difference.candidate_value",
                        "difference.explanation",
                        "difference.rule"};
  select.limit = kPreviewEventsMax;
  return select;
}

/// Nothing when the event was made by something that knows other words.
std::optional<compare::Difference> difference_of(const std::vector<event::Value>& row) {
  const auto dimension = compare::parse_dimension(cell_text(row[kDimension]));
  const auto control = compare::parse_value_type(cell_text(row[kControlType]));
  const auto candidate = compare::parse_value_type(cell_text(row[kCandidateType]));
  if (!dimension || !control || !candidate) return std::nullopt;
  compare::Difference difference;
  difference.dimension = *dimension;
  difference.path = cell_text(row[kPath]);
  difference.path_pattern = cell_text(row[kPathPattern]);
  difference.column = cell_text(row[kColumnName]);
  difference.control_type = *control;
  difference.candidate_type = *candidate;
  difference.control_value = cell_text(row[kControlValue]);
  difference.candidate_value = cell_text(row[kCandidateValue]);
  difference.rule = cell_text(row[kRule]);
  return difference;
}

WouldAccept judge(const compare::Rules& rules, const std::vector<event::Value>& row,
                  size_t value_bytes_max) {
  const auto difference = difference_of(row);
  if (!difference) return WouldAccept::kUndecided;
  WouldAccept verdict = WouldAccept::kNo;
  for (const compare::Rule& rule : rules.list()) {
    switch (compare::would_accept(rule, *difference, value_bytes_max)) {
      case WouldAccept::kYes:
        return WouldAccept::kYes;
      case WouldAccept::kUndecided:
        verdict = WouldAccept::kUndecided;
        break;
      case WouldAccept::kNo:
        break;
    }
  }
  return verdict;
}

struct Tally {
  int64_t count = 0;
  int64_t accepted = 0;
  int64_t undecided = 0;
};
/// Route, path pattern, dimension, explanation: what groups go by.
using GroupKey = std::tuple<std::string, std::string, std::string, std::string>;

Value groups_json(const std::map<GroupKey, Tally>& tallies) {
  std::vector<std::pair<GroupKey, Tally>> groups(tallies.begin(), tallies.end());
  std::stable_sort(groups.begin(), groups.end(), [](const auto& a, const auto& b) {
    return std::pair(a.second.accepted, a.second.count) >
           std::pair(b.second.accepted, b.second.count);
  });
  if (groups.size() > kPreviewGroupsMax) groups.resize(kPreviewGroupsMax);
  Value::List list;
  for (const auto& [key, tally] : groups) {
    const auto& [route, path, dimension, explanation] = key;
    list.push_back(Value::Object{
        {"text",
         cat(explanation.empty() || explanation == "none" ? dimension : explanation, " at ", path)},
        {"count", tally.count},
        {"accepted", tally.accepted},
        {"undecided", tally.undecided},
        {"route", route},
        {"path", path},
        {"dimension", dimension},
        {"explanation", explanation}});
  }
  return list;
}

/// The window of the evidence, or "last" of the body.
Result<EvidenceWindow> preview_window(const Dependencies& dependencies,
                                      const MigrationNow& migration, const Call& call,
                                      const Value& body) {
  TRY_ASSIGN(EvidenceWindow window, evidence_window(dependencies, migration, call));
  TRY_ASSIGN(const auto last, text_member(body, "last"));
  if (last) {
    const Result<int64_t> length_ns = parse_duration_ns(*last);
    if (!length_ns.ok()) return base::invalid(cat("\"last\": ", length_ns.error().context));
    window.span.start_ns = window.span.end_ns - *length_ns;
    window.reason = cat("the last ", *last);
  }
  return window;
}

/// Where the comparison cuts values now; those recorded under other settings may say less.
size_t value_bytes_max(const Dependencies& dependencies, std::string_view migration) {
  const std::string key = compare_flag_key(migration);
  const auto flag = dependencies.state.flag(key);
  if (flag.ok()) {
    if (const Value* value = served_comparison(*flag)) {
      const auto comparator = comparator_from(key, *value);
      if (comparator.ok()) return comparator->options().value_bytes_max;
    }
  }
  return compare::ComparatorOptions().value_bytes_max;
}

Result<Response> preview(const Dependencies& dependencies, const Call& call) {
  const auto migration = dependencies.migrations.find(call.path("name"));
  if (!migration) return check_migration(dependencies, call.path("name")).error();
  TRY_ASSIGN(const Value body, call.json_object());
  TRY(only_members(body, {"rule", "last"}));
  TRY_ASSIGN(const Value rule, rule_member(body));
  TRY_ASSIGN(const compare::Rules rules, rules_from(rule));
  TRY_ASSIGN(const EvidenceWindow window, preview_window(dependencies, *migration, call, body));
  TRY_ASSIGN(const store::ResultTable table,
             dependencies.events.select(newest_differences(*migration, window)));
  const size_t cut_at = value_bytes_max(dependencies, migration->facts.name);
  std::map<GroupKey, Tally> tallies;
  Tally all;
  for (const auto& row : table.rows) {
    const WouldAccept verdict = judge(rules, row, cut_at);
    const auto text = [&](Column column) { return std::string(cell_text(row[column])); };
    Tally& group =
        tallies[GroupKey(text(kRoute), text(kPathPattern), text(kDimension), text(kExplanation))];
    for (Tally* tally : {&group, &all}) {
      ++tally->count;
      tally->accepted += verdict == WouldAccept::kYes;
      tally->undecided += verdict == WouldAccept::kUndecided;
    }
  }
  return json_response(Value::Object{{"rule", rules[0].text()},
                                     {"looked_at", all.count},
                                     {"accepted", all.accepted},
                                     {"left", all.count - all.accepted},
                                     {"undecided", all.undecided},
                                     {"capped", table.truncated},
                                     {"window_reason", window.reason},
                                     {"groups", groups_json(tallies)}});
}

/// The value of the flag that is served, to be changed in place; kInvalid when none is served.
Result<Value*> served_in(flags::Flag& flag) {
  const Value* served = served_comparison(flag);
  for (Value& variation : flag.variations) {
    if (&variation == served) return &variation;
  }
  return base::invalid(cat("flag ", flag.key, " serves no comparison; mend it first"));
}

Result<Response> add_rule(const Dependencies& dependencies, const Call& call) {
  TRY(check_migration(dependencies, call.path("name")));
  TRY_ASSIGN(auto expected, expected_version(call));
  TRY_ASSIGN(const Value body, call.json_object());
  TRY(only_members(body, {"rule", "by", "reason", "expected_version"}));
  TRY_ASSIGN(const Value rule, rule_member(body));
  TRY(rules_from(rule));
  TRY_ASSIGN(const auto reason, text_member(body, "reason"));
  TRY_ASSIGN(const auto wanted, int_member(body, "expected_version"));
  if (wanted) expected = wanted;

  TRY_ASSIGN(flags::Flag flag, dependencies.state.flag(compare_flag_key(call.path("name"))));
  if (!expected) expected = flag.version;  // nobody else's rule is lost
  TRY_ASSIGN(Value* const served, served_in(flag));
  const Value* present = served->find("rules");
  Value::List rules = present == nullptr ? Value::List() : present->as_list();
  if (std::find(rules.begin(), rules.end(), rule) != rules.end()) {
    return base::error(base::ErrorKind::kConflict, "this very rule is there already");
  }
  rules.push_back(rule);
  served->set("rules", rules);
  const base::Status fits = check_compare_flag(flag);
  if (!fits.ok()) return base::invalid(fits.error().context);
  TRY_ASSIGN(
      const flags::Flag written,
      dependencies.state.put_flag(
          std::move(flag), {.who = call.actor(&body), .comment = reason.value_or("")}, expected));
  TRY(dependencies.flags.publish());
  Response response =
      json_response(Value::Object{{"version", written.version}, {"rules", std::move(rules)}}, 201);
  response.headers.emplace_back("ETag", cat("\"", written.version, "\""));
  return response;
}

}  // namespace

Routes rule_routes(const Dependencies& dependencies) {
  return {{.method = "POST",
           .path = "/api/migrations/{name}/rules",
           .body = BodyKind::kJson,
           .parameters = {"by", "expected_version"},
           .handle = [&](const Call& call) { return add_rule(dependencies, call); }},
          {.method = "POST",
           .path = "/api/migrations/{name}/rules/preview",
           .body = BodyKind::kJson,
           .parameters = {"last", "since"},
           .handle = cancellable(dependencies, preview),
           .permission = state::Permission::kRead,
           .work = Work::kQueries}};
}

}  // namespace understudy::api
